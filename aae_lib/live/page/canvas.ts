// Canvases: sharp on every screen.

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
