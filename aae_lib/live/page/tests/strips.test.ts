import { expect, test } from "vitest";
import type { Run } from "../frames";
import type { RunSpec, Spec } from "../messages";
import { finalOf, lastStep, lossStrips, mmdStrip, rangeOf } from "../strips";

const phases = (...names: string[]) => names.map((name) => ({ name, colour: "#009988", moves: [] }));
const spec = (...runs: string[][]) => ({
  runs: runs.map((names) => ({ phases: phases(...names) }) as Partial<RunSpec>),
});
const losses = (...rows: number[][]) => ({
  shape: [rows.length, rows[0].length],
  data: Float32Array.from(rows.flat()),
});
const run = (layers: Run["layers"]) => ({ layers, info: { floor: [0.001, 0.002] } }) as Run;

test("a strip a phase; a second run is dashed, and has a strip of its own only for phases of its own", () => {
  const first = run({ losses: losses([1, 0.5, 0.6], [2, 0.4, 0.7]) });
  const second = run({ losses: losses([1, 9]) });
  const strips = lossStrips(spec(["a", "b"], ["b"]) as Spec, [first, second]);
  expect(strips.map(({ name }) => name)).toEqual(["a", "b"]);
  expect(strips[1].series.map(({ dash }) => dash)).toEqual([false, true]);
  expect(finalOf(strips[0].series[0])).toBeCloseTo(0.4, 6);
  expect(strips[1].series.map((one) => finalOf(one))).toEqual([Math.fround(0.7), 9]);
});

test("before the first loss there is nothing, and a range all the same", () => {
  const [strip] = lossStrips(spec(["a"]) as Spec, [run({})]);
  expect(finalOf(strip.series[0])).toBe(undefined);
  expect(rangeOf(strip)).toMatchObject({ low: 0, high: 1 });
  expect(lastStep(undefined)).toBe(0);
  expect(lastStep({ shape: [0, 2], data: new Float32Array() })).toBe(0);
  expect(lastStep(losses([3, 1], [8, 1]))).toBe(8);
});

test("losses that are not finite do not stretch the range", () => {
  const rows = losses([1, 1], [2, Number.NaN], [3, Number.POSITIVE_INFINITY], [4, 0.2], [5, 0.9]);
  const [strip] = lossStrips(spec(["a"]) as Spec, [run({ losses: rows })]);
  expect(rangeOf(strip)).toMatchObject({ low: 0, high: 1 });
});

test("the MMD is drawn from the spread of its floor on", () => {
  const strip = mmdStrip([run({ mmd: losses([1, -0.001], [2, 0.3]) })]);
  expect(rangeOf(strip)).toMatchObject({ low: 0.001, high: 1 });
  expect(strip.name).toBe("MMD of the codes; band: its floor");
  expect(mmdStrip([run({ mmd: losses([1, 0.1]) })], "points").name).toBe("MMD of the points; band: its floor");
});
