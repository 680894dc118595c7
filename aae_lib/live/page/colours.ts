// Colours as numbers: mixing them, and how well one stands out from another.

import type { Hex } from "./messages";

export type Rgb = [red: number, green: number, blue: number];

export const rgb = (hex: Hex): Rgb => [1, 3, 5].map((i) => Number.parseInt(hex.slice(i, i + 2), 16)) as Rgb;
export const hexOf = (colour: Rgb): Hex =>
  `#${colour.map((c) => Math.round(c).toString(16).padStart(2, "0")).join("")}`;
export const withAlpha = (hex: Hex, alpha: number): string => `rgba(${rgb(hex).join(",")},${alpha})`;
const blend = (a: Rgb, b: Rgb, t: number) => a.map((c, i) => c + (b[i] - c) * t) as Rgb;

export function luminance(hex: Hex): number {
  const [r, g, b] = rgb(hex).map((c) => (c <= 10 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Contrast of two colours as WCAG defines it: 1 to 21. */
export function contrast(a: Hex, b: Hex): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

/** The colour, moved towards black or white only as far as it takes to stand out from the ground by `ratio`. */
export function readable(hex: Hex, ground: Hex, ratio: number): Hex {
  const end: Rgb = luminance(ground) > 0.3 ? [0, 0, 0] : [255, 255, 255];
  for (let t = 0; t < 1; t += 0.05) {
    const colour = hexOf(blend(rgb(hex), end, t));
    if (contrast(colour, ground) >= ratio) return colour;
  }
  return hexOf(end);
}
