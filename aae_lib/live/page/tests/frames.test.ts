import { expect, test } from "vitest";
import { arrived, type Kept, keep, layerOf, unpacked } from "../frames";
import type { Frame, LayerHead, RunInfo, State } from "../messages";

const INFO: RunInfo = {
  step: 7,
  settings: { weights: {} },
  chosen: { weights: {} },
  extent: [-4, 4, -4, 4],
  axes: ["z₁", "z₂"],
  prior: "Ring()",
  planned: true,
  mmd: null,
  mmd_at: null,
  floor: null,
  lit: null,
  moved: null,
  in_step: false,
};
const STATE: State = {
  status: "paused",
  message: "",
  error: "",
  max_steps: 100,
  more: 0,
  marks: [],
  at: null,
  rate: 0,
  overlays: {},
};

/** Bytes as they lie within a message: behind others, at an odd place. */
function packed(data: Float32Array | Uint8Array): DataView<ArrayBuffer> {
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const message = new Uint8Array(bytes.length + 9);
  message.set(bytes, 5);
  return new DataView(message.buffer, 5, bytes.length);
}
const head = (name: string, dtype: LayerHead["dtype"], shape: number[], run = 0) => ({ run, name, dtype, shape });
const empty = (): Kept => ({ layers: {}, info: null });
const frame = (layers: LayerHead[], more: Partial<Frame> = {}): Frame => ({
  kind: "frame",
  n: 1,
  full: true,
  state: STATE,
  runs: [INFO],
  layers,
  ...more,
});

test("buffers of every kind become the same bytes", () => {
  const bytes = Uint8Array.of(1, 2, 3);
  for (const buffer of [bytes, bytes.buffer, packed(bytes)]) expect([...unpacked(buffer)]).toEqual([1, 2, 3]);
});

test("floats are read wherever they lie", () => {
  const { data, shape } = layerOf({ dtype: "f4", shape: [2, 2] }, packed(Float32Array.of(1.5, -2, 0, 3)));
  expect(data).toEqual(Float32Array.of(1.5, -2, 0, 3));
  expect(shape).toEqual([2, 2]);
});

test("bytes stay bytes", () => {
  expect(layerOf({ dtype: "u1", shape: [2] }, packed(Uint8Array.of(0, 255))).data).toEqual(Uint8Array.of(0, 255));
});

test("each run keeps its newest layers, and those that a picture does not bring", () => {
  const runs = [empty(), empty()];
  const both = { runs: [INFO, { ...INFO, step: 9 }] };
  const first = [head("codes", "f4", [1, 2]), head("labels", "u1", [1], 1), head("prior", "f4", [1, 2], 1)];
  const buffers = [Float32Array.of(1, 2), Uint8Array.of(3), Float32Array.of(4, 5)];
  keep(runs, frame(first, both), buffers.map(packed));
  keep(runs, frame([head("codes", "f4", [1, 2])], both), [packed(Float32Array.of(6, 7))]);
  expect(runs[0].layers.codes?.data).toEqual(Float32Array.of(6, 7));
  expect(runs[1].layers.labels?.data).toEqual(Uint8Array.of(3));
  expect(runs[1].layers.prior?.data).toEqual(Float32Array.of(4, 5));
  expect(runs.map(({ info }) => info?.step)).toEqual([7, 9]);
});

test("a kept moment without a surface shows none, not that of now", () => {
  const runs = [empty()];
  keep(runs, frame([head("surface", "u1", [1, 1])]), [Uint8Array.of(200)]);
  keep(runs, frame([], { state: { ...STATE, at: 3 } }), []);
  expect(runs[0].layers.surface).toBe(null);
});

test("a picture of a fork that is dropped already is no harm", () => {
  const runs = [empty()];
  keep(runs, frame([head("codes", "f4", [1, 2], 1)], { runs: [INFO, INFO] }), [packed(Float32Array.of(1, 2))]);
  expect(runs[0].layers.codes).toBe(undefined);
});

test("a run of which nothing has come yet is not painted", () => {
  const runs = [empty(), empty()];
  keep(runs, frame([]), []);
  expect(arrived(runs)).toBe(false);
  expect(arrived(runs.slice(0, 1))).toBe(true);
});
