// The card of the place pointed at: the decoded image, and the real one whose code is nearest.

import { drawImage } from "./canvas";
import { h, setAttribute, setText } from "./dom";
import type { Point, PointAnswer } from "./messages";
import { decimals, short } from "./numbers";
import type { PlaneData } from "./plane";
import { type Box, beliefAt } from "./plane_places";

export function pointCard(closed: () => void) {
  const title = h("b");
  const belief = h("div");
  const hint = h("div", { class: "aae-hint" });
  const [decoded, nearest] = ["decoded here", "nearest real"].map((text) => {
    const canvas = h("canvas", { role: "img", "aria-label": text });
    const caption = h("figcaption", {}, text);
    return { canvas, caption, figure: h("figure", {}, canvas, caption) };
  });
  const figures = h("div", { class: "aae-shots" }, decoded.figure, nearest.figure);
  const named = { "data-do": "unpin", "aria-label": "close the card" };
  const unpin = h("button", { type: "button", onclick: closed, ...named }, "×");
  const element = h("div", { class: "aae-card", hidden: true }, title, unpin, belief, figures, hint);
  let filled = false;

  function hide() {
    element.hidden = true;
    filled = false;
  }
  /** Beside the place z, which is at `pixel` of the box; on the side where there is room. */
  function show(z: Point, pinned: boolean, data: PlaneData, pixel: Point, box: Box) {
    element.hidden = false;
    element.classList.toggle("is-pinned", pinned);
    setText(title, `z = (${z.map((value) => decimals(value, 2)).join(", ")})`);
    const { surface, extent } = data;
    setText(belief, surface ? `D: ${Math.round(100 * beliefAt(z, surface, extent))} % real` : "");
    setText(hint, !data.live ? "pictures: only of the latest step" : pinned ? "" : "click or Enter pins");
    figures.hidden = !(data.image && data.live && filled);
    const right = pixel[0] < box.left + box.side / 2;
    const low = pixel[1] > box.top + box.side / 2;
    const gap = 14;
    element.style.left = right ? `${pixel[0] + gap}px` : "";
    element.style.right = right ? "" : `${box.width - pixel[0] + gap}px`;
    element.style.top = low ? "" : `${pixel[1] + gap}px`;
    element.style.bottom = low ? `${box.height - pixel[1] + gap}px` : "";
  }
  /** Put in the pictures; returns the card as a sentence. */
  function fill({ near }: PointAnswer, buffers: Uint8Array[], data: PlaneData): string {
    const { image } = data;
    buffers.forEach((bytes, i) => {
      if (image) drawImage([decoded, nearest][i].canvas, bytes, image);
    });
    filled = true;
    figures.hidden = false;
    nearest.figure.hidden = !near || buffers.length < 2;
    const category = near?.category;
    setText(decoded.caption, category === undefined ? "decoded here" : `decoded here as category ${category}`);
    const name = near && near.label >= 0 ? `: ${data.names.get(near.label) ?? near.label}` : "";
    const text = near ? `nearest real${name}, ${short(near.distance)} away` : "";
    setText(nearest.caption, text);
    setAttribute(nearest.canvas, "aria-label", text);
    return `${title.textContent}. ${belief.textContent}. ${text}.`;
  }
  return { element, show, hide, fill };
}
