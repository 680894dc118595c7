// Rows of images, and bars that count them by category.

import { h, setAttribute } from "./dom";
import type { Bytes } from "./frames";
import type { ImageShape } from "./messages";
import { drawSample } from "./sample";
import type { Theme } from "./theme";

const ROWS = ["images", "reconstructed", "samples of p(z)"];

/** Three rows of images; update(layer of shape (3, k, H, W, C)) */
export function pictureRows() {
  const strips = ROWS.map((text) => h("div", { class: "aae-strip", role: "img", "aria-label": text }));
  const rows = strips.map((strip, i) => h("div", { class: "aae-images-row" }, h("span", {}, ROWS[i]), strip));
  const shown: HTMLCanvasElement[][] = ROWS.map(() => []);

  function update({ data, shape: [, k, height, width, channels] }: Bytes) {
    const size: ImageShape = [height, width, channels];
    const n = height * width * channels;
    strips.forEach((strip, i) => {
      if (shown[i].length !== k) {
        shown[i] = Array.from({ length: k }, () => h("canvas", { "aria-hidden": "true" }));
        strip.replaceChildren(...shown[i]);
      }
      shown[i].forEach((canvas, j) => {
        drawSample(canvas, data.subarray((i * k + j) * n, (i * k + j + 1) * n), size);
      });
    });
  }
  return { element: h("div", { class: "aae-images" }, rows), update };
}

export function countsOf(categories: Uint8Array, k: number): number[] {
  const counts = new Array<number>(k).fill(0);
  for (const category of categories) counts[category] += 1;
  return counts;
}

/** Bars: how many of the images shown fall to each category. update(layer of categories, theme) */
export function occupancyBars(k: number) {
  const bars = Array.from({ length: k }, () => h("i"));
  const columns = bars.map((bar, i) => h("div", {}, bar, h("span", {}, String(i))));
  const element = h("div", { class: "aae-shares", role: "img" }, columns);
  let drawn: { data: Uint8Array; theme: Theme } | null = null;

  function update(layer: Bytes | undefined, theme: Theme) {
    if (!layer || (drawn?.data === layer.data && drawn.theme === theme)) return;
    drawn = { data: layer.data, theme };
    const counts = countsOf(layer.data, k);
    const most = Math.max(1, ...counts);
    bars.forEach((bar, i) => {
      bar.style.height = `${(100 * counts[i]) / most}%`;
      bar.style.background = theme.classes.get(i) ?? theme.ink;
      columns[i].title = `category ${i}: ${counts[i]} images`;
    });
    const empty = counts.filter((n) => !n).length;
    setAttribute(element, "aria-label", `Images in each category: ${counts.join(", ")}. ${empty} of ${k} are empty.`);
  }
  return { element, update };
}
