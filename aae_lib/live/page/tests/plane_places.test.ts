import { expect, test } from "vitest";
import type { Extent } from "../messages";
import { boxOf, placesOf, stepped } from "../plane_places";

const EXTENT: Extent = [-3, 1, 0, 4];

test("the plot is a square that fills the width it has", () => {
  const { left, side, width, height, top } = boxOf(446, 1);
  expect([left, top, side]).toEqual([42, 4, 400]);
  expect([width, height]).toEqual([446, 426]);
  expect(boxOf(10, 1).side).toBe(80);
});

test("corners of the extent are corners of the square; pixels go back to z", () => {
  const { px, py, z } = placesOf(boxOf(446, 1), EXTENT);
  expect([px(-3), px(1), py(4), py(0)]).toEqual([42, 442, 4, 404]);
  expect(z(px(-1), py(3))).toEqual([-1, 3]);
  expect(z(41, 100)).toBe(null);
  expect(z(100, 405)).toBe(null);
});

test("an arrow key moves by a 40th, with Shift by an 8th, and not out of the plane", () => {
  expect(stepped([-1, 2], [1, 0], EXTENT, false)).toEqual([-0.9, 2]);
  expect(stepped([-1, 2], [0, -1], EXTENT, true)).toEqual([-1, 1.5]);
  expect(stepped([1, 2], [1, 0], EXTENT, false)).toEqual([1, 2]);
});
