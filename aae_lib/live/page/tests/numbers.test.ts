import { expect, test } from "vitest";
import { close, counted, decimals, rounded, short, within } from "../numbers";

test.each([
  [0, "0"],
  [1234.5678, "1230"],
  [-0.012345, "−0.0123"],
  [123456, "1.2e+5"],
  [0.00001234, "1.2e−5"],
  [null, "–"],
  [undefined, "–"],
  [Number.NaN, "–"],
  [Number.POSITIVE_INFINITY, "–"],
])("short(%s) is %s", (value, text) => {
  expect(short(value)).toBe(text);
});

test("decimals and thousands", () => {
  expect(decimals(-0.00456, 4)).toBe("−0.0046");
  expect(decimals(null, 4)).toBe("–");
  expect(counted(1234567)).toBe("1,234,567");
});

test("rounded takes away what adding tenths left", () => {
  expect(rounded(0.1 + 0.2)).toBe(0.3);
});

test("within", () => {
  expect([-1, 0.5, 2].map((value) => within(value, 0, 1))).toEqual([0, 0.5, 1]);
});

test("numbers are close when 32 bits cannot tell them apart", () => {
  expect(close(0.1, Math.fround(0.1))).toBe(true);
  expect(close(0.1, 0.1001)).toBe(false);
  expect(close(0, 1e-10)).toBe(true);
});
