// Boxes for what is drawn on the plane; all but the close-up are Python's to know.

import { h } from "./dom";
import type { Overlay, Send, Spec, State } from "./messages";
import type { Look } from "./panel";

export function overlayBoxes(spec: Spec, send: Send, look: Look, restyle: () => void) {
  const some = (has: (run: Spec["runs"][number]) => unknown, text: string) => spec.runs.some(has) && text;
  const texts: Record<Overlay, string | false | null> = {
    surface: some((run) => run.surface, "D's surface"),
    arrows: some((run) => run.arrows.length, "arrows"),
    images: spec.image && spec.view !== "plane" && "images",
    predicted: some((run) => run.categories, "colour by category, not by class"),
  };
  const box = (name: string, text: string | false | null, changed: (on: boolean) => void) => {
    const onchange = () => changed(input.checked);
    const input = h("input", { type: "checkbox", "data-do": `overlay-${name}`, onchange });
    return { name, input, label: h("label", {}, input, text) };
  };
  const names = (Object.keys(texts) as Overlay[]).filter((name) => texts[name]);
  const boxes = names.map((name) => box(name, texts[name], (on) => send({ do: "overlay", name, on })));
  const close = box("close-up", `close-up of the ${spec.runs[0].dots}`, (on) => {
    look.closeUp = on;
    restyle();
  });
  const labels = [...boxes, close].map(({ label }) => label);
  const element = h("div", { class: "aae-overlays", role: "group", "aria-label": "what is drawn" }, labels);
  function update(on: State["overlays"], closeUp: boolean) {
    for (const { name, input } of boxes) input.checked = on[name as Overlay] ?? false;
    close.input.checked = closeUp;
  }
  return { element, update };
}
