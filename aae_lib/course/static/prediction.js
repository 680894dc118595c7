// The hands of a prediction: Python draws it (`html`), the choice is sent once, and the focus stays.
function render({ model, el }) {
  el.innerHTML = model.get("html");
  const form = el.querySelector("form");
  if (!form) return; // locked already
  const button = form.querySelector("button");
  const said = form.querySelector("output");
  let sent = false;
  // JupyterLab leaves plain keys to what has the focus here, and keeps its own: Shift+Enter, Ctrl+S
  const share = (event) => {
    const plain = !(event.ctrlKey || event.metaKey || event.altKey || event.shiftKey);
    if (form.contains(event.target)) event.target.toggleAttribute("data-lm-suppress-shortcuts", plain);
  };
  window.addEventListener("keydown", share, true);

  form.addEventListener("change", () => {
    button.setAttribute("aria-disabled", String(sent));
    if (!sent) said.textContent = "";
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const chosen = form.querySelector("input:checked");
    if (sent) return;
    if (!chosen) {
      said.textContent = "Choose an answer first.";
      return;
    }
    try {
      model.send({ lock: Number(chosen.value) });
    } catch {
      said.textContent = "The kernel was restarted: run this cell again, then choose.";
      return;
    }
    sent = true;
    keepFocus(el);
    for (const input of form.querySelectorAll("input")) input.disabled = input !== chosen;
    button.setAttribute("aria-disabled", "true");
    said.textContent = `Locked: ${"ABCDEFGHIJKLMNOPQRSTUVWXYZ"[chosen.value]}`;
  });
  return () => window.removeEventListener("keydown", share, true);
}

// The kernel puts a card that needs no kernel in the form's place; whoever was in the form stays there, for Tab and ears.
function keepFocus(el) {
  const area = el.closest(".jp-OutputArea") ?? el.parentElement;
  const seen = new MutationObserver(() => {
    if (area.contains(el)) return;
    const card = area.querySelector(".aae-sheet");
    if (!card) return;
    seen.disconnect();
    const now = document.activeElement; // the page, or a cell: the form has gone from under it
    if (now && !now.contains(area) && !area.contains(now)) return; // gone on elsewhere
    card.tabIndex = -1;
    card.focus({ preventScroll: true });
  });
  seen.observe(area, { childList: true, subtree: true });
}

export default { render };
