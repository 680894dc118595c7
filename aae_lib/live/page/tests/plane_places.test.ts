import { expect, test } from "vitest";
import type { Extent } from "../messages";
import { beliefAt, boxOf, placesOf, stepped } from "../plane_places";

const EXTENT: Extent = [-3, 1, 0, 4];

test("the plot is a square that fills the width it has", () => {
  const { left, side, width, height, top } = boxOf(448, 1);
  expect([left, top, side]).toEqual([40, 8, 400]);
  expect([width, height]).toEqual([448, 444]);
  expect(boxOf(10, 1).side).toBe(80);
});

test("corners of the extent are corners of the square; pixels go back to z", () => {
  const { px, py, z } = placesOf(boxOf(448, 1), EXTENT);
  expect([px(-3), px(1), py(4), py(0)]).toEqual([40, 440, 8, 408]);
  expect(z(px(-1), py(3))).toEqual([-1, 3]);
  expect(z(39, 100)).toBe(null);
  expect(z(100, 409)).toBe(null);
});

test("an arrow key moves by a 40th, with Shift by an 8th, and not out of the plane", () => {
  expect(stepped([-1, 2], [1, 0], EXTENT, false)).toEqual([-0.9, 2]);
  expect(stepped([-1, 2], [0, -1], EXTENT, true)).toEqual([-1, 1.5]);
  expect(stepped([1, 2], [1, 0], EXTENT, false)).toEqual([1, 2]);
});

test("D's belief is read from the cell below the point; the top row is first", () => {
  const surface = { shape: [2, 2], data: Uint8Array.of(0, 255, 51, 102) };
  const at = (x: number, y: number) => beliefAt([x, y], surface, EXTENT);
  expect([at(-2, 3), at(0, 3), at(-2, 1), at(0, 1)]).toEqual([0, 1, 0.2, 0.4]);
  expect([at(1, 0), at(-3, 4)]).toEqual([0.4, 0]);
});
