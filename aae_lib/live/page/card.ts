// The place pointed at, in a place of its own: what the decoder makes of it, and the real sample whose code is nearest.

import { h, setAttribute, setText } from "./dom";
import type { Point, PointAnswer } from "./messages";
import { decimals } from "./numbers";
import type { PlaneData } from "./plane";
import { drawSample } from "./sample";
import { beliefAt } from "./surface";

/** `whose` names the run where there are two. */
export function pointCard(whose: string, pictures: boolean, closed: () => void) {
  const title = h("b");
  const belief = h("span", { class: "aae-belief" });
  const named = { "data-do": "unpin", "aria-label": "forget this place", title: "forget this place (Escape)" };
  const unpin = h("button", { type: "button", onclick: closed, ...named }, "×");
  const [decoded, nearest] = ["decoded here", "nearest real"].map((text) => {
    const canvas = h("canvas", { role: "img", "aria-label": text });
    const caption = h("figcaption", {}, text);
    const hint = h("p", { class: "aae-hint" });
    const figure = h("figure", {}, h("div", { class: "aae-shot" }, canvas, hint), caption);
    return { text, canvas, hint, caption, figure };
  });
  const figures = pictures && h("div", { class: "aae-shots" }, decoded.figure, nearest.figure);
  const element = h(
    "div",
    {
      class: "aae-card",
      role: "group",
      "aria-label": whose ? `the place pointed at: ${whose}` : "the place pointed at",
    },
    h("div", { class: "aae-card-head" }, whose && h("b", {}, whose), title, belief, unpin),
    figures,
  );

  /** Nothing is pointed at, or no pictures of it can come. */
  function empty(told: string) {
    for (const { canvas, caption, text } of [decoded, nearest]) {
      canvas.hidden = true;
      setText(caption, text);
    }
    setText(decoded.hint, told);
  }
  function show(z: Point | null, pinned: boolean, { surface, own, live, axes }: PlaneData) {
    const symbol = axes[0].replace(/[ 0-9₀-₉]+$/, ""); // z₁ and z₂ are those of z
    const found = surface && z ? ` D: ${Math.round(100 * beliefAt(z, surface, own))} % real` : "";
    setText(title, z ? `${symbol} = (${z.map((value) => decimals(value, 2)).join(", ")})` : "point at the plane");
    setText(belief, found);
    unpin.hidden = !pinned;
    if (!z) empty("move over the plane; a click keeps the place");
    else if (!live) empty("pictures: only of the latest step");
  }
  /** Put in the pictures; returns the card as a sentence. */
  function fill({ near }: PointAnswer, buffers: Uint8Array[], { image, names }: PlaneData): string {
    setText(decoded.hint, "");
    [decoded, nearest].forEach(({ canvas }, i) => {
      canvas.hidden = !image || !buffers[i];
      if (image && buffers[i]) drawSample(canvas, buffers[i], image);
    });
    const category = near?.category;
    setText(decoded.caption, category === undefined ? decoded.text : `decoded here as category ${category}`);
    const label = near && near.label >= 0 ? `: ${names.get(near.label) ?? near.label}` : "";
    const away = near ? `${decimals(near.distance, 2)} away` : "";
    const text = near ? `nearest real${label}, ${away}` : "";
    setText(nearest.caption, near ? `nearest real${label}\n${away}` : "");
    setAttribute(nearest.canvas, "aria-label", text);
    return `${title.textContent}. ${belief.textContent?.trim()}. ${text}.`;
  }
  return { element, show, fill };
}
