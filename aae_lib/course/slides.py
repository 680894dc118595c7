"""Slides in a notebook, with a live panel in them: what `make slides` puts into each deck's notebook.

    slides.Deck("04_adversarial_autoencoder.html", panel)

The slides are those of the page of that name, made from slides/*.md by tools/make_slides.py.
"""

import html
import re
from pathlib import Path
from typing import Any

STATIC = Path(__file__).parent / "static"
SLIDES = re.compile(r'<div class="aae-deck-stage">(.*)</div><!-- stage -->', re.DOTALL)
BUTTONS = (("back", "←", "back"), ("next", "→", "next"), ("notes", "N", "notes"), ("full", "F", "full screen"))


def page_of(slides: str) -> str:
    """The deck round its slides: stage, buttons, a place for the notes."""
    buttons = "".join(
        f'<button data-act="{act}" title="{html.escape(what)}" aria-label="{html.escape(what)}">{sign}</button>'
        for act, sign, what in BUTTONS
    )
    return (
        f'<div class="aae-deck" role="region" aria-roledescription="slides" aria-label="slides" '
        f'data-lm-suppress-shortcuts="true"><div class="aae-deck-stage">{slides}</div><!-- stage -->'
        f'<div class="aae-deck-notes" hidden></div>'
        f'<div class="aae-deck-bar"><span class="aae-deck-place" aria-live="polite"></span>{buttons}</div></div>'
    )


WIDGET = """
export default {
  render({ model, el }) {
    el.innerHTML = model.get("page");
    const root = el.querySelector(".aae-deck");
    root.style.height = "640px";
    const live = document.createElement("div");
    live.className = "aae-deck-live";
    live.hidden = true;
    root.append(live);
    const made = aaeDeck(root, live);
    // the panel is the box's other child: it moves onto the stage
    const move = () => {
      const panel = el.closest(".aae-deck-box")?.querySelector(":scope > .aae-deck-panel");
      if (panel) live.append(panel);
      return panel;
    };
    if (!move()) {
      const seen = new MutationObserver(() => move() && seen.disconnect());
      seen.observe(el.ownerDocument.body, { childList: true, subtree: true });
    }
    return () => made.end();
  },
};
"""


class Deck:
    """The slides of a page, for the last line of a cell.

    Parameters
    ----------
    page : str or Path
        The HTML file of the deck.
    panel : Panel, optional
        What the live slides show: an `aae.live.Panel`, or anything else that a cell can show.
    """

    def __init__(self, page: str | Path, panel: Any = None) -> None:
        found = SLIDES.search(Path(page).read_text(encoding="utf-8"))
        if found is None:
            raise ValueError(f"{page} is no page with slides: make one with `make slides`.")
        self.slides, self.panel = found[1], panel

    def _ipython_display_(self) -> None:
        import anywidget
        import ipywidgets
        import traitlets
        from IPython.display import display

        class DeckWidget(anywidget.AnyWidget):
            _esm = (STATIC / "deck.js").read_text(encoding="utf-8") + WIDGET
            _css = (STATIC / "deck.css").read_text(encoding="utf-8")
            page = traitlets.Unicode().tag(sync=True)

        children: list[Any] = [DeckWidget(page=page_of(self.slides))]
        if self.panel is not None:
            live = ipywidgets.Output()
            live.add_class("aae-deck-panel")
            children.append(live)
        box = ipywidgets.VBox(children)
        box.add_class("aae-deck-box")
        display(box)
        if self.panel is not None:
            with live:
                display(self.panel)
