import { expect, test } from "vitest";
import { around, closeUp, crowded } from "../extents";
import type { Extent } from "../messages";

const OWN: Extent = [-4, 4, -4, 4];
/** Codes that fill a square of this half-width about a place. */
function codes(x: number, y: number, half: number) {
  const data = Array.from({ length: 100 }, (_, i) => [
    x - half + (half * i) / 49.5,
    y - half + (half * (99 - i)) / 49.5,
  ]);
  return { shape: [100, 2], data: Float32Array.from(data.flat()) };
}
const inside = ([x, y]: [number, number], [left, right, bottom, top]: Extent) =>
  left < x && x < right && bottom < y && y < top;

test("two runs are drawn over one square that holds both", () => {
  expect(around([OWN, [-1, 5, -3, 3]])).toEqual([-4, 5, -4.5, 4.5]);
  expect(around([OWN])).toEqual(OWN);
});

test("a close-up holds the codes, and is not much larger", () => {
  const near = closeUp(codes(1, -2, 0.1), OWN);
  for (const corner of [
    [0.9, -2.1],
    [1.1, -1.9],
  ] as [number, number][])
    expect(inside(corner, near)).toBe(true);
  expect(near[1] - near[0]).toBeLessThan(0.6);
  expect(near[3] - near[2]).toBeCloseTo(near[1] - near[0], 9);
});

test("it rests while the codes move a little", () => {
  expect(closeUp(codes(1.01, -2, 0.101), OWN)).toEqual(closeUp(codes(1, -2, 0.1), OWN));
});

test("codes that fill the plane, none, and broken ones are drawn as always", () => {
  for (const layer of [codes(0, 0, 3), undefined, codes(Number.NaN, 0, 1)]) expect(closeUp(layer, OWN)).toEqual(OWN);
});

test("codes in one spot can be looked at too", () => {
  const [left, right] = closeUp(codes(1, 1, 0), OWN);
  expect(right).toBeGreaterThan(left);
});

test("arrows want a close-up only where codes lie in a heap", () => {
  expect([codes(1, 1, 0.2), codes(0, 0, 2.5), undefined].map((layer) => crowded(layer, OWN))).toEqual([
    true,
    false,
    false,
  ]);
});
