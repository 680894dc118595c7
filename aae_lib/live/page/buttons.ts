// Buttons with icons, and small marks in a colour.

import { type Attributes, h, vector } from "./dom";
import type { Hex } from "./messages";

const ICONS: Record<string, string> = {
  play: "M4 2.5v11l9-5.5z",
  pause: "M4 3h3v10H4zM9 3h3v10H9z",
  step: "M3 2.5v11l7-5.5zM11 3h2v10h-2z",
  stop: "M3.5 3.5h9v9h-9z",
  reset: "M8 3a5 5 0 1 1-4.6 3l1.5.6A3.4 3.4 0 1 0 8 4.6V7L4 3.8 8 .6z",
};

export function icon(name: string): SVGElement | null {
  const path = ICONS[name];
  return path ? vector("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, vector("path", { d: path })) : null;
}

export function button(name: string, text: string, onclick: () => void, more: Attributes = {}): HTMLButtonElement {
  return h("button", { type: "button", "data-do": name, onclick, ...more }, icon(name), h("span", {}, text));
}

/** A small mark in a colour, as it is on this theme: the panel sets the custom properties. */
export const dotted = (kind: "dot" | "ring" | "arrow", hex: Hex | null): HTMLElement =>
  h("i", { class: `aae-${kind}`, style: hex && `--dot: var(--aae-on-${hex.slice(1)}, ${hex})` });
