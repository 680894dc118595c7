// The prior: chosen from a list, or drawn.

import { button } from "./buttons";
import { freshId, h, setAttribute, setText } from "./dom";
import { PAD_EXTENT, type Send, type Spec, type Stroke } from "./messages";
import { drawingPad } from "./pad";

export function priorChooser(spec: Spec, send: Send) {
  const id = freshId();
  const now = h("option", { value: "" }, "…");
  const choices = spec.priors.map((name) => h("option", { value: name }, name));
  if (spec.can_draw) choices.push(h("option", { value: "draw" }, "draw your own…"));
  const select = h("select", { id, class: "aae-prior", onchange: chosen }, now, choices);
  const place = h("div", { class: "aae-drawing", hidden: true });
  const element = h("div", { class: "aae-choose" }, h("label", { for: id }, "prior p(z)"), select, place);
  let pad: ReturnType<typeof drawingPad> | null = null;
  let drawn: Stroke[] = [];

  function chosen() {
    if (select.value === "draw") draw();
    else if (select.value) send({ do: "prior", name: select.value });
    select.value = ""; // the first line says what the trainer has
  }
  function draw() {
    if (pad) return;
    place.hidden = false;
    const host = h("div");
    const buttons = [button("draw", "use this drawing", use), button("cancel", "cancel", closePad)];
    place.replaceChildren(host, h("div", { class: "aae-row" }, buttons));
    pad = drawingPad(host, { extent: PAD_EXTENT, strokes: drawn });
    pad.focus();
  }
  function use() {
    if (!pad) return;
    drawn = pad.strokes();
    send({ do: "draw", strokes: drawn });
    if (drawn.length) closePad();
  }
  function closePad() {
    pad?.destroy();
    pad = null;
    place.hidden = true;
    place.replaceChildren();
    select.focus();
  }
  /** `prior` as Python names it, e.g. "GaussianRing(modes=10)". */
  function update(prior: string) {
    setText(now, `now: ${prior.split("(")[0]}`);
    setAttribute(select, "title", prior);
  }
  return { element, update, end: () => pad?.destroy() };
}
