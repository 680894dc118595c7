// Canvases: sharp on every screen, and images pixel for pixel.

import type { ImageShape } from "./messages";

export type Draw = CanvasRenderingContext2D;

export function contextOf(canvas: HTMLCanvasElement): Draw {
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser gives no canvas to draw on");
  return context;
}

/** Size a canvas in CSS pixels, sharp on this screen; returns its context, in CSS pixels and empty. */
export function sharp(canvas: HTMLCanvasElement, width: number, height: number): Draw {
  const ratio = window.devicePixelRatio || 1;
  const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== wide || canvas.height !== high) {
    canvas.width = wide;
    canvas.height = high;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const context = contextOf(canvas);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

/** Draw one image of bytes, (H, W, C) with C = 1 or 3. */
export function drawImage(canvas: HTMLCanvasElement, bytes: Uint8Array, [height, width, channels]: ImageShape): void {
  canvas.width = width;
  canvas.height = height;
  contextOf(canvas).putImageData(new ImageData(opaque(bytes, channels), width, height), 0, 0);
}

/** Grey or coloured bytes as RGBA. */
export function opaque(bytes: Uint8Array, channels: number): Uint8ClampedArray<ArrayBuffer> {
  const n = bytes.length / channels;
  const pixels = new Uint8ClampedArray(4 * n);
  for (let i = 0; i < n; i++) {
    for (let c = 0; c < 3; c++) pixels[4 * i + c] = bytes[i * channels + (channels === 3 ? c : 0)];
    pixels[4 * i + 3] = 255;
  }
  return pixels;
}
