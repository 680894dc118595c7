// A drawing: strokes that are done, and the one under way. No elements here.

import type { Extent, Point, Stroke } from "./messages";
import { within } from "./numbers";
import { niceTicks } from "./scales";

export const MOST_POINTS = 2000; // of a stroke

export const copied = (strokes: Stroke[]): Stroke[] =>
  strokes.map(({ width, points }) => ({ width, points: points.map(([x, y]) => [x, y]) }));

const apart = (a: Point, b: Point) => Math.hypot(a[0] - b[0], a[1] - b[1]);

export class Drawing {
  done: Stroke[];
  now: Stroke | null = null; // under way
  tip: Point = [0, 0]; // where the brush is, while a stroke is under way
  private gap = 0; // the least distance of two kept points
  private cleared: Stroke[] = []; // by the last `clear`

  constructor(strokes: Stroke[]) {
    this.done = copied(strokes);
  }

  /** Finer than `visible`, in units of z, is not to be seen. */
  begin(point: Point, width: number, visible: number): void {
    this.now = { width, points: [point] };
    this.gap = Math.max(width / 4, visible);
    this.tip = point;
  }

  add(point: Point): void {
    if (!this.now) return;
    this.tip = point;
    const { width, points } = this.now;
    if (apart(point, points[points.length - 1]) < this.gap) return;
    points.push(point);
    if (points.length < MOST_POINTS - 1) return; // one is left for the tip
    this.done.push(this.now); // full: it goes on in another
    this.now = { width, points: [point] };
  }

  end(): void {
    if (!this.now) return;
    const { points } = this.now;
    if (apart(this.tip, points[points.length - 1]) > 0) points.push(this.tip); // it ends where the brush was lifted
    this.done.push(this.now);
    this.now = null;
  }

  drop(): void {
    this.now = null;
  }

  /** Take back the last stroke, or else the last `clear`; whether there was one. */
  undo(): boolean {
    if (this.done.pop()) return true;
    this.done = this.cleared;
    this.cleared = [];
    return this.done.length > 0;
  }

  clear(): boolean {
    if (!this.done.length) return false;
    this.cleared = this.done.splice(0);
    return true;
  }

  /** All strokes as they look now. */
  seen(): Stroke[] {
    return this.now ? [...this.done, { ...this.now, points: [...this.now.points, this.tip] }] : this.done;
  }
}

export const countText = (n: number): string => (n === 0 ? "nothing drawn yet" : n === 1 ? "1 stroke" : `${n} strokes`);

/** Coordinates to a thousandth: what Python is sent. */
export const fine = (value: number): number => Number(value.toFixed(3));

/** The brush moved by the arrows that are held, each `step` far; it stays on the pad. */
export function nudged([x, y]: Point, arrows: Point[], step: number, [l, r, b, t]: Extent): Point {
  for (const [right, up] of arrows) {
    x += step * right;
    y += step * up;
  }
  return [fine(within(x, l, r)), fine(within(y, b, t))];
}

/** Whole numbers from `low` to `high`, 36 pixels apart or more. */
export function wholeTicks(low: number, high: number, pixels: number): number[] {
  return niceTicks(low, high, Math.min(high - low, pixels / 36));
}
