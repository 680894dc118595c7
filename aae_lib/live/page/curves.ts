// Curves over the steps on canvas, one strip below the other.

import { type Draw, sharp } from "./canvas";
import { h, setAttribute } from "./dom";
import { counted, short, within } from "./numbers";
import { niceTicks, SCALES } from "./scales";
import { rangeOf, type Strip } from "./strips";
import type { Theme } from "./theme";

interface Frame {
  x: number;
  y: number;
  width: number;
  height: number;
}

export function curvePlot(label: string) {
  const canvas = h("canvas", { role: "img", "aria-label": label });
  const element = h("div", { class: "aae-curves" }, canvas);

  /** Strips from step 0 to `last`, with a line at step `mark`; `text` for screen readers. */
  function paint(strips: Strip[], last: number, mark: number | null, theme: Theme, text: string) {
    const { scale } = theme;
    const [left, right, below, top] = [54 * scale, 66 * scale, 30 * scale, 20 * scale];
    const width = element.clientWidth;
    const height = strips.reduce((sum, strip) => sum + strip.height * scale, below);
    element.style.height = `${height}px`;
    const draw = sharp(canvas, width, height);
    const span = width - left - right;
    const end = Math.max(1, last);
    const px = (step: number) => left + (step / end) * span;
    draw.font = `${11.5 * scale}px ${theme.font}`;
    let y = 0;
    for (const strip of strips) {
      const frame = { x: left, y: y + top, width: span, height: strip.height * scale - top - 8 * scale };
      paintStrip(draw, strip, frame, px, theme);
      y += strip.height * scale;
    }
    draw.fillStyle = theme.quiet;
    draw.textBaseline = "top";
    draw.textAlign = "center";
    for (const step of niceTicks(0, end, span / scale > 260 ? 5 : 3).filter(Number.isInteger)) {
      draw.fillRect(px(step), y - 5 * scale, 1, 4 * scale);
      draw.fillText(counted(step), px(step), y + 2 * scale);
    }
    draw.textAlign = "left";
    draw.fillText("step", left + span + 24 * scale, y + 2 * scale);
    if (mark !== null) {
      draw.fillStyle = theme.ink;
      draw.fillRect(px(mark) - 0.5, top, 1, y - top - 8 * scale);
    }
    setAttribute(canvas, "aria-label", text);
  }
  return { element, paint };
}

function paintStrip(draw: Draw, strip: Strip, frame: Frame, px: (step: number) => number, theme: Theme) {
  const { low, high, ticks, beyond } = rangeOf(strip);
  const { place } = SCALES[strip.log ? "log" : "linear"](low, high);
  const py = (value: number) => frame.y + (1 - place(within(value, low, high))) * frame.height;
  if (strip.floor) {
    const [mean, sd] = strip.floor;
    const [upper, lower] = [py(mean + sd), py(mean - sd)];
    draw.fillStyle = theme.line;
    draw.fillRect(frame.x, upper, frame.width, Math.max(1, lower - upper));
  }
  draw.textBaseline = "middle";
  draw.textAlign = "right";
  for (const [value, text] of ticks) {
    draw.fillStyle = theme.line;
    draw.fillRect(frame.x, Math.round(py(value)), frame.width, 1);
    draw.fillStyle = theme.quiet;
    draw.fillText(text, frame.x - 6, py(value));
  }
  draw.fillStyle = theme.text(strip.colour);
  draw.textAlign = "left";
  draw.fillText(strip.name, frame.x, frame.y - 11 * theme.scale);
  if (beyond !== undefined) {
    draw.fillStyle = theme.quiet;
    draw.textAlign = "right";
    draw.fillText(`▲ up to ${short(beyond)}`, frame.x + frame.width + 60 * theme.scale, frame.y - 11 * theme.scale);
    draw.fillStyle = theme.text(strip.colour);
    draw.textAlign = "left";
  }
  strip.series.forEach(({ rows, stride, column, dash }, i) => {
    const line = new Path2D();
    let drawn = false;
    let value = Number.NaN;
    for (let at = 0; at < rows.length; at += stride) {
      value = rows[at + column];
      if (Number.isFinite(value)) line[drawn ? "lineTo" : "moveTo"](px(rows[at]), py(value));
      drawn = Number.isFinite(value);
    }
    draw.setLineDash(dash ? [5 * theme.scale, 3 * theme.scale] : []);
    draw.lineWidth = 1.6 * theme.scale;
    draw.lineJoin = "round";
    draw.strokeStyle = theme.stroke(strip.colour);
    draw.stroke(line);
    draw.setLineDash([]);
    const clear = strip.series.length > 1 ? (i ? 6 : -6) * theme.scale : 0; // two values: one above, one below
    if (drawn) draw.fillText(short(value), px(rows[rows.length - stride]) + 5, py(value) + clear);
  });
}
