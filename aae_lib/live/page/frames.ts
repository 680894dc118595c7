// Pictures from Python: buffers become typed arrays, and each run keeps the newest of every layer.

import type { Buffer, Dtype, Frame, LayerHead, RunInfo } from "./messages";

export interface Layer<Data extends Float32Array | Uint8Array = Float32Array | Uint8Array> {
  shape: number[];
  data: Data;
}
export type Floats = Layer<Float32Array>;
export type Bytes = Layer<Uint8Array>;

export interface Layers {
  codes?: Floats; // (N, 2)
  prior?: Floats; // (M, 2)
  labels?: Bytes; // (N,)
  categories?: Bytes; // (N,)
  heads?: Floats; // (K, 2)
  surface?: Floats | null; // (rows, columns) of D(z), 0 to 1, top row first
  arrows?: Floats | null; // (N, 2 + 2 a phase): the code, and each pull
  images?: Bytes; // (3, k, H, W, C)
  losses?: Floats; // (n, 1 + phases): step, and each loss
  mmd?: Floats; // (n, 2): step, MMD
}

/** What the page knows of a run. */
export interface Kept {
  layers: Layers;
  info: RunInfo | null;
}
export type Run = Kept & { info: RunInfo };

export const arrived = (runs: Kept[]): runs is Run[] => runs.every(({ info }) => info !== null);

export function unpacked(bytes: Buffer): Uint8Array<ArrayBuffer> {
  if (bytes instanceof ArrayBuffer) return new Uint8Array(bytes);
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const READ: Record<Dtype, (buffer: ArrayBuffer) => Layer["data"]> = {
  f4: (buffer) => new Float32Array(buffer),
  u1: (buffer) => new Uint8Array(buffer),
};

export function layerOf({ dtype, shape }: Pick<LayerHead, "dtype" | "shape">, bytes: Buffer): Layer {
  return { shape, data: READ[dtype](unpacked(bytes).slice().buffer) }; // a copy: floats must begin at a multiple of 4
}

/** Keep what a picture brings; layers that it does not bring stay. */
export function keep(runs: Kept[], frame: Frame, buffers: Buffer[]): void {
  frame.runs.slice(0, runs.length).forEach((info, i) => {
    runs[i].info = info;
    if (frame.state.at !== null) runs[i].layers.surface = null; // a kept moment may be without
  });
  frame.layers.forEach((head, i) => {
    const run = runs[head.run];
    if (run) Object.assign(run.layers, { [head.name]: layerOf(head, buffers[i]) });
  });
}
