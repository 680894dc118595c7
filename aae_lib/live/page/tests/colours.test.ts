import { expect, test } from "vitest";
import { contrast, hexOf, readable, rgb, withAlpha } from "../colours";

test("hex and numbers", () => {
  expect(rgb("#0072B2")).toEqual([0, 114, 178]);
  expect(hexOf([0, 114, 178])).toBe("#0072b2");
  expect(withAlpha("#ff0000", 0.5)).toBe("rgba(255,0,0,0.5)");
});

test("contrast as WCAG has it", () => {
  expect(contrast("#000000", "#ffffff")).toBeCloseTo(21, 6);
  expect(contrast("#777777", "#ffffff")).toBeCloseTo(4.48, 2);
  expect(contrast("#123456", "#123456")).toBe(1);
});

test("a colour is changed only as far as it takes to be seen", () => {
  expect(readable("#117733", "#ffffff", 4.5)).toBe("#117733");
  for (const [hex, ground] of [
    ["#DDCC77", "#ffffff"],
    ["#332288", "#101317"],
  ]) {
    const ratio = contrast(readable(hex, ground, 4.5), ground);
    expect(ratio).toBeGreaterThanOrEqual(4.5);
    expect(ratio).toBeLessThan(5.5);
  }
});
