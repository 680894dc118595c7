// Canvases: the plane with its points, and digits.

import { luminance, type Rgb, readable, rgb, withAlpha } from "../colours";
import type { Hex } from "../messages";
import type { Decode } from "./decoder";
import type { Model } from "./models";
import type { Point } from "./prior";

export const SIDE = 28;

export interface Colours {
  ground: Hex;
  ink: Hex;
  prior: Hex;
  accent: Hex;
  classes: Hex[];
}

/** The page's colours, from the custom properties of root; classes stand out from its ground. */
export function coloursOf(root: HTMLElement, classes: string[]): Colours {
  const read = (name: string) => getComputedStyle(root).getPropertyValue(`--front-${name}`).trim() as Hex;
  const ground = read("ground");
  const dark = luminance(ground) < 0.3;
  // as in the panel: black turns to white, not to one more grey
  const onGround = (hex: Hex) => (dark && luminance(hex) < 0.001 ? "#ffffff" : readable(hex, ground, 2.5));
  return {
    ground,
    ink: read("ink"),
    prior: read("prior"),
    accent: read("accent"),
    classes: classes.map(onGround),
  };
}

/** Pixels as ink on the ground, in a canvas of their own. */
function stamp(pixels: Float32Array, { ground, ink }: Colours): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE;
  const image = new ImageData(SIDE, SIDE);
  const [from, to]: Rgb[] = [rgb(ground), rgb(ink)];
  pixels.forEach((p, i) => {
    for (let c = 0; c < 3; c++) image.data[4 * i + c] = from[c] + (to[c] - from[c]) * p;
    image.data[4 * i + 3] = 255;
  });
  canvas.getContext("2d")?.putImageData(image, 0, 0);
  return canvas;
}

/** A context whose unit is a CSS pixel, cleared, with the size of its canvas; null while that is hidden. */
export function fresh(
  canvas: HTMLCanvasElement,
): { g: CanvasRenderingContext2D; width: number; height: number } | null {
  const { clientWidth: width, clientHeight: height } = canvas;
  const g = canvas.getContext("2d");
  if (!g || !width || !height) return null;
  const scale = devicePixelRatio || 1;
  const [w, h] = [Math.round(width * scale), Math.round(height * scale)];
  if (canvas.width !== w || canvas.height !== h) Object.assign(canvas, { width: w, height: h });
  g.setTransform(w / width, 0, 0, h / height, 0, 0);
  g.clearRect(0, 0, width, height);
  return { g, width, height };
}

/** Digits in a grid that fills the canvas, row by row. */
export function paintDigits(canvas: HTMLCanvasElement, decode: Decode, at: Point[], columns: number, colours: Colours) {
  const on = fresh(canvas);
  if (!on) return;
  on.g.imageSmoothingQuality = "high";
  const cell = on.width / columns;
  const space = at.length > 1 ? Math.min(4, cell * 0.06) : 0;
  at.forEach(([x, y], i) => {
    const [left, top] = [(i % columns) * cell, Math.floor(i / columns) * cell];
    const size = cell - space;
    on.g.drawImage(stamp(decode(x, y), colours), left + space / 2, top + space / 2, size, size);
  });
}

/** The whole view decoded on a grid, for the plane's ground. */
export function tapestry(model: Model, colours: Colours, n = 17): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = n * SIDE;
  const g = canvas.getContext("2d");
  for (let row = 0; row < n; row++)
    for (let column = 0; column < n; column++) {
      const [u, v] = [(2 * column + 1) / n - 1, 1 - (2 * row + 1) / n];
      const pixels = model.decode(model.centre[0] + u * model.half, model.centre[1] + v * model.half);
      g?.drawImage(stamp(pixels, colours), column * SIDE, row * SIDE);
    }
  return canvas;
}

export interface Scene {
  colours: Colours;
  ground: HTMLCanvasElement | null; // digits everywhere
  prior: Point[]; // all in units of the view: -1 to 1, y upwards
  codes: Point[];
  labels: Uint8Array;
  samples: Point[];
  picked: number | null; // of the samples
  path: Point[];
  cursor: Point;
}

export function paintPlane(canvas: HTMLCanvasElement, scene: Scene) {
  const on = fresh(canvas);
  if (!on) return;
  const { g, width } = on;
  const { colours } = scene;
  const place = ([u, v]: Point): Point => [((u + 1) / 2) * width, ((1 - v) / 2) * width];
  const dot = (point: Point, radius: number) => {
    const [x, y] = place(point);
    g.beginPath();
    g.arc(x, y, radius, 0, 2 * Math.PI);
  };
  const size = width / 460; // of marks, to the plane

  g.fillStyle = colours.ground;
  g.fillRect(0, 0, width, width);
  if (scene.ground) {
    g.imageSmoothingQuality = "high";
    g.drawImage(scene.ground, 0, 0, width, width);
  } else {
    g.fillStyle = withAlpha(colours.prior, 0.55);
    for (const point of scene.prior) {
      dot(point, 1.7 * size);
      g.fill();
    }
  }
  scene.codes.forEach((point, i) => {
    g.fillStyle = withAlpha(colours.classes[scene.labels[i]], scene.ground ? 0.55 : 0.85);
    dot(point, (scene.ground ? 1.8 : 2.6) * size);
    g.fill();
  });
  g.strokeStyle = colours.ink;
  scene.samples.forEach((point, i) => {
    g.lineWidth = i === scene.picked ? 3 : 1.1;
    dot(point, (i === scene.picked ? 8 : 4) * size);
    g.stroke();
  });
  if (scene.path.length > 1) {
    g.lineJoin = g.lineCap = "round";
    for (const [colour, wide] of [
      [colours.ground, 5.5],
      [colours.accent, 2.5],
    ] as const) {
      g.strokeStyle = colour;
      g.lineWidth = wide * size;
      g.beginPath();
      for (const point of scene.path) g.lineTo(...place(point));
      g.stroke();
    }
  }
  for (const [colour, wide] of [
    [colours.ground, 6],
    [colours.accent, 3],
  ] as const) {
    g.strokeStyle = colour;
    g.lineWidth = wide * size;
    dot(scene.cursor, 10 * size);
    g.stroke();
  }
}
