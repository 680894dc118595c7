// The painting of the pad: a grid, the ink, numbers above it, and the ring of the brush.

import { contextOf, type Draw } from "./canvas";
import type { Extent, Point, Stroke } from "./messages";
import { short } from "./numbers";
import { SCALES } from "./scales";
import { wholeTicks } from "./strokes";

interface Tick {
  axis: 0 | 1;
  value: number;
  place: number; // in CSS pixels
}

type Colour = (name: "paper" | "text" | "faint" | "line" | "axis" | "ink") => string;
type Pixel = (point: Point) => Point;

/** `style` has the pad's colours and font; `brush` is where the ring is drawn. */
export function paintPad(
  canvas: HTMLCanvasElement,
  style: CSSStyleDeclaration,
  extent: Extent,
  strokes: Stroke[],
  brush: { at: Point; width: number } | null,
): void {
  const [width, height, ratio] = [canvas.clientWidth, canvas.clientHeight, window.devicePixelRatio || 1];
  if (!width || !height) return;
  const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== wide) canvas.width = wide;
  if (canvas.height !== high) canvas.height = high;
  const draw = contextOf(canvas);
  draw.setTransform(wide / width, 0, 0, high / height, 0, 0);
  draw.clearRect(0, 0, width, height);

  const colour: Colour = (name) => style.getPropertyValue(`--pad-${name}`).trim();
  const [left, right, bottom, top] = extent;
  const [across, down] = [SCALES.linear(left, right), SCALES.linear(top, bottom)];
  const pixel: Pixel = ([x, y]) => [across.place(x) * width, down.place(y) * height];
  const unit = width / (right - left); // CSS pixels in a unit of z
  const ticks: Tick[] = [
    ...wholeTicks(left, right, (right - left) * unit).map((value) => {
      return { axis: 0, value, place: pixel([value, top])[0] } as const;
    }),
    ...wholeTicks(bottom, top, (top - bottom) * unit).map((value) => {
      return { axis: 1, value, place: pixel([left, value])[1] } as const;
    }),
  ];
  paintGrid(draw, ticks, width, height, colour);
  draw.strokeStyle = colour("ink");
  draw.lineCap = draw.lineJoin = "round";
  for (const stroke of strokes) paintStroke(draw, stroke, pixel, unit);
  draw.font = `${0.85 * Number.parseFloat(style.fontSize)}px ${style.fontFamily}`;
  paintNumbers(draw, ticks, width, height, colour);
  if (brush) paintRing(draw, pixel(brush.at), (brush.width / 2) * unit, colour);
}

function paintGrid(draw: Draw, ticks: Tick[], width: number, height: number, colour: Colour) {
  draw.lineWidth = 1;
  for (const { axis, value, place } of ticks) {
    draw.strokeStyle = colour(value === 0 ? "axis" : "line");
    draw.beginPath();
    if (axis) {
      draw.moveTo(0, place);
      draw.lineTo(width, place);
    } else {
      draw.moveTo(place, 0);
      draw.lineTo(place, height);
    }
    draw.stroke();
  }
}

function paintStroke(draw: Draw, { width, points }: Stroke, pixel: Pixel, unit: number) {
  draw.lineWidth = width * unit;
  draw.beginPath();
  draw.moveTo(...pixel(points[0]));
  for (const point of points) draw.lineTo(...pixel(point)); // to the first, too: a lone point is a disc
  draw.stroke();
}

function paintNumbers(draw: Draw, ticks: Tick[], width: number, height: number, colour: Colour) {
  draw.fillStyle = colour("faint");
  draw.strokeStyle = colour("paper"); // a halo: to be read on ink and lines
  draw.lineWidth = 3;
  const write = (text: string, x: number, y: number, align: CanvasTextAlign, baseline: CanvasTextBaseline) => {
    draw.textAlign = align;
    draw.textBaseline = baseline;
    draw.strokeText(text, x, y);
    draw.fillText(text, x, y);
  };
  for (const { axis, value, place } of ticks) {
    if (place < 24 || place > [width, height][axis] - 28) continue; // room for the names
    if (axis) write(short(value), 5, place, "left", "middle");
    else write(short(value), place, height - 4, "center", "bottom");
  }
  write("z₁", width - 5, height - 4, "right", "bottom");
  write("z₂", 5, 5, "left", "top");
}

function paintRing(draw: Draw, at: Point, radius: number, colour: Colour) {
  for (const [line, name] of [[3, "paper"] as const, [1.5, "text"] as const]) {
    draw.beginPath(); // twice, to be seen on the ink and beside it
    draw.arc(...at, Math.max(radius, 1.5), 0, 2 * Math.PI);
    draw.lineWidth = line;
    draw.strokeStyle = colour(name);
    draw.stroke();
  }
}
