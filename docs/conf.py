"""The book: `make book` builds it from the repository as it stands; it executes nothing and is read offline."""

import sys
from importlib.metadata import distribution
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "tools")]

import book_pages  # noqa: E402

project = "Adversarial autoencoders, step by step"
author = "the authors of the course"
copyright = "code MIT, text CC BY 4.0"
extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]

# sources stay where they are: Sphinx reads the repository, these files of it
root_doc = "docs/index"
include_patterns = [
    *("README.md", "CONTRIBUTING.md", "docs/**.md", "results/README.md", "benchmarks/README.md"),
    *("notebooks/*.ipynb", "solutions/*.ipynb"),  # an exercise is its solution, folded
]
exclude_patterns = [".*", "**/node_modules", "build", "dist", "data", "runs", "work", "**/.ipynb_checkpoints"]

myst_enable_extensions = ["amsmath", "dollarmath", "colon_fence"]
myst_heading_anchors = 4
nb_execution_mode = "off"
nb_ipywidgets_js = {}  # no widget is alive in a page; each left a picture or a text
nb_mime_priority_overrides = [("*", "application/vnd.jupyter.widget-view+json", None)]
nb_merge_streams = True

default_role = "literal"  # `name` in a docstring is code
napoleon_google_docstring = False
napoleon_use_ivar = True
autodoc_typehints_format = "short"
autodoc_member_order = "bysource"
add_module_names = False
toc_object_entries_show_parents = "hide"
python_use_unqualified_type_names = True

# MathJax as SVG is one file that needs no font: it works from file:// in every browser
MATHJAX = "sphinx-mathjax-offline/static/mathjax/tex-svg.js"
mathjax_path = "tex-svg.js"
html_theme = "sphinx_book_theme"
html_title = project
html_static_path = ["front/front.css", "front/front.js", "front/models.js", "book.css"]
html_static_path += [str(distribution("sphinx-mathjax-offline").locate_file(MATHJAX))]
html_extra_path = ["front/index.html"]  # the door: leads to docs/index.html
html_css_files = ["book.css"]
html_show_search_summary = False  # would fetch pages, which file:// does not allow
html_context = {"default_mode": "auto"}  # light or dark, as the system says
html_copy_source = False
html_show_sphinx = False
html_theme_options = {
    "use_download_button": False,
    "use_fullscreen_button": False,
    "home_page_in_toc": False,
    "show_toc_level": 2,
}


def setup(app):
    book_pages.setup(app)
