import { expect, test } from "vitest";
import { decoder, float16 } from "../front/decoder";
import { mostOften, neighbours } from "../front/models";
import { along, circle, lengthOf, places, toAndFro } from "../front/path";
import { normal, type Point, random, ring } from "../front/prior";

test("half-precision numbers", () => {
  const bits = Uint16Array.of(0x0000, 0x3c00, 0xc000, 0x3555, 0x0001, 0x7bff);
  const numbers = Array.from(float16(new Uint8Array(bits.buffer)));
  [0, 1, -2, 0.333251953125, 2 ** -24, 65504].forEach((wanted, i) => {
    expect(numbers[i]).toBe(wanted);
  });
});

test("a decoder by hand: 2 to 1 to 1", () => {
  const silu = (t: number) => t / (1 + Math.exp(-t));
  const decode = decoder([2, 1, 1], Float32Array.of(2, -1, 0.5, 3, -1)); // 2x − y + .5, then 3h − 1
  expect(decode(1, 2)[0]).toBeCloseTo(1 / (1 + Math.exp(1 - 3 * silu(0.5))), 6);
});

test("weights that do not fit are refused", () => {
  expect(() => decoder([2, 1], Float32Array.of(1, 2))).toThrow("2 weights for a decoder that has 3");
});

const moments = (numbers: number[]) => {
  const mean = numbers.reduce((a, b) => a + b) / numbers.length;
  return [mean, Math.sqrt(numbers.reduce((sum, v) => sum + (v - mean) ** 2, 0) / numbers.length)];
};

test("samples have the moments of their prior", () => {
  const uniform = random(0);
  const flat = Array.from({ length: 10_000 }, () => normal(uniform)).flat();
  const [mean, sd] = moments(flat);
  expect(Math.abs(mean)).toBeLessThan(0.03); // 4 standard errors
  expect(Math.abs(sd - 1)).toBeLessThan(0.02);
  const points = Array.from({ length: 10_000 }, () => ring(uniform));
  const turned = points.map(([x, y]): Point => {
    const arm = Math.round((Math.atan2(y, x) * 10) / (2 * Math.PI)) * ((2 * Math.PI) / 10);
    return [x * Math.cos(arm) + y * Math.sin(arm), y * Math.cos(arm) - x * Math.sin(arm)];
  });
  const [along, across] = [moments(turned.map(([a]) => a)), moments(turned.map(([, b]) => b))];
  expect(along[0]).toBeCloseTo(2.5, 1);
  expect(along[1]).toBeCloseTo(0.5, 1);
  expect(across[1]).toBeCloseTo(0.15, 1);
});

test("the same seed draws the same", () => {
  const [a, b] = [random(3), random(3)];
  expect(Array.from({ length: 5 }, a)).toEqual(Array.from({ length: 5 }, b));
});

test("a path is walked at an even pace", () => {
  const corner: Point[] = [
    [0, 0],
    [3, 0],
    [3, 0],
    [3, 1],
  ];
  expect(lengthOf(corner)).toBe(4);
  expect(along(corner, 0.5)).toEqual([2, 0]);
  expect(along(corner, 2)).toEqual([3, 1]);
  expect(places(corner, 5)).toEqual([
    [0, 0],
    [1, 0],
    [2, 0],
    [3, 0],
    [3, 1],
  ]);
  expect(along([[1, 2]], 0.3)).toEqual([1, 2]);
  expect([0, 0.25, 1, 1.75, 2].map(toAndFro)).toEqual([0, 0.25, 1, 0.25, 0]);
  expect(lengthOf(circle([5, 5], 1))).toBeCloseTo(2 * Math.PI, 2);
});

test("neighbours are counted by label", () => {
  const codes = Float32Array.of(0, 0, 0.1, 0, 0, 0.2, 5, 5);
  const counts = neighbours(codes, Uint8Array.of(3, 3, 8, 1), [0, 0], 3);
  expect([counts[3], counts[8], counts[1]]).toEqual([2, 1, 0]);
  expect(mostOften(counts)).toBe(3);
});
