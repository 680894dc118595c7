// The latent plane on canvas, with what one points at.

const HALO = 1.1; // CSS pixels of ground round a code, so that neighbours stay apart
const ARROWS = 400; // codes with arrows, at most: more would hide the codes
const POINTS_PER_S = 12; // questions to Python about the place pointed at

/** The latent plane of one lane: D's surface, prior, codes, arrows, axes; a crosshair with a card.
 *
 * ask(x, y) or ask(null) tells what is pointed at; toggle() plays or pauses.
 * Returns {element, card, paint(data, theme), answer(content, buffers)}; `data` holds the layers and
 * {extent, axes, arrowColours, image, live, label}.
 */
function latentPlot(lane, { ask, toggle }) {
  const canvas = h("canvas", { "aria-hidden": "true" });
  const glass = h("canvas", { "aria-hidden": "true", class: "aae-glass" });
  const card = pointCard(() => leave());
  const element = h(
    "div",
    {
      class: "aae-plot", "data-lane": lane, tabindex: 0, role: "application", "aria-roledescription": "latent plane",
      onpointermove: (event) => pinned || point(latent(event)),
      onpointerleave: () => pinned || leave(),
      onclick: (event) => card.element.contains(event.target) || pin(latent(event)),
      onkeydown: keyed,
    },
    canvas, glass, card.element,
  );
  const kept = { heat: document.createElement("canvas"), prior: document.createElement("canvas") }; // drawn once
  let box = null, data = null, theme = null, at = null, pinned = false, crossed = false, asked = 0;
  const askSoon = throttled(() => at && data?.live && ask(...at), 1000 / POINTS_PER_S);

  // ---- where: latent units <-> CSS pixels ----

  function measure() {
    const left = 40 * theme.scale, below = 36 * theme.scale, edge = 8 * theme.scale;
    const side = Math.max(80, Math.round(element.clientWidth - left - edge));
    box = { left, top: edge, side, width: left + side + edge, height: edge + side + below };
  }
  const px = (x) => box.left + ((x - data.extent[0]) / (data.extent[1] - data.extent[0])) * box.side;
  const py = (y) => box.top + ((data.extent[3] - y) / (data.extent[3] - data.extent[2])) * box.side;
  function latent(event) {
    if (!data) return null;
    const frame = canvas.getBoundingClientRect(), [l, r, b, t] = data.extent;
    const u = (event.clientX - frame.left - box.left) / box.side, v = (event.clientY - frame.top - box.top) / box.side;
    return u < 0 || u > 1 || v < 0 || v > 1 ? null : [l + u * (r - l), t - v * (t - b)];
  }

  // ---- pointing ----

  function point(z) {
    if (!z) return leave();
    at = z;
    showCrosshair();
    askSoon();
  }
  function pin(z) {
    pinned = z !== null;
    point(z);
  }
  function leave() {
    if (!at) return;
    askSoon.cancel();
    at = null;
    pinned = false;
    showCrosshair();
    ask(null);
  }
  function keyed(event) {
    const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!data || event.target !== element || event.ctrlKey || event.metaKey || event.altKey) return;
    if (move) {
      const [l, r, b, t] = data.extent, part = event.shiftKey ? 8 : 40;
      const [x, y] = at ?? [(l + r) / 2, (b + t) / 2];
      const inside = (value, low, high) => Math.min(high, Math.max(low, value));
      point([inside(x + (move[0] * (r - l)) / part, l, r), inside(y + (move[1] * (t - b)) / part, b, t)]);
    } else if (event.key === "Enter") pin(pinned ? null : at ?? [0, 0]);
    else if (event.key === "Escape") leave();
    else if (event.key === " ") toggle();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
  function showCrosshair() {
    if (!at && !crossed) return;
    crossed = at !== null;
    const draw = sharp(glass, box.width, box.height);
    card.show(at, pinned, data, at && [px(at[0]), py(at[1])], box);
    if (!at) return;
    const x = px(at[0]), y = py(at[1]), { left, top, side } = box;
    const lines = [[left, y, x - 6, y], [x + 6, y, left + side, y], [x, top, x, y - 6], [x, y + 6, x, top + side]];
    for (const [width, colour] of [[3, withAlpha(theme.ground, 0.7)], [1, theme.ink]]) {
      draw.lineWidth = width * theme.scale;
      draw.strokeStyle = colour;
      draw.beginPath();
      for (const [a, b, c, d] of lines) {
        draw.moveTo(a, b);
        draw.lineTo(c, d);
      }
      draw.stroke();
      draw.beginPath();
      draw.arc(x, y, 6, 0, 7);
      draw.stroke();
    }
  }

  // ---- painting ----

  function paint(newData, newTheme) {
    const fresh = theme !== newTheme;
    data = newData;
    theme = newTheme;
    measure();
    const draw = sharp(canvas, box.width, box.height);
    draw.fillStyle = theme.ground;
    draw.fillRect(box.left, box.top, box.side, box.side);
    draw.save();
    draw.beginPath();
    draw.rect(box.left, box.top, box.side, box.side);
    draw.clip();
    if (data.surface) paintSurface(draw, fresh);
    if (data.prior) paintPrior(draw, fresh);
    if (data.arrows) data.arrowColours.forEach((colour, k) => paintArrows(draw, theme.stroke(colour), 2 + 2 * k));
    if (data.codes) paintCodes(draw, fresh);
    if (data.heads) paintHeads(draw);
    draw.restore();
    paintAxes(draw);
    setAttribute(element, "aria-label", data.label);
    showCrosshair();
    if (at && performance.now() - asked > 500) {
      asked = performance.now();
      askSoon(); // the decoder has moved on
    }
  }

  function paintSurface(draw, fresh) {
    const [rows, columns] = data.surface.shape, bytes = data.surface.data;
    if (kept.surface !== data.surface || fresh) {
      kept.surface = data.surface;
      kept.heat.width = columns;
      kept.heat.height = rows;
      const picture = new ImageData(columns, rows), [fake, real] = [rgb(theme.fake), rgb(theme.real)];
      const most = theme.dark ? 130 : 90;
      for (let i = 0; i < bytes.length; i++) {
        const belief = (bytes[i] - 127.5) / 127.5; // -1: surely a code, 1: surely from the prior
        picture.data.set(belief < 0 ? fake : real, 4 * i);
        picture.data[4 * i + 3] = most * Math.abs(belief);
      }
      kept.heat.getContext("2d").putImageData(picture, 0, 0);
    }
    draw.imageSmoothingEnabled = true;
    draw.drawImage(kept.heat, box.left, box.top, box.side, box.side);
  }

  function paintPrior(draw, fresh) {
    const key = [data.extent, box.width].join();
    if (kept.points !== data.prior || kept.key !== key || fresh) {
      Object.assign(kept, { points: data.prior, key });
      const back = sharp(kept.prior, box.width, box.height), points = data.prior.data, r = 1.7 * theme.scale;
      back.fillStyle = theme.prior;
      for (let i = 0; i < points.length; i += 2) {
        back.beginPath();
        back.arc(px(points[i]), py(points[i + 1]), r, 0, 7);
        back.fill();
      }
    }
    draw.drawImage(kept.prior, 0, 0, box.width, box.height);
  }

  function paintCodes(draw, fresh) {
    const points = data.codes.data, labels = (data.predicted ? data.categories : data.labels)?.data, n = points.length / 2;
    const radius = (n > 900 ? 2.3 : n > 400 ? 2.8 : 3.4) * theme.scale * Math.min(1.25, Math.max(0.8, box.side / 420));
    const half = radius + HALO, size = 2 * half, ratio = window.devicePixelRatio;
    if (fresh || kept.size !== size || kept.ratio !== ratio) Object.assign(kept, { stamps: new Map(), size, ratio });
    const { stamps } = kept, { left, top, side } = box, [l, r, , t] = data.extent, unit = side / (r - l);
    for (let i = 0; i < n; i++) {
      const label = labels ? labels[i] : 255;
      if (!stamps.has(label)) stamps.set(label, stamp(theme.classes.get(label) ?? null, radius));
      const x = left + (points[2 * i] - l) * unit - half, y = top + (t - points[2 * i + 1]) * unit - half;
      draw.drawImage(stamps.get(label), x, y, size, size);
    }
  }

  function paintHeads(draw) { // the numbers of a map's heads, where they lie
    draw.font = `bold ${14 * theme.scale}px ${theme.font}`;
    draw.textAlign = "center";
    draw.textBaseline = "middle";
    draw.lineWidth = 4 * theme.scale;
    draw.lineJoin = "round";
    draw.strokeStyle = theme.ground;
    draw.fillStyle = theme.ink;
    const { data: at } = data.heads;
    for (let k = 0; 2 * k < at.length; k++) {
      const [x, y] = [px(at[2 * k]), py(at[2 * k + 1])];
      draw.strokeText(String(k), x, y);
      draw.fillText(String(k), x, y);
    }
  }

  function stamp(colour, radius) {
    const half = radius + HALO, ratio = window.devicePixelRatio, pixels = Math.ceil(2 * half * ratio);
    const dot = new OffscreenCanvas(pixels, pixels), draw = dot.getContext("2d");
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

  function paintArrows(draw, colour, offset) {
    const { data: rows, shape } = data.arrows, unit = box.side / (data.extent[1] - data.extent[0]);
    const lines = new Path2D();
    const every = Math.ceil(shape[0] / ARROWS);
    for (let i = 0; i < shape[0]; i += every) {
      const row = i * shape[1], dx = rows[row + offset] * unit, dy = -rows[row + offset + 1] * unit;
      const length = Math.hypot(dx, dy), x = px(rows[row]) + dx, y = py(rows[row + 1]) + dy;
      if (length < 1.5) continue;
      const head = Math.min(5 * theme.scale, length * 0.4) / length, [a, b] = [dx * head, dy * head];
      lines.moveTo(x - dx, y - dy);
      lines.lineTo(x, y);
      lines.moveTo(x - a - b * 0.5, y - b + a * 0.5);
      lines.lineTo(x, y);
      lines.lineTo(x - a + b * 0.5, y - b - a * 0.5);
    }
    draw.lineWidth = 1.2 * theme.scale;
    draw.strokeStyle = colour;
    draw.stroke(lines);
  }

  function paintAxes(draw) {
    const [l, r, b, t] = data.extent, low = box.top + box.side, size = 11.5 * theme.scale;
    draw.strokeStyle = theme.axis;
    draw.lineWidth = 1;
    draw.strokeRect(box.left + 0.5, box.top + 0.5, box.side - 1, box.side - 1);
    draw.fillStyle = theme.quiet;
    draw.font = `${size}px ${theme.font}`;
    draw.textAlign = "center";
    draw.textBaseline = "top";
    const many = box.side / theme.scale > 300 ? 7 : 5;
    for (const x of niceTicks(l, r, many)) {
      draw.fillRect(px(x), low, 1, 4);
      draw.fillText(short(x), px(x), low + 6);
    }
    draw.textAlign = "right";
    draw.textBaseline = "middle";
    for (const y of niceTicks(b, t, many)) {
      draw.fillRect(box.left - 4, py(y), 4, 1);
      draw.fillText(short(y), box.left - 7, Math.min(low - size / 2, Math.max(box.top + size / 2, py(y))));
    }
    draw.fillStyle = theme.ink;
    draw.font = `italic ${size * 1.15}px ${theme.font}`;
    draw.textBaseline = "alphabetic";
    draw.fillText(data.axes[0], box.left + box.side, low + 31 * theme.scale);
    draw.textAlign = "left";
    draw.fillText(data.axes[1], 2, box.top + size);
  }

  return { element, paint, answer: (content, buffers) => at && card.fill(content, buffers, data) };
}
