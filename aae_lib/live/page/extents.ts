// Which square of the plane is drawn: a run's own, one for two runs, or a close-up of the codes. No elements here.

import type { Floats } from "./frames";
import type { Extent } from "./messages";

const HALVING = 1.5; // close-ups go by steps of this, so that the picture rests while codes move a little
const MIDDLE = 0.96; // of the codes, which part lies in a close-up for sure
const ROOM = 1.5; // a close-up is this much wider than they are

const middleOf = (low: number, high: number) => (low + high) / 2;
const square = (x: number, y: number, half: number): Extent => [x - half, x + half, y - half, y + half];

/** The smallest square round all of these. */
export function around(extents: Extent[]): Extent {
  const ends = ([0, 1, 2, 3] as const).map((i) => Math[i % 2 ? "max" : "min"](...extents.map((one) => one[i])));
  const [left, right, bottom, top] = ends;
  const half = Math.max(right - left, top - bottom) / 2;
  return square(middleOf(left, right), middleOf(bottom, top), half);
}

/** A square about the codes, within the own extent of their run. */
export function closeUp(codes: Floats | undefined, own: Extent): Extent {
  if (!codes?.data.length) return own;
  const spans = [0, 1].map((axis) => {
    const values = codes.data.filter((_, i) => i % 2 === axis).sort();
    const outside = Math.floor(((1 - MIDDLE) / 2) * values.length);
    return [values[outside], values[values.length - 1 - outside]];
  });
  const half = (own[1] - own[0]) / 2;
  const need = (ROOM * Math.max(...spans.map(([low, high]) => high - low))) / 2;
  const times = Math.min(20, Math.floor(Math.log(half / need) / Math.log(HALVING)));
  if (!(times > 0)) return own;
  const size = half / HALVING ** times;
  const grid = size / 4; // its middle rests too
  const [x, y] = spans.map(([low, high]) => Math.round(middleOf(low, high) / grid) * grid);
  return square(x, y, size);
}

/** Whether the codes lie so close together that arrows at them cannot be told apart. */
export const crowded = (codes: Floats | undefined, own: Extent): boolean => {
  const [left, right] = closeUp(codes, own);
  return right - left < (own[1] - own[0]) / 4;
};
