// What the front page is made of.

import { h } from "../dom";
import type { Model } from "./models";

export const DRAWS = 40; // samples in the sheet
export const STEPS = 12; // digits in the strip of a path

const picture = (name: string, label: string) =>
  h("canvas", { class: `front-${name}`, role: "img", "aria-label": label });

/** Its elements, in place of what root held. */
export function elements(root: HTMLElement, models: Model[], chosen: Model) {
  const parts = {
    plane: h("canvas", {
      class: "front-plane",
      tabindex: 0,
      role: "application",
      "aria-label":
        "The plane of codes. Arrow keys move through it and the digit changes. Enter begins a path and ends it, space " +
        "walks along it or pauses, escape leaves the path.",
    }),
    digit: picture("digit", "The image decoded at this place"),
    where: h("p", { class: "front-where" }),
    near: h("p", { class: "front-near" }),
    spoken: h("p", { class: "front-spoken", role: "status" }),
    says: h("p", { class: "front-says" }),
    strip: picture("strip", `${STEPS} digits along the path`),
    sheet: picture("sheet", `${DRAWS} draws from the prior, decoded`),
    legend: h("ul", { class: "front-legend", "aria-label": "Which digits the draws lie nearest to" }),
    walk: h("button", { type: "button" }),
    again: h("button", { type: "button" }, "draw again"),
    everywhere: h("input", { type: "checkbox" }),
    choices: models.map((one) => {
      const input = h("input", { type: "radio", value: one.name });
      input.name = "front-model";
      input.checked = one === chosen;
      return input;
    }),
  };
  const labelled = parts.choices.map((input, i) => h("label", {}, input, h("span", {}, models[i].title)));
  const side = h(
    "div",
    { class: "front-side" },
    parts.digit,
    parts.where,
    parts.near,
    h("div", { class: "front-row" }, parts.walk, h("label", {}, parts.everywhere, " digits everywhere")),
    h(
      "p",
      { class: "front-hint" },
      "Move over the plane to decode it. Drag to draw a path: the digit morphs along it.",
    ),
  );
  const draws = h(
    "div",
    { class: "front-draws" },
    h("div", { class: "front-row" }, h("h2", {}, `${DRAWS} draws from the prior`), parts.again),
    parts.sheet,
    parts.legend,
  );
  root.replaceChildren(
    h("fieldset", { class: "front-models" }, h("legend", {}, "Model"), labelled),
    parts.says,
    h("div", { class: "front-main" }, parts.plane, side, draws),
    parts.strip,
    parts.spoken,
  );
  return parts;
}
