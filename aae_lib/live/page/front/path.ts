// A path in the plane: drawn by hand, walked at an even pace.

import type { Point } from "./prior";

const gap = (a: Point, b: Point) => Math.hypot(b[0] - a[0], b[1] - a[1]);

export function lengthOf(path: Point[]): number {
  return path.slice(1).reduce((sum, point, i) => sum + gap(path[i], point), 0);
}

/** The place at a share t, 0 to 1, of the path's length. */
export function along(path: Point[], t: number): Point {
  let left = Math.min(1, Math.max(0, t)) * lengthOf(path);
  for (let i = 1; i < path.length; i++) {
    const [a, b] = [path[i - 1], path[i]];
    const step = gap(a, b);
    if (step > 0 && left <= step) return [a[0] + ((b[0] - a[0]) * left) / step, a[1] + ((b[1] - a[1]) * left) / step];
    left -= step;
  }
  return path[path.length - 1];
}

/** n places from the start to the end. */
export const places = (path: Point[], n: number): Point[] =>
  Array.from({ length: n }, (_, i) => along(path, n > 1 ? i / (n - 1) : 0));

/** Where a walk to and fro is after `length` of it: 0 to 1 and back. */
export const toAndFro = (walked: number): number => 1 - Math.abs(1 - (walked % 2));

/** A closed circle, from the right, anticlockwise. */
export const circle = ([x, y]: Point, radius: number): Point[] =>
  Array.from({ length: 121 }, (_, i) => {
    const angle = (2 * Math.PI * i) / 120;
    return [x + radius * Math.cos(angle), y + radius * Math.sin(angle)];
  });
