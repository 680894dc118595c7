// Curves over the steps on canvas: losses, one strip a phase, and the MMD over its floor.

/** Curves over the steps, one strip below the other. A strip:
 * {name, colour, series: [{rows, stride, column, dash}], log, floor: [mean, sd] | null, height}
 */
function curvePlot(label) {
  const canvas = h("canvas", { role: "img", "aria-label": label });
  const element = h("div", { class: "aae-curves" }, canvas);

  function paint(strips, last, mark, theme, text) {
    const { scale } = theme, left = 54 * scale, right = 58 * scale, below = 30 * scale, top = 20 * scale;
    const width = Math.max(160, element.clientWidth), height = strips.reduce((sum, s) => sum + s.height * scale, below);
    const draw = sharp(canvas, width, height), span = width - left - right, end = Math.max(1, last);
    const px = (step) => left + (step / end) * span;
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
    draw.fillText("step", left + span + 12 * scale, y + 2 * scale);
    if (mark !== null) {
      draw.fillStyle = theme.ink;
      draw.fillRect(px(mark) - 0.5, top, 1, y - top - 8 * scale);
    }
    setAttribute(canvas, "aria-label", text);
  }

  function paintStrip(draw, strip, frame, px, theme) {
    const { low, high, ticks } = strip.log ? logRange(strip) : linearRange(strip), low0 = frame.y + frame.height;
    const linear = (value) => (value - low) / (high - low);
    const log = (value) => Math.log(Math.max(value, low) / low) / Math.log(high / low);
    const py = (value) => low0 - Math.min(1, Math.max(0, (strip.log ? log : linear)(value))) * frame.height;
    if (strip.floor) {
      const [mean, sd] = strip.floor, upper = py(mean + sd), lower = py(mean - sd);
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
    strip.series.forEach(({ rows, stride, column, dash }, i) => {
      const line = new Path2D();
      let drawn = false, value = NaN;
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

  return { element, paint };
}

/** The strips of the loss curves: one a phase, in its colour; the second lane dashed. */
function lossStrips(spec, lanes) {
  const strips = new Map();
  spec.lanes.forEach((lane, i) => lane.phases.forEach(({ name, colour }, column) => {
    if (!strips.has(name)) strips.set(name, { name, colour, series: [], height: 64 });
    const rows = lanes[i].layers.losses?.data ?? [];
    strips.get(name).series.push({ rows, stride: 1 + lane.phases.length, column: 1 + column, dash: i > 0 });
  }));
  return [...strips.values()];
}

function mmdStrip(lanes) {
  const series = lanes.map(({ layers }, i) => ({ rows: layers.mmd?.data ?? [], stride: 2, column: 1, dash: i > 0 }));
  const { floor } = lanes[0].info;
  return { name: "MMD of the codes; band: its floor", colour: null, series, height: 150, log: true, floor };
}


const columnOf = ({ rows, stride, column }) => Array.from(rows).filter((_, i) => i % stride === column);
const finiteOf = (strip) => strip.series.flatMap(columnOf).filter(Number.isFinite).sort((a, b) => a - b);

function linearRange(strip) {
  const values = finiteOf(strip), most = values[Math.floor((values.length - 1) * 0.98)] ?? 1;
  let [low, high] = [Math.min(values[0] ?? 0, most), most];
  if (low > 0 && low < 0.5 * high) low = 0;
  const step = niceStep((high - low || Math.abs(high) || 1) / 2);
  low = Math.floor(low / step + 1e-9) * step;
  high = Math.max(Math.ceil(high / step - 1e-9) * step, low + step);
  return { low, high, ticks: [low, high].map((value) => [value, short(rounded(value))]) };
}

/** From just below the floor's spread, where differences mean nothing, to the largest value; powers of ten marked. */
function logRange(strip) {
  const values = finiteOf(strip), least = Math.max(1e-6, strip.floor ? strip.floor[1] : values[0] ?? 1e-3);
  const most = Math.max(1e-6, values.at(-1) ?? 1), low = 10 ** Math.floor(Math.log10(least));
  const high = Math.max(10 * low, 10 ** Math.ceil(Math.log10(most)));
  const ticks = [[low, "≤ " + short(low)]];
  for (let value = low * 10; value <= high * 1.01; value *= 10) ticks.push([value, short(rounded(value))]);
  return { low, high, ticks };
}
