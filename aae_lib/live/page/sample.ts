// One sample of the data, as it comes from the decoder or from the split shown: here it becomes something to look at.

import { contextOf } from "./canvas";
import type { ImageShape } from "./messages";

/** Draw one sample: an image of bytes (H, W, C) with C = 1 or 3, pixel for pixel. */
export function drawSample(canvas: HTMLCanvasElement, bytes: Uint8Array, [height, width, channels]: ImageShape): void {
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
