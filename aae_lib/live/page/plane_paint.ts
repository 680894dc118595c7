// The painting of the plane: D's surface, prior, codes, arrows, axes. What seldom changes is drawn once and kept.

import { contextOf, type Draw, sharp } from "./canvas";
import { rgb, withAlpha } from "./colours";
import type { Floats } from "./frames";
import { type Hex, NO_LABEL } from "./messages";
import { short, within } from "./numbers";
import type { PlaneData } from "./plane";
import type { Box, Places } from "./plane_places";
import { niceTicks } from "./scales";
import { swingOf } from "./surface";
import type { Theme } from "./theme";

const HALO = 1.1; // CSS pixels of ground round a code, so that neighbours stay apart
const PRIOR = 0.68; // of the radius of a code: samples of the prior lie behind, and are to be seen

export interface Scene {
  data: PlaneData;
  theme: Theme;
  box: Box;
  places: Places;
}

export function planePainter() {
  const surface = keptSurface();
  const prior = keptPrior();
  const codes = stampedCodes();

  function paint(draw: Draw, scene: Scene) {
    const { data, theme, box } = scene;
    draw.fillStyle = theme.ground;
    draw.fillRect(box.left, box.top, box.side, box.side);
    draw.save();
    draw.beginPath();
    draw.rect(box.left, box.top, box.side, box.side);
    draw.clip();
    if (data.surface) surface(draw, data.surface, scene);
    if (data.prior) prior(draw, data.prior, scene);
    data.arrowColours.forEach((colour, k) => {
      if (data.arrows) paintArrows(draw, data.arrows, 2 + 2 * k, colour, scene);
    });
    if (data.codes) codes(draw, data.codes, scene);
    if (data.heads) paintHeads(draw, data.heads, scene);
    draw.restore();
    paintAxes(draw, scene);
  }
  return { paint };
}

function keptSurface() {
  const heat = document.createElement("canvas");
  let kept: { layer: Floats; theme: Theme } | null = null;

  return (draw: Draw, layer: Floats, { data, theme, places }: Scene) => {
    if (kept?.layer !== layer || kept.theme !== theme) {
      kept = { layer, theme };
      const [rows, columns] = layer.shape;
      heat.width = columns;
      heat.height = rows;
      const picture = new ImageData(columns, rows);
      const [fake, real] = [rgb(theme.fake), rgb(theme.real)];
      const swing = swingOf(layer);
      layer.data.forEach((belief, i) => {
        const shade = (belief - 0.5) / swing; // -1: a code, as surely as anywhere here; 1: from the prior
        picture.data.set(shade < 0 ? fake : real, 4 * i);
        picture.data[4 * i + 3] = 255 * theme.surface * Math.abs(shade);
      });
      contextOf(heat).putImageData(picture, 0, 0);
    }
    draw.imageSmoothingEnabled = true;
    const [left, right, bottom, top] = data.own;
    const [x, y] = [places.px(left), places.py(top)];
    draw.drawImage(heat, x, y, places.px(right) - x, places.py(bottom) - y);
  };
}

function keptPrior() {
  const back = document.createElement("canvas");
  let kept: { layer: Floats; theme: Theme; where: string } | null = null;

  return (draw: Draw, layer: Floats, { data, theme, box, places }: Scene) => {
    const where = [data.extent, box.width].join();
    if (kept?.layer !== layer || kept.theme !== theme || kept.where !== where) {
      kept = { layer, theme, where };
      const dots = sharp(back, box.width, box.height);
      const radius = PRIOR * sizeOf(layer.data.length / 2, box, theme);
      const dot = stamp(theme.prior, radius, theme);
      const half = radius + HALO;
      for (let i = 0; i < layer.data.length; i += 2) {
        const [x, y] = [places.px(layer.data[i]), places.py(layer.data[i + 1])];
        dots.drawImage(dot, x - half, y - half, 2 * half, 2 * half);
      }
    }
    draw.drawImage(back, 0, 0, box.width, box.height);
  };
}

function stampedCodes() {
  let stamps = new Map<number, ImageBitmap>(); // by label
  let kept: { theme: Theme; size: number; ratio: number } | null = null;

  return (draw: Draw, layer: Floats, { data, theme, box, places }: Scene) => {
    const points = layer.data;
    const n = points.length / 2;
    const labels = (data.predicted ? data.categories : data.labels)?.data;
    const radius = sizeOf(n, box, theme);
    const half = radius + HALO;
    const [size, ratio] = [2 * half, window.devicePixelRatio];
    if (kept?.theme !== theme || kept.size !== size || kept.ratio !== ratio) {
      kept = { theme, size, ratio };
      stamps = new Map();
    }
    for (let i = 0; i < n; i++) {
      const label = labels ? labels[i] : NO_LABEL;
      let dot = stamps.get(label);
      if (!dot) {
        dot = stamp(theme.classes.get(label) ?? null, radius, theme);
        stamps.set(label, dot);
      }
      draw.drawImage(dot, places.px(points[2 * i]) - half, places.py(points[2 * i + 1]) - half, size, size);
    }
  };
}

