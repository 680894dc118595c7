// Values and their places from 0 to 1, round ticks, and the ranges that curves are drawn in.

import { rounded, short } from "./numbers";

export interface Scale {
  place(value: number): number; // 0 at `low`, 1 at `high`
  value(place: number): number;
}

export const SCALES: Record<"linear" | "square" | "log", (low: number, high: number) => Scale> = {
  linear: (low, high) => ({
    place: (value) => (value - low) / (high - low),
    value: (place) => low + (high - low) * place,
  }),
  square: (low, high) => ({
    place: (value) => Math.sqrt((value - low) / (high - low)),
    value: (place) => low + (high - low) * place * place,
  }),
  log: (low, high) => ({
    place: (value) => Math.log(value / low) / Math.log(high / low),
    value: (place) => low * (high / low) ** place,
  }),
};

/** Round numbers from `low` to `high`, at most `n` steps of them. */
export function niceTicks(low: number, high: number, n: number): number[] {
  const step = niceStep((high - low) / n);
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) ticks.push(rounded(i * step));
  return ticks;
}

/** The 1, 2 or 5 times a power of ten that is not below `rough`. */
export function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough || 1));
  return power * ([1, 2, 5].find((k) => k * power >= rough * 0.999) ?? 10);
}

/** What a curve is drawn in: from `low` to `high`, with some values named; `beyond`: the largest, where it lies above. */
export interface Range {
  low: number;
  high: number;
  beyond?: number;
  ticks: [value: number, text: string][];
}

/** Round ends about all but the largest 2 % of the values (of few, the largest one); from 0 where that is near. */
export function linearRange(sorted: number[]): Range {
  const most = sorted[Math.floor((sorted.length - 1) * 0.98)] ?? 1;
  let low = Math.min(sorted[0] ?? 0, most);
  if (low > 0 && low < 0.5 * most) low = 0;
  const step = niceStep((most - low || Math.abs(most) || 1) / 2);
  low = Math.floor(low / step + 1e-9) * step;
  const high = Math.max(Math.ceil(most / step - 1e-9) * step, low + step);
  const largest = sorted.at(-1) ?? high;
  const ticks: Range["ticks"] = [low, high].map((value) => [value, short(rounded(value))]);
  return { low, high, ticks, ...(largest > high && { beyond: largest }) };
}

/** From just below `least`, where differences mean nothing, to the largest value; powers of ten marked. */
export function logRange(sorted: number[], least = sorted[0] ?? 1e-3): Range {
  const low = 10 ** Math.floor(Math.log10(Math.max(1e-6, least)));
  const high = Math.max(10 * low, 10 ** Math.ceil(Math.log10(Math.max(1e-6, sorted.at(-1) ?? 1))));
  const ticks: Range["ticks"] = [[low, `≤ ${short(low)}`]];
  for (let value = low * 10; value <= high * 1.01; value *= 10) ticks.push([value, short(rounded(value))]);
  return { low, high, ticks };
}
