// A slider's value and its place on the track, from 0 to 1. No elements here.

import type { Setting, Settings, Slider, Tug } from "./messages";
import { within } from "./numbers";
import { niceStep, SCALES, type Scale } from "./scales";

type Track = Pick<Slider, "scale" | "min" | "max">;

const scaleOf = ({ scale, min, max }: Track): Scale => SCALES[scale === "whole" ? "linear" : scale](min, max);

export function valueAt(track: Track, place: number): number {
  const value = scaleOf(track).value(place);
  return track.scale === "whole" ? Math.round(value) : Number(value.toPrecision(3));
}

export function placeOf(track: Track, value: number): number {
  return within(scaleOf(track).place(Math.max(track.min, value)) || 0, 0, 1);
}

/** How far one press of an arrow key goes on the track: to the next round value, or a hundredth. */
export function stepOf({ scale, min, max }: Track): number {
  if (scale === "whole") return 1 / (max - min);
  return scale === "linear" ? niceStep((max - min) / 100) / (max - min) : 0.01;
}

/** A number of the settings by its key, e.g. ["weights", "generator"]. */
export function settingAt(settings: Settings, key: string[]): number | null {
  let found: Setting | undefined = settings;
  for (const name of key) found = typeof found === "object" ? found[name] : undefined;
  return typeof found === "number" ? found : null;
}

/** The weights of a and b for a place of the tug's thumb: from a alone (0) by both in full (1/2) to b alone (1). */
export const tugWeights = (place: number): [a: number, b: number] => [
  Math.min(1, 2 * (1 - place)),
  Math.min(1, 2 * place),
];

/** Where view "tug" has its thumb: 0 for a alone, 1/2 for both in full, 1 for b alone. */
export function tugPlace({ weights }: Settings, tug: Pick<Tug, "a" | "b">): number {
  const [a, b] = [weights[tug.a], weights[tug.b]];
  if (Math.max(a, b) === 0) return 0.5;
  return a >= b ? b / a / 2 : 1 - a / b / 2;
}
