import { expect, test } from "vitest";
import { countsOf } from "../images";
import { opaque } from "../sample";

test("images get four channels", () => {
  expect([...opaque(Uint8Array.of(7, 9), 1)]).toEqual([7, 7, 7, 255, 9, 9, 9, 255]);
  expect([...opaque(Uint8Array.of(1, 2, 3), 3)]).toEqual([1, 2, 3, 255]);
});

test("images are counted by category", () => {
  expect(countsOf(Uint8Array.of(0, 2, 2), 4)).toEqual([1, 0, 2, 0]);
});
