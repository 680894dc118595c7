import { describe, expect, test } from "vitest";
import { linearRange, logRange, niceStep, niceTicks, SCALES } from "../scales";

test.each([
  ["linear", -2, 6],
  ["square", 0, 3],
  ["log", 0.01, 10],
] as const)("%s: places go back to their values", (kind, low, high) => {
  const scale = SCALES[kind](low, high);
  expect([scale.place(low), scale.place(high)]).toEqual([0, 1]);
  for (const place of [0, 0.1, 0.5, 1]) expect(scale.place(scale.value(place))).toBeCloseTo(place, 12);
});

test("what is in the middle", () => {
  expect(SCALES.linear(-2, 6).value(0.5)).toBe(2);
  expect(SCALES.square(0, 4).value(0.5)).toBe(1);
  expect(SCALES.log(0.01, 100).value(0.5)).toBeCloseTo(1, 12);
});

test("a scale may run downwards", () => {
  expect(SCALES.linear(4, -4).place(2)).toBe(0.25);
  expect(SCALES.linear(4, -4).value(0.75)).toBe(-2);
});

describe("ticks", () => {
  test.each([
    [-3.3, 3.3, 7, [-3, -2, -1, 0, 1, 2, 3]],
    [0, 1, 5, [0, 0.2, 0.4, 0.6, 0.8, 1]],
    [0, 0.3, 3, [0, 0.1, 0.2, 0.3]],
    [0, 1250, 5, [0, 500, 1000]],
    [-1, 1, 2, [-1, 0, 1]],
  ])("from %d to %d, at most %d steps", (low, high, n, ticks) => {
    expect(niceTicks(low, high, n)).toEqual(ticks);
  });

  test("steps are 1, 2 or 5 times a power of ten, never below what was asked", () => {
    expect([0.9, 1, 1.1, 2.1, 5.1, 0.03, 0].map(niceStep).map((step) => Number(step.toPrecision(9)))).toEqual([
      1, 1, 2, 5, 10, 0.05, 1,
    ]);
  });
});

describe("ranges", () => {
  test("of positive values, from 0 where that is near", () => {
    expect(linearRange([0.1, 0.4, 0.9, 0.95])).toEqual({
      low: 0,
      high: 1,
      ticks: [
        [0, "0"],
        [1, "1"],
      ],
    });
    expect(linearRange([10.1, 10.4]).low).toBe(10);
  });

  test("a few large values do not press the others flat, and the largest is told", () => {
    const values = [...Array.from({ length: 99 }, (_, i) => i / 99), 1000];
    expect(linearRange(values)).toMatchObject({ high: 1, beyond: 1000 });
    expect(linearRange(values.slice(0, -1))).not.toHaveProperty("beyond");
  });

  test("without values, or with one, there is still a height", () => {
    for (const values of [[], [0], [3], [-3]]) {
      const { low, high } = linearRange(values);
      expect(high).toBeGreaterThan(low);
    }
  });

  test("logarithmic: whole powers of ten, from below the floor's spread", () => {
    const { low, high, ticks } = logRange([-0.001, 0.02, 0.4], 0.003);
    expect([low, high]).toEqual([0.001, 1]);
    expect(ticks.map(([, text]) => text)).toEqual(["≤ 0.001", "0.01", "0.1", "1"]);
  });

  test("logarithmic: a decade at least, also of nothing", () => {
    expect(logRange([])).toMatchObject({ low: 0.001, high: 1 });
    expect(logRange([-0.5], 0.02)).toMatchObject({ low: 0.01, high: 0.1 });
  });
});
