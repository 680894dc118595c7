// D's surface as numbers: what it believes at a place, and how far the colours are stretched. No elements here.

import type { Floats } from "./frames";
import type { Extent, Point } from "./messages";
import { decimals, within } from "./numbers";

const LEAST = 0.005; // a smaller swing is not stretched: it would show rounding

/** D(z) at a place, 0 to 1: the value of the cell it lies in; the top row is first. */
export function beliefAt([x, y]: Point, { shape, data }: Floats, [l, r, b, t]: Extent): number {
  const [rows, columns] = shape;
  const cell = (u: number, n: number) => within(Math.floor(u * n), 0, n - 1);
  return data[cell((t - y) / (t - b), rows) * columns + cell((x - l) / (r - l), columns)];
}

/** How far D goes from ½ at most: there the colours are full. White is ½ always. */
export function swingOf({ data }: Floats): number {
  return data.reduce((most, belief) => Math.max(most, Math.abs(belief - 0.5)), LEAST);
}

/** The two ends of the colours, as text. */
export function endsOf(swing: number): [fake: string, real: string] {
  const digits = swing < 0.05 ? 3 : 2;
  return [decimals(0.5 - swing, digits), decimals(0.5 + swing, digits)];
}
