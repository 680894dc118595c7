import { expect, test } from "vitest";
import type { Extent } from "../messages";
import { beliefAt, endsOf, swingOf } from "../surface";

const EXTENT: Extent = [-3, 1, 0, 4];
const surface = (...data: number[]) => ({ shape: [2, 2], data: Float32Array.from(data) });

test("D's belief is read from the cell below the point; the top row is first", () => {
  const shown = surface(0, 1, 0.25, 0.5);
  const at = (x: number, y: number) => beliefAt([x, y], shown, EXTENT);
  expect([at(-2, 3), at(0, 3), at(-2, 1), at(0, 1)]).toEqual([0, 1, 0.25, 0.5]);
  expect([at(1, 0), at(-3, 4)]).toEqual([0.5, 0]);
});

test("colours are full where D is surest, to either side, and the ends say what that is", () => {
  expect(swingOf(surface(0.25, 0.5, 0.5, 0.625))).toBe(0.25);
  expect(endsOf(0.25)).toEqual(["0.25", "0.75"]);
  expect(endsOf(swingOf(surface(0.5, 0.5, 0.515625, 0.5)))).toEqual(["0.484", "0.516"]);
});

test("a D that knows nothing at all is not stretched to rounding noise", () => {
  expect(swingOf(surface(0.5, 0.5, 0.5, 0.5))).toBeGreaterThan(0.001);
});