/** The radius of a code: smaller in a crowd and on a small plot. */
function sizeOf(n: number, box: Box, theme: Theme): number {
  const crowd = n > 900 ? 2.3 : n > 400 ? 2.8 : 3.4;
  return crowd * theme.scale * within(box.side / 420, 0.7, 1.4);
}

function stamp(colour: Hex | null, radius: number, theme: Theme): ImageBitmap {
  const half = radius + HALO;
  const pixels = Math.ceil(2 * half * window.devicePixelRatio);
  const dot = new OffscreenCanvas(pixels, pixels);
  const draw = dot.getContext("2d") as OffscreenCanvasRenderingContext2D;
  draw.scale(pixels / (2 * half), pixels / (2 * half));
  draw.beginPath();
  draw.arc(half, half, half, 0, 7);
  draw.fillStyle = withAlpha(theme.ground, 0.75);
  draw.fill();
  draw.beginPath();
  draw.arc(half, half, colour ? radius : radius - 0.5, 0, 7);
  draw.fillStyle = draw.strokeStyle = colour ?? theme.ink;
  draw.lineWidth = 1.2 * theme.scale;
  if (colour) draw.fill();
  else draw.stroke(); // no label: hollow
  return dot.transferToImageBitmap(); // drawn faster than a canvas
}

/** The numbers of a map's heads, where they lie. */
function paintHeads(draw: Draw, { data: at }: Floats, { theme, places }: Scene) {
  draw.font = `bold ${14 * theme.scale}px ${theme.font}`;
  draw.textAlign = "center";
  draw.textBaseline = "middle";
  draw.lineWidth = 4 * theme.scale;
  draw.lineJoin = "round";
  draw.strokeStyle = theme.ground;
  draw.fillStyle = theme.ink;
  for (let k = 0; 2 * k < at.length; k++) {
    const [x, y] = [places.px(at[2 * k]), places.py(at[2 * k + 1])];
    draw.strokeText(String(k), x, y);
    draw.fillText(String(k), x, y);
  }
}

/** The arrows of one phase: its pulls stand in each row from `offset` on. */
function paintArrows(draw: Draw, layer: Floats, offset: number, colour: Hex | undefined, scene: Scene) {
  const { data, theme, box, places } = scene;
  const { data: rows, shape } = layer;
  const unit = box.side / (data.own[1] - data.own[0]); // as long in a close-up
  const lines = new Path2D();
  for (let i = 0; i < shape[0]; i++) {
    const row = i * shape[1];
    const [dx, dy] = [rows[row + offset] * unit, -rows[row + offset + 1] * unit];
    const length = Math.hypot(dx, dy);
    if (length < 1.5) continue;
    const [x, y] = [places.px(rows[row]) + dx, places.py(rows[row + 1]) + dy];
    const head = Math.min(5 * theme.scale, length * 0.4) / length;
    const [a, b] = [dx * head, dy * head];
    lines.moveTo(x - dx, y - dy);
    lines.lineTo(x, y);
    lines.moveTo(x - a - b * 0.5, y - b + a * 0.5);
    lines.lineTo(x, y);
    lines.lineTo(x - a + b * 0.5, y - b - a * 0.5);
  }
  draw.lineWidth = 1.2 * theme.scale;
  draw.strokeStyle = theme.stroke(colour);
  draw.stroke(lines);
}

function paintAxes(draw: Draw, { data, theme, box, places }: Scene) {
  const [l, r, b, t] = data.extent;
  const { left, top, side } = box;
  const low = top + side;
  const size = 11.5 * theme.scale;
  draw.strokeStyle = theme.axis;
  draw.lineWidth = 1;
  draw.strokeRect(left + 0.5, top + 0.5, side - 1, side - 1);
  draw.fillStyle = theme.quiet;
  draw.font = `${size}px ${theme.font}`;
  draw.textAlign = "center";
  draw.textBaseline = "top";
  const many = side / theme.scale > 300 ? 7 : 5;
  for (const value of niceTicks(l, r, many)) {
    const x = places.px(value);
    draw.fillRect(x, low, 1, 4);
    if (x < left + side - 2 * size) draw.fillText(short(value), x, low + 6);
  }
  draw.textAlign = "right";
  draw.textBaseline = "middle";
  for (const value of niceTicks(b, t, many)) {
    const y = places.py(value);
    draw.fillRect(left - 4, y, 4, 1);
    draw.fillText(short(value), left - 7, within(y, top + size / 2, low - size / 2));
  }
  draw.fillStyle = theme.ink;
  draw.font = `italic ${size * 1.15}px ${theme.font}`;
  draw.textBaseline = "top";
  draw.fillText(data.axes[0], left + side, low + 5);
  draw.textAlign = "left";
  draw.fillText(data.axes[1], 2, top);
}
