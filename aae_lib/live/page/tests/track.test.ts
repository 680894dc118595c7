import { describe, expect, test } from "vitest";
import type { Settings } from "../messages";
import { placeOf, settingAt, stepOf, tugPlace, tugWeights, valueAt } from "../track";

const WEIGHT = { scale: "linear", min: 0, max: 3 } as const;
const TERM = { scale: "square", min: 0, max: 1 } as const;
const RATE = { scale: "log", min: 0.01, max: 10 } as const;
const REPEATS = { scale: "whole", min: 1, max: 10 } as const;

describe.each([WEIGHT, TERM, RATE, REPEATS])("a slider that is $scale", (track) => {
  test("ends at its ends", () => {
    expect([0, 1].map((place) => valueAt(track, place))).toEqual([track.min, track.max]);
    expect([track.min, track.max].map((value) => placeOf(track, value))).toEqual([0, 1]);
  });

  test("keeps its thumb on the track whatever the trainer uses", () => {
    expect([-5, 0, 1e9, Number.NaN].map((value) => placeOf(track, value))).toEqual([0, 0, 1, 0]);
  });

  test("gives back the value that was shown", () => {
    for (const place of [0.13, 0.5, 0.77]) {
      const value = valueAt(track, place);
      expect(valueAt(track, placeOf(track, value))).toBe(value);
    }
  });
});

test("values are round", () => {
  expect(valueAt(WEIGHT, 1 / 3)).toBe(1);
  expect(valueAt(WEIGHT, 0.1234567)).toBe(0.37);
  expect(valueAt(TERM, 0.5)).toBe(0.25);
  expect(valueAt(RATE, 2 / 3)).toBe(1);
  expect(valueAt(REPEATS, 0.49)).toBe(5);
});

test("one press of an arrow key is a round value, a whole number, or a hundredth of the track", () => {
  expect(stepOf(WEIGHT) * 3).toBeCloseTo(0.05, 12);
  expect(stepOf(REPEATS) * 9).toBeCloseTo(1, 12);
  expect([TERM, RATE].map(stepOf)).toEqual([0.01, 0.01]);
});

const settings: Settings = { weights: { a: 0.5, b: 1 }, terms: { discriminator: { r1: 0.1 } }, rate: 2 };

test("settings by their keys", () => {
  expect(settingAt(settings, ["terms", "discriminator", "r1"])).toBe(0.1);
  expect(settingAt(settings, ["rate"])).toBe(2);
  expect(settingAt(settings, ["terms", "discriminator"])).toBe(null);
  expect(settingAt(settings, ["rate", "none"])).toBe(null);
  expect(settingAt(settings, ["no", "such", "key"])).toBe(null);
});

test("tug: Python's min(1, 2 (1 - t)) and min(1, 2 t) lead back to t", () => {
  const names = { a: "a", b: "b" };
  for (const t of [0, 0.2, 0.5, 0.8, 1]) {
    const weights = { a: Math.min(1, 2 * (1 - t)), b: Math.min(1, 2 * t) };
    expect(tugPlace({ weights }, names)).toBeCloseTo(t, 12);
  }
  expect(tugPlace({ weights: { a: 0, b: 0 } }, names)).toBe(0.5);
});

test("the weights of a place of the tug's thumb lead back to that place", () => {
  for (const place of [0, 0.2, 0.5, 0.9, 1]) {
    const [a, b] = tugWeights(place);
    expect(Math.max(a, b)).toBe(1);
    expect(tugPlace({ weights: { a, b } }, { a: "a", b: "b" })).toBeCloseTo(place, 12);
  }
});
