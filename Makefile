# make lab        set up once, copy the lessons to work/, open JupyterLab at the right one   (ARGS="--no-browser --port 8899")
# make demo       the live panel as a page by itself, for the projector   (ARGS="--Voila.ip=0.0.0.0 --port=8867")
# make hub        the class server: thirty learners on this machine, each in a browser (HUB_IP=0.0.0.0 HUB_KEY=... HUB_CERT=...; docs/hub.md)
# make book       the course as a book in build/book: open index.html, no server and no network needed
# make slides     the slides, a deck a lesson, in build/slides: pages that need no network, and notebooks with the panel live
# make assessment the exercises as a course for nbgrader, in build/nbgrader: points, open checks, hidden tests
# make kit        the course on a stick, in build/kit: it installs without a network (ARGS="--systems windows --pythons 3.12")
# make check      lint, types and the quick tests, a minute or so: after every edit
# make test       install what is missing and run every check; those in a browser where one is found
# make bench      measure speed, side by side with others; writes results/bench.json and benchmarks/README.md
# make bench-hub  thirty learners at once on the class server; writes results/hub.json and benchmarks/README.md
# make gpu        what needs a GPU, nine minutes per call, with the Python at hand: nothing is installed
# make exercises  make exercises/ from solutions/
# make page       build the pages of the live panel and of the book's front; needs Node.js, which you need only to change the page
# make notebooks  run the notebooks again, store their outputs, write what all of them share
#
# JOBS         tests at once (default: one a core; make test takes one more, as some wait for a browser or a server)
# PYTHON       the Python to make .venv with (3.11.5 or newer)
# TORCH_INDEX  another index for torch, e.g. https://download.pytorch.org/whl/cpu for the small CPU wheel on Linux

PYTHON ?= python3
ARGS ?=
TORCH_INDEX ?=
JOBS ?= auto
BIN := .venv/bin
PAGE := aae_lib/live/page
HUB := tools/hub
# threads that wait should sleep, not spin: otherwise a step of a small network is many times slower on a busy machine
export OMP_WAIT_POLICY ?= PASSIVE
# compiled once: otherwise each of hundreds of processes compiles what it imports
unexport PYTHONDONTWRITEBYTECODE
INSTALL = $(BIN)/python -m pip install $(addprefix --extra-index-url ,$(TORCH_INDEX)) -c constraints.txt

.PHONY: lab demo hub book slides assessment kit check test bench bench-hub proxy gpu notebooks exercises page lint lint-types lint-rest lint-page clean
.DEFAULT_GOAL := lab

# JupyterLab on the copies in work/: everything else is in aae_lib/course/lab.py
lab: .venv/.lab
	@$(BIN)/aae lab $(ARGS)

# voila.json says how it is served: to this machine only, behind a token; a kernel that nobody uses is stopped
demo: .venv/.demo
	$(BIN)/voila aae_lib/live/demo.ipynb --Voila.config_file_paths=aae_lib/live $(ARGS)

# JupyterHub by its configuration, which says what it keeps where; Ctrl-C ends it, not what learners are running
hub: .venv/.hub proxy
	$(BIN)/python -m jupyterhub -f $(HUB)/jupyterhub_config.py $(ARGS)

proxy:
	@if command -v npm > /dev/null; then $(MAKE) --no-print-directory $(HUB)/node_modules/.package-lock.json; else echo "no Node.js: the class server cannot run; install it (20 or newer)"; fi

# -W: a broken link or a faulty docstring is an error
book: .venv/.book
	$(BIN)/python -m sphinx -W --keep-going -q -c docs -d build/doctrees . build/book $(ARGS)
	@echo "the book is in build/book/index.html"

slides: .venv/.lab
	$(BIN)/python tools/make_slides.py $(ARGS)

# the hidden tests' seed is drawn anew each time: keep the folder to yourself
assessment: .venv/.grade
	$(BIN)/python tools/make_nbgrader.py $(ARGS)

# for whom there is no network: wheels, lessons, the book and the slides if they are made
kit: .venv/.test
	$(BIN)/python tools/make_kit.py $(addprefix --torch-index ,$(TORCH_INDEX)) $(ARGS)

# which tests stay in one process, and in what order: conftest.py
PYTEST = $(BIN)/python -m pytest
SPREAD = -n $(JOBS) --dist loadfile --no-loadscope-reorder
# the kernel wants Triton, which only CUDA's PyTorch brings
DOCTESTS = --doctest-modules $(addprefix --ignore=aae_lib/,live course training/adam_kernel.py) aae_lib

check: .venv/.test lint
	$(PYTEST) $(SPREAD) -m "not slow and not browser" tests $(DOCTESTS)

test: .venv/.test lint proxy
	$(PYTEST) $(SPREAD) --nbval --nbval-sanitize-with tests/nbval_sanitize.cfg tests $(DOCTESTS) notebooks solutions

# two at a time
lint: .venv/.test
	@$(MAKE) --no-print-directory -j 2 lint-types lint-rest

lint-types:
	$(BIN)/mypy

lint-rest:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	@if command -v npm > /dev/null; then $(MAKE) lint-page; else echo "no Node.js: the page is not checked"; fi

lint-page: $(PAGE)/node_modules/.package-lock.json
	npm run --prefix $(PAGE) check

bench: .venv/.bench
	$(BIN)/python benchmarks/bench.py $(ARGS)
	$(BIN)/python benchmarks/panel.py $(ARGS)
	$(BIN)/python benchmarks/scale.py $(ARGS)
	$(BIN)/python benchmarks/quality.py $(ARGS)

bench-hub: .venv/.test proxy
	$(BIN)/python benchmarks/hub.py $(ARGS)

gpu:
	$(PYTHON) tools/gpu.py $(ARGS)

notebooks: .venv/.lab
	$(BIN)/python tools/run_notebooks.py $(ARGS)
	$(BIN)/python tools/finish_notebooks.py
	$(BIN)/python tools/make_exercises.py
	$(BIN)/python tools/quote_predictions.py

# solutions/ is the one source of exercises/
exercises: .venv/.lab
	$(BIN)/python tools/make_exercises.py $(ARGS)

page: $(PAGE)/node_modules/.package-lock.json
	npm run --prefix $(PAGE) build
	npm run --prefix $(PAGE) build:front

$(PAGE)/node_modules/.package-lock.json $(HUB)/node_modules/.package-lock.json: %/node_modules/.package-lock.json: %/package-lock.json
	npm ci --prefix $* --ignore-scripts --prefer-offline --no-audit --no-fund
	@touch $@

clean:
	rm -rf .venv build/book build/doctrees build/kit build/slides $(PAGE)/node_modules $(HUB)/node_modules

.venv/.lab: extras = lab
.venv/.demo: extras = lab,demo
.venv/.hub: extras = lab,hub
.venv/.book: extras = lab,book
.venv/.grade: extras = lab,grade
.venv/.test: extras = lab,demo,export,book,hub,grade,test
.venv/.bench: extras = lab,test,bench
.venv/.lab .venv/.demo .venv/.hub .venv/.book .venv/.grade .venv/.test .venv/.bench: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11, 5) and f"Python 3.11.5 or newer is needed; this is {sys.version.split()[0]}. Say which: make PYTHON=python3.12")'
	$(PYTHON) -m venv .venv
	$(INSTALL) -e '.[$(extras)]'
	@touch $@
