// What the curves show: series over the steps, one strip a phase, and the MMD over its floor. No elements here.

import type { Floats, Run } from "./frames";
import type { Hex, Spec } from "./messages";
import { linearRange, logRange, type Range } from "./scales";

/** One column of rows of `stride` numbers; the first of a row is the step. */
export interface Series {
  rows: Float32Array;
  stride: number;
  column: number;
  dash: boolean;
}

export interface Strip {
  name: string;
  colour: Hex | null;
  series: Series[];
  height: number;
  log: boolean;
  floor: [mean: number, sd: number] | null;
}

const NOTHING = new Float32Array();

/** The strips of the loss curves: one a phase, in its colour; the second run dashed. */
export function lossStrips(spec: Spec, runs: Run[]): Strip[] {
  const strips = new Map<string, Strip>();
  spec.runs.forEach(({ phases }, i) => {
    phases.forEach(({ name, colour }, k) => {
      const strip = strips.get(name) ?? { name, colour, series: [], height: 64, log: false, floor: null };
      const rows = runs[i].layers.losses?.data ?? NOTHING;
      strip.series.push({ rows, stride: 1 + phases.length, column: 1 + k, dash: i > 0 });
      strips.set(name, strip);
    });
  });
  return [...strips.values()];
}

export function mmdStrip(runs: Run[], dots = "codes"): Strip {
  const series = runs.map(({ layers }, i) => {
    return { rows: layers.mmd?.data ?? NOTHING, stride: 2, column: 1, dash: i > 0 };
  });
  const { floor } = runs[0].info;
  return { name: `MMD of the ${dots}; band: its floor`, colour: null, series, height: 150, log: true, floor };
}

export function rangeOf(strip: Strip): Range {
  const values = strip.series.flatMap(columnOf).filter(Number.isFinite);
  values.sort((a, b) => a - b);
  return strip.log ? logRange(values, strip.floor?.[1]) : linearRange(values); // log: from the floor's spread on
}

const columnOf = ({ rows, stride, column }: Series) => Array.from(rows).filter((_, i) => i % stride === column);

export const finalOf = ({ rows, stride, column }: Series): number | undefined => rows[rows.length - stride + column];

export const lastStep = (losses: Floats | undefined): number => losses?.data.at(-losses.shape[1]) ?? 0;
