// Where things lie on the plot of the plane: units of z <-> CSS pixels. No elements here.

import type { Extent, Point } from "./messages";
import { within } from "./numbers";
import { SCALES } from "./scales";

/** The square of the plot within its canvas, in CSS pixels. */
export interface Box {
  left: number;
  top: number;
  side: number;
  width: number; // of the canvas
  height: number;
}

/** The largest square that leaves room for the axes' numbers. */
export function boxOf(available: number, scale: number): Box {
  const [left, below, edge] = [42 * scale, 22 * scale, 4 * scale];
  const side = Math.max(80, Math.round(available - left - edge));
  return { left, top: edge, side, width: left + side + edge, height: edge + side + below };
}

export interface Places {
  px(x: number): number;
  py(y: number): number;
  z(px: number, py: number): Point | null; // null: beside the plot
}

export function placesOf(box: Box, [left, right, bottom, top]: Extent): Places {
  const across = SCALES.linear(left, right);
  const down = SCALES.linear(top, bottom);
  return {
    px: (x) => box.left + across.place(x) * box.side,
    py: (y) => box.top + down.place(y) * box.side,
    z(px, py) {
      const [u, v] = [(px - box.left) / box.side, (py - box.top) / box.side];
      return u < 0 || u > 1 || v < 0 || v > 1 ? null : [across.value(u), down.value(v)];
    },
  };
}

/** A step of the crosshair by arrow key: a 40th of the plane, or with Shift an 8th; it stays inside. */
export function stepped([x, y]: Point, [right, up]: Point, [l, r, b, t]: Extent, far: boolean): Point {
  const part = far ? 8 : 40;
  return [within(x + (right * (r - l)) / part, l, r), within(y + (up * (t - b)) / part, b, t)];
}
