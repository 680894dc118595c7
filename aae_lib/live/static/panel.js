// Built from ../page by make page: change that.

// dom.ts
function h(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}
function vector(tag, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}
function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === void 0 || value === false) continue;
    if (typeof value === "function") node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...present(children));
  return node;
}
function present(children) {
  return children.flatMap((child) => {
    if (Array.isArray(child)) return present(child);
    if (child === null || child === void 0 || child === false) return [];
    return [child instanceof Node ? child : String(child)];
  });
}
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}
function setAttribute(node, name, value) {
  if (node.getAttribute(name) !== String(value)) node.setAttribute(name, String(value));
}
var copy = Math.random().toString(36).slice(2, 8);
var made = 0;
var freshId = () => `aae-${copy}-${++made}`;
function throttled(call, ms) {
  let timer;
  let latest;
  let last = 0;
  const run = () => {
    timer = void 0;
    last = performance.now();
    call(...latest);
  };
  const later = (...values) => {
    latest = values;
    timer ??= setTimeout(run, Math.max(0, last + ms - performance.now()));
  };
  const cancel = () => {
    clearTimeout(timer);
    timer = void 0;
  };
  return Object.assign(later, { cancel });
}

// keys.ts
var ATTRIBUTE = "data-lm-suppress-shortcuts";
var EDITING = "acvxyz";
var ours = ({ ctrlKey, metaKey, key }) => !(ctrlKey || metaKey) || EDITING.includes(key.toLowerCase());
function keepKeys(root) {
  const before = (event) => root.toggleAttribute(ATTRIBUTE, ours(event));
  const after = (event) => ours(event) && event.stopPropagation();
  window.addEventListener("keydown", before, { capture: true });
  root.addEventListener("keydown", after);
  return () => {
    window.removeEventListener("keydown", before, { capture: true });
    root.removeEventListener("keydown", after);
  };
}

// numbers.ts
function short(value) {
  if (value === null || value === void 0 || !Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const text = size >= 1e5 || size < 1e-4 ? value.toExponential(1) : String(Number(value.toPrecision(3)));
  return text.replace("-", "−");
}
function decimals(value, digits) {
  return value !== null && Number.isFinite(value) ? value.toFixed(digits).replace("-", "−") : "–";
}
var inThousands = new Intl.NumberFormat("en-US");
var counted = (n) => inThousands.format(n);
var rounded = (value) => Number(value.toPrecision(9));
var within = (value, low, high) => Math.min(high, Math.max(low, value));
var close = (a, b) => Math.abs(a - b) <= 1e-6 * Math.max(1e-3, Math.abs(a), Math.abs(b));

// canvas.ts
function contextOf(canvas) {
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser gives no canvas to draw on");
  return context;
}
function sharp(canvas, width, height) {
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

// scales.ts
var SCALES = {
  linear: (low, high) => ({
    place: (value) => (value - low) / (high - low),
    value: (place) => low + (high - low) * place
  }),
  square: (low, high) => ({
    place: (value) => Math.sqrt((value - low) / (high - low)),
    value: (place) => low + (high - low) * place * place
  }),
  log: (low, high) => ({
    place: (value) => Math.log(value / low) / Math.log(high / low),
    value: (place) => low * (high / low) ** place
  })
};
function niceTicks(low, high, n) {
  const step = niceStep((high - low) / n);
  const ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) ticks.push(rounded(i * step));
  return ticks;
}
function niceStep(rough) {
  const power = 10 ** Math.floor(Math.log10(rough || 1));
  return power * ([1, 2, 5].find((k) => k * power >= rough * 0.999) ?? 10);
}
function linearRange(sorted) {
  const most = sorted[Math.floor((sorted.length - 1) * 0.98)] ?? 1;
  let low = Math.min(sorted[0] ?? 0, most);
  if (low > 0 && low < 0.5 * most) low = 0;
  const step = niceStep((most - low || Math.abs(most) || 1) / 2);
  low = Math.floor(low / step + 1e-9) * step;
  const high = Math.max(Math.ceil(most / step - 1e-9) * step, low + step);
  const largest = sorted.at(-1) ?? high;
  const ticks = [low, high].map((value) => [value, short(rounded(value))]);
  return { low, high, ticks, ...largest > high && { beyond: largest } };
}
function logRange(sorted, least = sorted[0] ?? 1e-3) {
  const low = 10 ** Math.floor(Math.log10(Math.max(1e-6, least)));
  const high = Math.max(10 * low, 10 ** Math.ceil(Math.log10(Math.max(1e-6, sorted.at(-1) ?? 1))));
  const ticks = [[low, `≤ ${short(low)}`]];
  for (let value = low * 10; value <= high * 1.01; value *= 10) ticks.push([value, short(rounded(value))]);
  return { low, high, ticks };
}

// strokes.ts
var MOST_POINTS = 2e3;
var copied = (strokes) => strokes.map(({ width, points }) => ({ width, points: points.map(([x, y]) => [x, y]) }));
var apart = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);
var Drawing = class {
  done;
  now = null;
  // under way
  tip = [0, 0];
  // where the brush is, while a stroke is under way
  gap = 0;
  // the least distance of two kept points
  cleared = [];
  // by the last `clear`
  constructor(strokes) {
    this.done = copied(strokes);
  }
  /** Finer than `visible`, in units of z, is not to be seen. */
  begin(point, width, visible) {
    this.now = { width, points: [point] };
    this.gap = Math.max(width / 4, visible);
    this.tip = point;
  }
  add(point) {
    if (!this.now) return;
    this.tip = point;
    const { width, points } = this.now;
    if (apart(point, points[points.length - 1]) < this.gap) return;
    points.push(point);
    if (points.length < MOST_POINTS - 1) return;
    this.done.push(this.now);
    this.now = { width, points: [point] };
  }
  end() {
    if (!this.now) return;
    const { points } = this.now;
    if (apart(this.tip, points[points.length - 1]) > 0) points.push(this.tip);
    this.done.push(this.now);
    this.now = null;
  }
  drop() {
    this.now = null;
  }
  /** Take back the last stroke, or else the last `clear`; whether there was one. */
  undo() {
    if (this.done.pop()) return true;
    this.done = this.cleared;
    this.cleared = [];
    return this.done.length > 0;
  }
  clear() {
    if (!this.done.length) return false;
    this.cleared = this.done.splice(0);
    return true;
  }
  /** All strokes as they look now. */
  seen() {
    return this.now ? [...this.done, { ...this.now, points: [...this.now.points, this.tip] }] : this.done;
  }
};
var countText = (n) => n === 0 ? "nothing drawn yet" : n === 1 ? "1 stroke" : `${n} strokes`;
var fine = (value) => Number(value.toFixed(3));
function nudged([x, y], arrows, step, [l, r, b, t]) {
  for (const [right, up] of arrows) {
    x += step * right;
    y += step * up;
  }
  return [fine(within(x, l, r)), fine(within(y, b, t))];
}
function wholeTicks(low, high, pixels) {
  return niceTicks(low, high, Math.min(high - low, pixels / 36));
}

// pad_paint.ts
function paintPad(canvas, style, extent, strokes, brush) {
  const [width, height, ratio] = [canvas.clientWidth, canvas.clientHeight, window.devicePixelRatio || 1];
  if (!width || !height) return;
  const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== wide) canvas.width = wide;
  if (canvas.height !== high) canvas.height = high;
  const draw = contextOf(canvas);
  draw.setTransform(wide / width, 0, 0, high / height, 0, 0);
  draw.clearRect(0, 0, width, height);
  const colour = (name) => style.getPropertyValue(`--pad-${name}`).trim();
  const [left, right, bottom, top] = extent;
  const [across, down] = [SCALES.linear(left, right), SCALES.linear(top, bottom)];
  const pixel = ([x, y]) => [across.place(x) * width, down.place(y) * height];
  const unit = width / (right - left);
  const ticks = [
    ...wholeTicks(left, right, (right - left) * unit).map((value) => {
      return { axis: 0, value, place: pixel([value, top])[0] };
    }),
    ...wholeTicks(bottom, top, (top - bottom) * unit).map((value) => {
      return { axis: 1, value, place: pixel([left, value])[1] };
    })
  ];
  paintGrid(draw, ticks, width, height, colour);
  draw.strokeStyle = colour("ink");
  draw.lineCap = draw.lineJoin = "round";
  for (const stroke of strokes) paintStroke(draw, stroke, pixel, unit);
  draw.font = `${0.85 * Number.parseFloat(style.fontSize)}px ${style.fontFamily}`;
  paintNumbers(draw, ticks, width, height, colour);
  if (brush) paintRing(draw, pixel(brush.at), brush.width / 2 * unit, colour);
}
function paintGrid(draw, ticks, width, height, colour) {
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
function paintStroke(draw, { width, points }, pixel, unit) {
  draw.lineWidth = width * unit;
  draw.beginPath();
  draw.moveTo(...pixel(points[0]));
  for (const point of points) draw.lineTo(...pixel(point));
  draw.stroke();
}
function paintNumbers(draw, ticks, width, height, colour) {
  draw.fillStyle = colour("faint");
  draw.strokeStyle = colour("paper");
  draw.lineWidth = 3;
  const write = (text, x, y, align, baseline) => {
    draw.textAlign = align;
    draw.textBaseline = baseline;
    draw.strokeText(text, x, y);
    draw.fillText(text, x, y);
  };
  for (const { axis, value, place } of ticks) {
    if (place < 24 || place > [width, height][axis] - 28) continue;
    if (axis) write(short(value), 5, place, "left", "middle");
    else write(short(value), place, height - 4, "center", "bottom");
  }
  write("z₁", width - 5, height - 4, "right", "bottom");
  write("z₂", 5, 5, "left", "top");
}
function paintRing(draw, at, radius, colour) {
  for (const [line, name] of [[3, "paper"], [1.5, "text"]]) {
    draw.beginPath();
    draw.arc(...at, Math.max(radius, 1.5), 0, 2 * Math.PI);
    draw.lineWidth = line;
    draw.strokeStyle = colour(name);
    draw.stroke();
  }
}

// colours.ts
var rgb = (hex) => [1, 3, 5].map((i) => Number.parseInt(hex.slice(i, i + 2), 16));
var hexOf = (colour) => `#${colour.map((c) => Math.round(c).toString(16).padStart(2, "0")).join("")}`;
var withAlpha = (hex, alpha) => `rgba(${rgb(hex).join(",")},${alpha})`;
var blend = (a, b, t) => a.map((c, i) => c + (b[i] - c) * t);
function luminance(hex) {
  const [r, g, b] = rgb(hex).map((c) => c <= 10 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function contrast(a, b) {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}
function readable(hex, ground, ratio) {
  const end = luminance(ground) > 0.3 ? [0, 0, 0] : [255, 255, 255];
  for (let t = 0; t < 1; t += 0.05) {
    const colour = hexOf(blend(rgb(hex), end, t));
    if (contrast(colour, ground) >= ratio) return colour;
  }
  return hexOf(end);
}

// theme.ts
function isDark() {
  const { jpThemeLight, vscodeThemeKind } = document.body.dataset;
  if (jpThemeLight) return jpThemeLight === "false";
  if (vscodeThemeKind) return vscodeThemeKind.includes("dark") || vscodeThemeKind === "vscode-high-contrast";
  return matchMedia("(prefers-color-scheme: dark)").matches;
}
function followTheme(root, changed) {
  const query = matchMedia("(prefers-color-scheme: dark)");
  const update = () => {
    const theme = isDark() ? "dark" : "light";
    if (root.dataset.theme === theme) return;
    root.dataset.theme = theme;
    changed();
  };
  const observer = new MutationObserver(update);
  const told = ["data-jp-theme-light", "data-vscode-theme-kind"];
  observer.observe(document.body, { attributes: true, attributeFilter: told });
  query.addEventListener("change", update);
  update();
  return () => {
    observer.disconnect();
    query.removeEventListener("change", update);
  };
}
function themeOf(root, spec) {
  const style = getComputedStyle(root);
  const dark = root.dataset.theme === "dark";
  const read = (name) => style.getPropertyValue(`--aae-${name}`).trim();
  const [ground, ink] = [read("plot"), read("text")];
  const onPlot = (hex) => {
    if (!dark) return hex;
    return luminance(hex) < 1e-3 ? "#ffffff" : readable(hex, ground, 3);
  };
  return {
    dark,
    scale: root.classList.contains("is-large") ? 1.3 : 1,
    surface: Number(read("surface")),
    font: style.fontFamily,
    ground,
    ink,
    quiet: read("faint"),
    line: read("line"),
    axis: read("axis"),
    prior: readable(dark ? read("prior") : spec.colours.prior, ground, 3.2),
    real: onPlot(spec.colours.real),
    fake: onPlot(spec.colours.fake),
    classes: new Map(spec.classes.map(([label, , hex]) => [label, onPlot(hex)])),
    onPlot,
    stroke: (hex) => readable(hex ?? ink, ground, 3),
    text: (hex) => readable(hex ?? ink, ground, 4.5)
  };
}

// pad.ts
var HOW_TO_DRAW = "Draw with the mouse, a pen or a finger. By keyboard: arrow keys move the brush (Shift: faster); hold Space or Enter to draw, or tap it to lower and to lift the brush; Escape drops the stroke.";
var ARROW_KEYS = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowDown: [0, -1],
  ArrowUp: [0, 1]
};
function drawingPad(host, { extent, strokes, onChange = () => {
} }) {
  const id = freshId();
  const canvas = h("canvas", {
    tabindex: 0,
    role: "application",
    "aria-roledescription": "drawing pad",
    "aria-describedby": id
  });
  const brush = h("input", {
    type: "range",
    min: 0.1,
    max: 1.5,
    step: 0.05,
    value: strokes.at(-1)?.width ?? 0.4,
    // to go on with what is there
    "data-pad": "width",
    "aria-label": "brush width, in units of z",
    oninput: widthChanged
  });
  const shownWidth = h("span", { class: "aae-pad-width" });
  const button2 = (name, title, onclick) => h("button", { type: "button", "data-pad": name, title, onclick }, name);
  const status = h("div", { class: "aae-pad-note aae-pad-say", role: "status" });
  const element = h(
    "div",
    { class: "aae-pad" },
    canvas,
    h(
      "div",
      { class: "aae-pad-row" },
      [h("label", {}, "brush", brush), shownWidth],
      button2("undo", "take back the last stroke, or clear (Ctrl+Z)", undo),
      button2("clear", "take back all strokes", clear)
    ),
    h("div", { class: "aae-pad-note", id }, HOW_TO_DRAW),
    status
  );
  const stop = new AbortController();
  const on = (target, name, heard) => target.addEventListener(name, heard, { signal: stop.signal });
  const drawing = new Drawing(strokes);
  let pointer = null;
  let at = null;
  let held = false;
  let movedWhileHeld = false;
  const arrows = /* @__PURE__ */ new Set();
  const width = () => Number(brush.value);
  const scale = () => canvas.clientWidth / (extent[1] - extent[0]);
  const centred = () => at ?? [(extent[0] + extent[1]) / 2, (extent[2] + extent[3]) / 2];
  function latent(event) {
    const box = canvas.getBoundingClientRect();
    const [left, right, bottom, top] = extent;
    const x = SCALES.linear(left, right).value((event.clientX - box.left) / box.width);
    const y = SCALES.linear(top, bottom).value((event.clientY - box.top) / box.height);
    return [fine(x), fine(y)];
  }
  function begin(point) {
    if (drawing.now) end();
    drawing.begin(point, width(), 2 / scale());
    at = point;
  }
  function go(point) {
    at = point;
    drawing.add(point);
  }
  function end() {
    drawing.end();
    pointer = null;
    changed();
  }
  function drop() {
    drawing.drop();
    pointer = null;
    draw();
  }
  function changed() {
    count();
    onChange(copied(drawing.done));
  }
  function count() {
    setText(status, countText(drawing.done.length));
    draw();
  }
  function undo() {
    if (drawing.now) drop();
    else if (drawing.undo()) changed();
  }
  function clear() {
    if (drawing.now) drop();
    if (drawing.clear()) changed();
  }
  on(canvas, "pointerdown", (event) => {
    if (event.button !== 0 || pointer !== null) return;
    event.preventDefault();
    focus();
    canvas.setPointerCapture(event.pointerId);
    begin(latent(event));
    pointer = event.pointerId;
    draw();
  });
  on(canvas, "pointermove", (event) => {
    if (drawing.now && event.pointerId !== pointer) return;
    const moves = event.getCoalescedEvents?.() ?? [];
    for (const move2 of moves.length ? moves : [event]) go(latent(move2));
    draw();
  });
  const lifted = (event) => {
    if (drawing.now && event.pointerId === pointer) end();
  };
  for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) on(canvas, name, lifted);
  on(canvas, "pointerleave", () => {
    if (!drawing.now) at = null;
    draw();
  });
  on(element, "keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "z") {
      event.preventDefault();
      event.stopPropagation();
      undo();
    }
  });
  on(canvas, "keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || pointer !== null) return;
    if (ARROW_KEYS[event.key]) {
      arrows.add(event.key);
      move(event.shiftKey ? 5 : 1);
    } else if (event.key === " " || event.key === "Enter") {
      if (!event.repeat) press();
    } else if (event.key === "Escape" && drawing.now) drop();
    else return;
    event.preventDefault();
  });
  on(canvas, "keyup", (event) => {
    arrows.delete(event.key);
    if (event.key !== " " && event.key !== "Enter") return;
    held = false;
    if (drawing.now && pointer === null && movedWhileHeld) end();
  });
  on(canvas, "focus", () => {
    at = centred();
    draw();
  });
  on(canvas, "blur", () => {
    arrows.clear();
    held = false;
    if (drawing.now && pointer === null) end();
    at = null;
    draw();
  });
  function press() {
    held = true;
    movedWhileHeld = false;
    if (drawing.now) return end();
    const point = centred();
    begin(point);
    tell(point);
  }
  function move(times) {
    const step = times * (extent[1] - extent[0]) / 80;
    const keys = [...arrows].map((key) => ARROW_KEYS[key]);
    const point = nudged(centred(), keys, step, extent);
    go(point);
    movedWhileHeld = held;
    tell(point);
  }
  function tell([x, y]) {
    setText(status, `brush at ${decimals(x, 1)}, ${decimals(y, 1)}${drawing.now ? ", drawing" : ""}`);
    draw();
  }
  let due = 0;
  function draw() {
    due ||= requestAnimationFrame(() => {
      due = 0;
      paintPad(canvas, getComputedStyle(element), extent, drawing.seen(), at && { at, width: width() });
    });
  }
  function setExtent(next) {
    extent = [...next];
    at = null;
    if (drawing.now) drop();
    canvas.style.aspectRatio = `${extent[1] - extent[0]} / ${extent[3] - extent[2]}`;
    const [left, right, bottom, top] = extent.map(short);
    const where = `x from ${left} to ${right}, y from ${bottom} to ${top}`;
    const keys = "arrow keys move the brush, Space held down draws.";
    canvas.setAttribute("aria-label", `Prior p(z) to be drawn, ${where}: ${keys}`);
    draw();
  }
  function setStrokes(next) {
    drawing.done = copied(next);
    count();
  }
  function widthChanged() {
    setText(shownWidth, decimals(width(), 2));
    draw();
  }
  const focus = () => canvas.focus({ preventScroll: true });
  window.addEventListener("resize", draw, { signal: stop.signal });
  const size = new ResizeObserver(draw);
  size.observe(canvas);
  const unfollow = followTheme(element, draw);
  const endKeys = keepKeys(element);
  function destroy() {
    stop.abort();
    size.disconnect();
    unfollow();
    endKeys();
    cancelAnimationFrame(due);
    element.remove();
  }
  host.append(element);
  setExtent(extent);
  widthChanged();
  count();
  return { strokes: () => copied(drawing.done), setExtent, setStrokes, focus, destroy };
}

// pad_widget.ts
function renderPad({ model, el }) {
  const pad = drawingPad(el, {
    extent: model.get("extent"),
    strokes: model.get("strokes"),
    onChange(strokes2) {
      model.set("strokes", strokes2);
      model.save_changes();
    }
  });
  const strokes = () => pad.setStrokes(model.get("strokes"));
  const extent = () => pad.setExtent(model.get("extent"));
  model.on("change:strokes", strokes);
  model.on("change:extent", extent);
  return () => {
    model.off("change:strokes", strokes);
    model.off("change:extent", extent);
    pad.destroy();
  };
}

// frames.ts
var arrived = (runs) => runs.every(({ info }) => info !== null);
function unpacked(bytes) {
  if (bytes instanceof ArrayBuffer) return new Uint8Array(bytes);
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
var READ = {
  f4: (buffer) => new Float32Array(buffer),
  u1: (buffer) => new Uint8Array(buffer)
};
function layerOf({ dtype, shape }, bytes) {
  return { shape, data: READ[dtype](unpacked(bytes).slice().buffer) };
}
function keep(runs, frame, buffers) {
  frame.runs.slice(0, runs.length).forEach((info, i) => {
    runs[i].info = info;
    if (frame.state.at !== null) runs[i].layers.surface = null;
  });
  frame.layers.forEach((head, i) => {
    const run = runs[head.run];
    if (run) Object.assign(run.layers, { [head.name]: layerOf(head, buffers[i]) });
  });
}

// line.ts
var BUSY_MS = 1e3;
var SILENT_MS = 6e3;
function lineToKernel(post, told) {
  const mine = Math.random().toString(36).slice(2);
  let pending = [];
  let count = 0;
  let busy;
  let silent;
  function send(wish) {
    try {
      if (wish.do === "point" || wish.do === "seen") return post(wish);
      silent ??= setTimeout(told, SILENT_MS, "silent");
      if (wish.do === "hello") return post(wish);
      count += 1;
      pending.push(`${mine}.${count}`);
      busy ??= setTimeout(told, BUSY_MS, "busy");
      post({ ...wish, ticket: pending.at(-1) });
    } catch {
      told("silent");
    }
  }
  function heard() {
    clearTimeout(silent);
    silent = void 0;
  }
  function served(ticket) {
    const place = pending.indexOf(ticket);
    if (place < 0) return;
    pending = pending.slice(place + 1);
    clearTimeout(busy);
    busy = pending.length ? setTimeout(told, BUSY_MS, "busy") : void 0;
    if (!pending.length) told("served");
  }
  function end() {
    clearTimeout(busy);
    clearTimeout(silent);
  }
  return { send, heard, served, end, waits: () => pending.length > 0 };
}

// ../static/shared.json
var shared_default = {
  views: {
    all: "everything",
    tug: "one slider between reconstruction and game, the rest behind a button",
    plane: "points in the plane, no images"
  },
  dtypes: { f4: "float32", u1: "uint8" },
  no_label: 255,
  answer_every: 4,
  pad_extent: [-4, 4, -4, 4]
};

// messages.ts
var PAD_EXTENT = shared_default.pad_extent;
var NO_LABEL = shared_default.no_label;
var ANSWER_EVERY = shared_default.answer_every;

// buttons.ts
var ICONS = {
  play: "M4 2.5v11l9-5.5z",
  pause: "M4 3h3v10H4zM9 3h3v10H9z",
  step: "M3 2.5v11l7-5.5zM11 3h2v10h-2z",
  stop: "M3.5 3.5h9v9h-9z",
  reset: "M8 3a5 5 0 1 1-4.6 3l1.5.6A3.4 3.4 0 1 0 8 4.6V7L4 3.8 8 .6z"
};
function icon(name) {
  const path = ICONS[name];
  return path ? vector("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, vector("path", { d: path })) : null;
}
function button(name, text, onclick, more = {}) {
  return h("button", { type: "button", "data-do": name, onclick, ...more }, icon(name), h("span", {}, text));
}
var dotted = (kind, hex) => h("i", { class: `aae-${kind}`, style: hex && `--dot: var(--aae-on-${hex.slice(1)}, ${hex})` });

// strips.ts
var NOTHING = new Float32Array();
function lossStrips(spec, runs) {
  const strips = /* @__PURE__ */ new Map();
  spec.runs.forEach(({ phases }, i) => {
    phases.forEach(({ name, colour }, k) => {
      const strip = strips.get(name) ?? { name, colour, series: [], height: 64, log: false, floor: null };
      const rows = runs[i].layers.losses?.data ?? NOTHING;
      strip.series.push({ rows, stride: 1 + phases.length, column: 1 + k, dash: i > 0 });
      strips.set(name, strip);
    });
  });
  return [...strips.values()];
}
function mmdStrip(runs, dots = "codes") {
  const series = runs.map(({ layers }, i) => {
    return { rows: layers.mmd?.data ?? NOTHING, stride: 2, column: 1, dash: i > 0 };
  });
  const { floor } = runs[0].info;
  return { name: `MMD of the ${dots}; band: its floor`, colour: null, series, height: 150, log: true, floor };
}
function rangeOf(strip) {
  const values = strip.series.flatMap(columnOf).filter(Number.isFinite);
  values.sort((a, b) => a - b);
  return strip.log ? logRange(values, strip.floor?.[1]) : linearRange(values);
}
var columnOf = ({ rows, stride, column }) => Array.from(rows).filter((_, i) => i % stride === column);
var finalOf = ({ rows, stride, column }) => rows[rows.length - stride + column];
var lastStep = (losses) => losses?.data.at(-losses.shape[1]) ?? 0;

// curves.ts
function curvePlot(label) {
  const canvas = h("canvas", { role: "img", "aria-label": label });
  const element = h("div", { class: "aae-curves" }, canvas);
  function paint(strips, last, mark, theme, text) {
    const { scale } = theme;
    const [left, right, below, top] = [54 * scale, 66 * scale, 30 * scale, 20 * scale];
    const width = element.clientWidth;
    const height = strips.reduce((sum, strip) => sum + strip.height * scale, below);
    element.style.height = `${height}px`;
    const draw = sharp(canvas, width, height);
    const span = width - left - right;
    const end = Math.max(1, last);
    const px = (step) => left + step / end * span;
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
function paintStrip(draw, strip, frame, px, theme) {
  const { low, high, ticks, beyond } = rangeOf(strip);
  const { place } = SCALES[strip.log ? "log" : "linear"](low, high);
  const py = (value) => frame.y + (1 - place(within(value, low, high))) * frame.height;
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
  if (beyond !== void 0) {
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
    const clear = strip.series.length > 1 ? (i ? 6 : -6) * theme.scale : 0;
    if (drawn) draw.fillText(short(value), px(rows[rows.length - stride]) + 5, py(value) + clear);
  });
}

// error.ts
function errorBox() {
  let trace = "";
  const element = h("div", { class: "aae-error", role: "alert", hidden: true });
  const fold = button("error", "", () => show(Boolean(element.hidden)), { hidden: true, "aria-expanded": "false" });
  function show(open) {
    element.hidden = !open;
    fold.setAttribute("aria-expanded", String(open));
    setText(fold, open ? "hide the error" : "show the error");
  }
  function update(now) {
    if (now === trace) return;
    trace = now;
    fold.hidden = !trace;
    element.replaceChildren(
      h("b", {}, trace.trimEnd().split("\n").at(-1)),
      h("p", {}, "Correct the function, then run the cell again."),
      h("details", {}, h("summary", {}, "the whole traceback"), h("pre", { tabindex: 0 }, trace))
    );
    show(Boolean(trace));
  }
  return { element, fold, update };
}

// extents.ts
var HALVING = 1.5;
var MIDDLE = 0.96;
var ROOM = 1.5;
var middleOf = (low, high) => (low + high) / 2;
var square = (x, y, half) => [x - half, x + half, y - half, y + half];
function around(extents) {
  const ends = [0, 1, 2, 3].map((i) => Math[i % 2 ? "max" : "min"](...extents.map((one) => one[i])));
  const [left, right, bottom, top] = ends;
  const half = Math.max(right - left, top - bottom) / 2;
  return square(middleOf(left, right), middleOf(bottom, top), half);
}
function closeUp(codes, own) {
  if (!codes?.data.length) return own;
  const spans = [0, 1].map((axis) => {
    const values = codes.data.filter((_, i) => i % 2 === axis).sort();
    const outside = Math.floor((1 - MIDDLE) / 2 * values.length);
    return [values[outside], values[values.length - 1 - outside]];
  });
  const half = (own[1] - own[0]) / 2;
  const need = ROOM * Math.max(...spans.map(([low, high]) => high - low)) / 2;
  const times = Math.min(20, Math.floor(Math.log(half / need) / Math.log(HALVING)));
  if (!(times > 0)) return own;
  const size = half / HALVING ** times;
  const grid = size / 4;
  const [x, y] = spans.map(([low, high]) => Math.round(middleOf(low, high) / grid) * grid);
  return square(x, y, size);
}
var crowded = (codes, own) => {
  const [left, right] = closeUp(codes, own);
  return right - left < (own[1] - own[0]) / 4;
};

// overlays.ts
function overlayBoxes(spec, send, look, restyle) {
  const some = (has, text) => spec.runs.some(has) && text;
  const texts = {
    surface: some((run) => run.surface, "D's surface"),
    arrows: some((run) => run.arrows.length, "arrows"),
    images: spec.image && spec.view !== "plane" && "images",
    predicted: some((run) => run.categories, "colour by category, not by class")
  };
  const box = (name, text, changed) => {
    const onchange = () => changed(input.checked);
    const input = h("input", { type: "checkbox", "data-do": `overlay-${name}`, onchange });
    return { name, input, label: h("label", {}, input, text) };
  };
  const names = Object.keys(texts).filter((name) => texts[name]);
  const boxes = names.map((name) => box(name, texts[name], (on) => send({ do: "overlay", name, on })));
  const close2 = box("close-up", `close-up of the ${spec.runs[0].dots}`, (on) => {
    look.closeUp = on;
    restyle();
  });
  const labels = [...boxes, close2].map(({ label }) => label);
  const element = h("div", { class: "aae-overlays", role: "group", "aria-label": "what is drawn" }, labels);
  function update(on, closeUp2) {
    for (const { name, input } of boxes) input.checked = on[name] ?? false;
    close2.input.checked = closeUp2;
  }
  return { element, update };
}

// prior.ts
function priorChooser(spec, send) {
  const id = freshId();
  const now = h("option", { value: "" }, "…");
  const choices = spec.priors.map((name) => h("option", { value: name }, name));
  if (spec.can_draw) choices.push(h("option", { value: "draw" }, "draw your own…"));
  const select = h("select", { id, class: "aae-prior", onchange: chosen }, now, choices);
  const place = h("div", { class: "aae-drawing", hidden: true });
  const element = h("div", { class: "aae-choose" }, h("label", { for: id }, "prior p(z)"), select, place);
  let pad = null;
  let drawn = [];
  function chosen() {
    if (select.value === "draw") draw();
    else if (select.value) send({ do: "prior", name: select.value });
    select.value = "";
  }
  function draw() {
    if (pad) return;
    place.hidden = false;
    const host = h("div");
    const buttons = [button("draw", "use this drawing", use), button("cancel", "cancel", closePad)];
    place.replaceChildren(host, h("div", { class: "aae-row" }, buttons));
    pad = drawingPad(host, { extent: PAD_EXTENT, strokes: drawn });
    pad.focus();
  }
  function use() {
    if (!pad) return;
    drawn = pad.strokes();
    send({ do: "draw", strokes: drawn });
    if (drawn.length) closePad();
  }
  function closePad() {
    pad?.destroy();
    pad = null;
    place.hidden = true;
    place.replaceChildren();
    select.focus();
  }
  function update(prior) {
    setText(now, `now: ${prior.split("(")[0]}`);
    setAttribute(select, "title", prior);
  }
  return { element, update, end: () => pad?.destroy() };
}

// sample.ts
function drawSample(canvas, bytes, [height, width, channels]) {
  canvas.width = width;
  canvas.height = height;
  contextOf(canvas).putImageData(new ImageData(opaque(bytes, channels), width, height), 0, 0);
}
function opaque(bytes, channels) {
  const n = bytes.length / channels;
  const pixels = new Uint8ClampedArray(4 * n);
  for (let i = 0; i < n; i++) {
    for (let c = 0; c < 3; c++) pixels[4 * i + c] = bytes[i * channels + (channels === 3 ? c : 0)];
    pixels[4 * i + 3] = 255;
  }
  return pixels;
}

// images.ts
var ROWS = ["images", "reconstructed", "samples of p(z)"];
function pictureRows() {
  const strips = ROWS.map((text) => h("div", { class: "aae-strip", role: "img", "aria-label": text }));
  const rows = strips.map((strip, i) => h("div", { class: "aae-images-row" }, h("span", {}, ROWS[i]), strip));
  const shown = ROWS.map(() => []);
  function update({ data, shape: [, k, height, width, channels] }) {
    const size = [height, width, channels];
    const n = height * width * channels;
    strips.forEach((strip, i) => {
      if (shown[i].length !== k) {
        shown[i] = Array.from({ length: k }, () => h("canvas", { "aria-hidden": "true" }));
        strip.replaceChildren(...shown[i]);
      }
      shown[i].forEach((canvas, j) => {
        drawSample(canvas, data.subarray((i * k + j) * n, (i * k + j + 1) * n), size);
      });
    });
  }
  return { element: h("div", { class: "aae-images" }, rows), update };
}
function countsOf(categories, k) {
  const counts = new Array(k).fill(0);
  for (const category of categories) counts[category] += 1;
  return counts;
}
function occupancyBars(k) {
  const bars = Array.from({ length: k }, () => h("i"));
  const columns = bars.map((bar, i) => h("div", {}, bar, h("span", {}, String(i))));
  const element = h("div", { class: "aae-shares", role: "img" }, columns);
  let drawn = null;
  function update(layer, theme) {
    if (!layer || drawn?.data === layer.data && drawn.theme === theme) return;
    drawn = { data: layer.data, theme };
    const counts = countsOf(layer.data, k);
    const most = Math.max(1, ...counts);
    bars.forEach((bar, i) => {
      bar.style.height = `${100 * counts[i] / most}%`;
      bar.style.background = theme.classes.get(i) ?? theme.ink;
      columns[i].title = `category ${i}: ${counts[i]} images`;
    });
    const empty = counts.filter((n) => !n).length;
    setAttribute(element, "aria-label", `Images in each category: ${counts.join(", ")}. ${empty} of ${k} are empty.`);
  }
  return { element, update };
}

// networks.ts
var WIDE = 112;
var ONE_GAME = { encoder: [40, 8], decoder: [232, 8], discriminator: [136, 100] };
var TWO_GAMES = {
  encoder: [40, 8],
  decoder: [232, 8],
  discriminator: [40, 100],
  discriminator_y: [232, 100],
  cluster_heads: [136, 174]
};
function networkDiagram({ networks, phases }) {
  const games = networks.filter((name2) => name2.startsWith("discriminator")).length;
  const usual = games > 1 ? TWO_GAMES : ONE_GAME;
  const known = ["encoder", "decoder"].every((name2) => networks.includes(name2)) && networks.every((n) => n in usual);
  const places = known ? usual : inRows(networks);
  const boxes = networks.map((name2) => networkBox(name2, places[name2]));
  const rows = networks.includes("cluster_heads") ? 240 : games ? 166 : 76;
  const height = known ? rows : 80 * Math.ceil(networks.length / 3);
  const name = `The networks ${networks.join(", ")}.`;
  const picture = vector(
    "svg",
    { class: "aae-diagram", viewBox: `0 0 384 ${height}`, role: "img", "aria-label": name },
    known && wires(games),
    boxes.map((box) => box.group)
  );
  const chips = phases.map((phase) => h("li", {}, dotted("dot", phase.colour), phase.name));
  const order = h("ol", { class: "aae-phases", "aria-label": "the phases of one step" }, chips);
  const told = h("p", { class: "aae-told" });
  let peak = 1e-12;
  function update({ lit, moved }, theme) {
    const phase = phases.find(({ name: name2 }) => name2 === lit);
    const far = (phase && moved) ?? {};
    const most = Math.max(0, ...Object.values(far));
    peak = Math.max(most, peak * 0.9);
    phases.forEach((one, i) => {
      chips[i].classList.toggle("is-lit", one === phase);
      if (one === phase) chips[i].setAttribute("aria-current", "step");
      else chips[i].removeAttribute("aria-current");
    });
    networks.forEach((name2, i) => {
      const colour = phase?.moves.includes(name2) ? theme.stroke(phase.colour) : null;
      boxes[i].update(colour, phase ? far[name2] ?? 0 : null, peak, theme);
    });
    const text = whoMoved(networks, phase, far);
    setText(told, text);
    setAttribute(picture, "aria-label", `${name} ${text}`);
  }
  return { element: h("div", { class: "aae-networks" }, order, picture, told), update };
}
function whoMoved(networks, phase, far) {
  if (!phase) return "Press step: one phase at a time.";
  const went = networks.filter((name) => far[name] > 0);
  const still = networks.filter((name) => !went.includes(name));
  const moves = went.map((name) => `${name} by ${short(far[name])}`).join(", ") || "nothing";
  return `Phase ${phase.name} moved ${moves}${still.length ? `; ${still.join(" and ")} stayed.` : "."}`;
}
var inRows = (networks) => Object.fromEntries(networks.map((name, i) => [name, [8 + 128 * (i % 3), 8 + 80 * Math.floor(i / 3)]]));
function networkBox(name, [x, y]) {
  const middle = x + WIDE / 2;
  const frame = vector("rect", { x, y, width: WIDE, height: 34, rx: 6, class: "aae-net" });
  const text = vector("text", { x: middle, y: y + 22, class: "aae-net-name" }, name);
  const track = vector("rect", { x, y: y + 42, width: WIDE, height: 6, rx: 3, class: "aae-bar-track" });
  const bar = vector("rect", { x, y: y + 42, width: 0, height: 6, rx: 3, class: "aae-bar" });
  const number = vector("text", { x: middle, y: y + 62, class: "aae-net-moved" });
  const group = vector("g", {}, frame, text, track, bar, number);
  function update(colour, moved, peak, theme) {
    frame.style.fill = bar.style.fill = frame.style.stroke = colour ?? "";
    const light = colour && contrast(colour, "#ffffff") > contrast(colour, "#000000");
    text.style.fill = !colour ? "" : light ? "#ffffff" : "#000000";
    bar.setAttribute("width", String(moved ? Math.max(3, WIDE * moved / peak) : 0));
    setText(number, moved === null ? "" : short(moved));
    number.style.fill = moved ? theme.ink : "";
  }
  return { group, update };
}
function wires(games) {
  const line = (...points) => vector("polyline", { points: points.join(" "), class: "aae-wire" });
  const word = (x, text, y = 122) => vector("text", { x, y, class: "aae-word" }, text);
  const across = (from, to, y) => {
    const back = to > from ? to - 7 : to + 7;
    return [line(`${from},${y}`, `${to},${y}`), line(`${back},${y - 4}`, `${to},${y}`, `${back},${y + 4}`)];
  };
  const down = (x, ...points) => [
    line(...points, `${x},98`),
    line(`${x - 4},91`, `${x},98`, `${x + 4},91`)
  ];
  const above = [
    word(10, "x", 30),
    across(20, 38, 25),
    across(154, games > 1 ? 174 : 180, 25),
    word(192, games > 1 ? "z, y" : "z", 30),
    across(games > 1 ? 210 : 204, 230, 25),
    across(346, 362, 25),
    word(373, "x̂", 30)
  ];
  const one = [
    down(192, "192,40"),
    word(84, "p(z)"),
    across(102, 134, 117),
    across(250, 272, 117),
    word(326, "real or fake?")
  ];
  const two = [
    down(96, "184,40", "184,84", "96,84"),
    word(13, "p(z)"),
    across(28, 38, 117),
    down(288, "200,40", "200,84", "288,84"),
    word(371, "p(y)"),
    across(356, 346, 117)
  ];
  return vector("g", { "aria-hidden": "true" }, above, games > 1 ? two : games ? one : null);
}

// surface.ts
var LEAST = 5e-3;
function beliefAt([x, y], { shape, data }, [l, r, b, t]) {
  const [rows, columns] = shape;
  const cell = (u, n) => within(Math.floor(u * n), 0, n - 1);
  return data[cell((t - y) / (t - b), rows) * columns + cell((x - l) / (r - l), columns)];
}
function swingOf({ data }) {
  return data.reduce((most, belief) => Math.max(most, Math.abs(belief - 0.5)), LEAST);
}
function endsOf(swing) {
  const digits = swing < 0.05 ? 3 : 2;
  return [decimals(0.5 - swing, digits), decimals(0.5 + swing, digits)];
}

// card.ts
function pointCard(whose, pictures, closed) {
  const title = h("b");
  const belief = h("span", { class: "aae-belief" });
  const named = { "data-do": "unpin", "aria-label": "forget this place", title: "forget this place (Escape)" };
  const unpin = h("button", { type: "button", onclick: closed, ...named }, "×");
  const [decoded, nearest] = ["decoded here", "nearest real"].map((text) => {
    const canvas = h("canvas", { role: "img", "aria-label": text });
    const caption = h("figcaption", {}, text);
    const hint = h("p", { class: "aae-hint" });
    const figure = h("figure", {}, h("div", { class: "aae-shot" }, canvas, hint), caption);
    return { text, canvas, hint, caption, figure };
  });
  const figures = pictures && h("div", { class: "aae-shots" }, decoded.figure, nearest.figure);
  const element = h(
    "div",
    {
      class: "aae-card",
      role: "group",
      "aria-label": whose ? `the place pointed at: ${whose}` : "the place pointed at"
    },
    h("div", { class: "aae-card-head" }, whose && h("b", {}, whose), title, belief, unpin),
    figures
  );
  function empty(told) {
    for (const { canvas, caption, text } of [decoded, nearest]) {
      canvas.hidden = true;
      setText(caption, text);
    }
    setText(decoded.hint, told);
  }
  function show(z, pinned, { surface, own, live, axes }) {
    const symbol = axes[0].replace(/[ 0-9₀-₉]+$/, "");
    const found = surface && z ? ` D: ${Math.round(100 * beliefAt(z, surface, own))} % real` : "";
    setText(title, z ? `${symbol} = (${z.map((value) => decimals(value, 2)).join(", ")})` : "point at the plane");
    setText(belief, found);
    unpin.hidden = !pinned;
    if (!z) empty("move over the plane; a click keeps the place");
    else if (!live) empty("pictures: only of the latest step");
  }
  function fill({ near }, buffers, { image, names }) {
    setText(decoded.hint, "");
    [decoded, nearest].forEach(({ canvas }, i) => {
      canvas.hidden = !image || !buffers[i];
      if (image && buffers[i]) drawSample(canvas, buffers[i], image);
    });
    const category = near?.category;
    setText(decoded.caption, category === void 0 ? decoded.text : `decoded here as category ${category}`);
    const label = near && near.label >= 0 ? `: ${names.get(near.label) ?? near.label}` : "";
    const away = near ? `${decimals(near.distance, 2)} away` : "";
    const text = near ? `nearest real${label}, ${away}` : "";
    setText(nearest.caption, near ? `nearest real${label}
${away}` : "");
    setAttribute(nearest.canvas, "aria-label", text);
    return `${title.textContent}. ${belief.textContent?.trim()}. ${text}.`;
  }
  return { element, show, fill };
}

// plane_paint.ts
var HALO = 1.1;
var PRIOR = 0.68;
function planePainter() {
  const surface = keptSurface();
  const prior = keptPrior();
  const codes = stampedCodes();
  function paint(draw, scene) {
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
  let kept = null;
  return (draw, layer, { data, theme, places }) => {
    if (kept?.layer !== layer || kept.theme !== theme) {
      kept = { layer, theme };
      const [rows, columns] = layer.shape;
      heat.width = columns;
      heat.height = rows;
      const picture = new ImageData(columns, rows);
      const [fake, real] = [rgb(theme.fake), rgb(theme.real)];
      const swing = swingOf(layer);
      layer.data.forEach((belief, i) => {
        const shade = (belief - 0.5) / swing;
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
  let kept = null;
  return (draw, layer, { data, theme, box, places }) => {
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
  let stamps = /* @__PURE__ */ new Map();
  let kept = null;
  return (draw, layer, { data, theme, box, places }) => {
    const points = layer.data;
    const n = points.length / 2;
    const labels = (data.predicted ? data.categories : data.labels)?.data;
    const radius = sizeOf(n, box, theme);
    const half = radius + HALO;
    const [size, ratio] = [2 * half, window.devicePixelRatio];
    if (kept?.theme !== theme || kept.size !== size || kept.ratio !== ratio) {
      kept = { theme, size, ratio };
      stamps = /* @__PURE__ */ new Map();
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
function sizeOf(n, box, theme) {
  const crowd = n > 900 ? 2.3 : n > 400 ? 2.8 : 3.4;
  return crowd * theme.scale * within(box.side / 420, 0.7, 1.4);
}
function stamp(colour, radius, theme) {
  const half = radius + HALO;
  const pixels = Math.ceil(2 * half * window.devicePixelRatio);
  const dot = new OffscreenCanvas(pixels, pixels);
  const draw = dot.getContext("2d");
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
  else draw.stroke();
  return dot.transferToImageBitmap();
}
function paintHeads(draw, { data: at }, { theme, places }) {
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
function paintArrows(draw, layer, offset, colour, scene) {
  const { data, theme, box, places } = scene;
  const { data: rows, shape } = layer;
  const unit = box.side / (data.own[1] - data.own[0]);
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
function paintAxes(draw, { data, theme, box, places }) {
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

// plane_places.ts
function boxOf(available, scale) {
  const [left, below, edge] = [42 * scale, 22 * scale, 4 * scale];
  const side = Math.max(80, Math.round(available - left - edge));
  return { left, top: edge, side, width: left + side + edge, height: edge + side + below };
}
function placesOf(box, [left, right, bottom, top]) {
  const across = SCALES.linear(left, right);
  const down = SCALES.linear(top, bottom);
  return {
    px: (x) => box.left + across.place(x) * box.side,
    py: (y) => box.top + down.place(y) * box.side,
    z(px, py) {
      const [u, v] = [(px - box.left) / box.side, (py - box.top) / box.side];
      return u < 0 || u > 1 || v < 0 || v > 1 ? null : [across.value(u), down.value(v)];
    }
  };
}
function stepped([x, y], [right, up], [l, r, b, t], far) {
  const part2 = far ? 8 : 40;
  return [within(x + right * (r - l) / part2, l, r), within(y + up * (t - b) / part2, b, t)];
}

// plane.ts
var POINTS_PER_S = 12;
var AGAIN_PER_S = 2;
var ARROW_KEYS2 = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1]
};
function latentPlot(run, whose, pictures, does) {
  const canvas = h("canvas", { "aria-hidden": "true" });
  const glass = h("canvas", { "aria-hidden": "true", class: "aae-glass" });
  const card = pointCard(whose, pictures, forget);
  const element = h(
    "div",
    {
      class: "aae-plot",
      "data-run": run,
      tabindex: 0,
      role: "application",
      "aria-roledescription": "latent plane",
      onpointerdown: (event) => event.button === 0 && keep2(event),
      onpointermove: (event) => event.buttons & 1 ? keep2(event) : hover(latent(event)),
      onpointerleave: () => hover(null),
      onkeydown: keyed
    },
    canvas,
    glass
  );
  const painter = planePainter();
  let painted = null;
  let hovered = null;
  let kept = null;
  let asked = null;
  const at = () => hovered ?? kept;
  const ask = () => {
    asked = painted?.data.live ? at() : null;
    does.ask(asked);
  };
  const askSoon = throttled(ask, 1e3 / POINTS_PER_S);
  const askAgain = throttled(ask, 1e3 / AGAIN_PER_S);
  function latent(event) {
    const frame = canvas.getBoundingClientRect();
    return painted?.places.z(event.clientX - frame.left, event.clientY - frame.top) ?? null;
  }
  function hover(z) {
    hovered = z;
    pointed();
  }
  function keep2(event) {
    kept = latent(event) ?? kept;
    hover(null);
  }
  function forget() {
    kept = null;
    hover(null);
  }
  function pointed() {
    if (!painted) return;
    showCrosshair();
    card.show(at(), kept !== null, painted.data);
    if (at() || asked) askSoon();
  }
  function keyed(event) {
    if (!painted || event.ctrlKey || event.metaKey || event.altKey) return;
    const { extent } = painted.data;
    const move = ARROW_KEYS2[event.key];
    if (move) {
      const middle = [(extent[0] + extent[1]) / 2, (extent[2] + extent[3]) / 2];
      kept = stepped(at() ?? middle, move, extent, event.shiftKey);
      hover(null);
    } else if (event.key === "Escape") forget();
    else if (event.key === " ") does.toggle();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
  function showCrosshair() {
    if (!painted) return;
    const { theme, box, places } = painted;
    const draw = sharp(glass, box.width, box.height);
    const lines = new Path2D();
    const ring = (x, y) => {
      lines.moveTo(x + 6, y);
      lines.arc(x, y, 6, 0, 7);
    };
    const z = at();
    if (z) {
      const { left, top, side } = box;
      const [x, y] = [places.px(z[0]), places.py(z[1])];
      for (const [a, b, c, d] of [
        [left, y, x - 6, y],
        [x + 6, y, left + side, y],
        [x, top, x, y - 6],
        [x, y + 6, x, top + side]
      ]) {
        lines.moveTo(a, b);
        lines.lineTo(c, d);
      }
      ring(x, y);
    }
    if (kept) ring(places.px(kept[0]), places.py(kept[1]));
    for (const [width, colour] of [[3, withAlpha(theme.ground, 0.7)], [1, theme.ink]]) {
      draw.lineWidth = width * theme.scale;
      draw.strokeStyle = colour;
      draw.stroke(lines);
    }
  }
  function paint(data, theme) {
    const box = boxOf(element.clientWidth, theme.scale);
    painted = { data, theme, box, places: placesOf(box, data.extent) };
    element.style.height = `${box.height}px`;
    painter.paint(sharp(canvas, box.width, box.height), painted);
    setAttribute(element, "aria-label", data.label);
    showCrosshair();
    card.show(at(), kept !== null, data);
    if (at()) (data.training ? askAgain : askSoon)();
  }
  function answer(content, buffers) {
    return at() && painted?.data.live ? card.fill(content, buffers, painted.data) : "";
  }
  return { element, card: card.element, paint, answer };
}

// track.ts
var scaleOf = ({ scale, min, max }) => SCALES[scale === "whole" ? "linear" : scale](min, max);
function valueAt(track, place) {
  const value = scaleOf(track).value(place);
  return track.scale === "whole" ? Math.round(value) : Number(value.toPrecision(3));
}
function placeOf(track, value) {
  return within(scaleOf(track).place(Math.max(track.min, value)) || 0, 0, 1);
}
function stepOf({ scale, min, max }) {
  if (scale === "whole") return 1 / (max - min);
  return scale === "linear" ? niceStep((max - min) / 100) / (max - min) : 0.01;
}
function settingAt(settings, key) {
  let found = settings;
  for (const name of key) found = typeof found === "object" ? found[name] : void 0;
  return typeof found === "number" ? found : null;
}
var tugWeights = (place) => [
  Math.min(1, 2 * (1 - place)),
  Math.min(1, 2 * place)
];
function tugPlace({ weights }, tug) {
  const [a, b] = [weights[tug.a], weights[tug.b]];
  if (Math.max(a, b) === 0) return 0.5;
  return a >= b ? b / a / 2 : 1 - a / b / 2;
}

// sliders.ts
var usedBy = ({ step, planned }, value) => planned ? `The next step will use ${value}` : `Step ${counted(step)} used ${value}`;
function sliderRow(slider, run, { send, told = () => {
}, say = short }) {
  const id = freshId();
  const key = slider.key.join(".");
  const range = h("input", {
    type: "range",
    id,
    class: "aae-range",
    min: 0,
    max: 1,
    step: stepOf(slider),
    "data-key": key,
    "data-run": run,
    "aria-description": slider.help,
    oninput: () => take(valueAt(slider, Number(range.value)), false),
    onpointerdown: hold,
    onpointerup: release,
    onpointercancel: release,
    onlostpointercapture: release,
    ondblclick: toDefault
  });
  const box = h("input", {
    type: "number",
    class: "aae-box",
    step: "any",
    "data-box": key,
    "data-run": run,
    "aria-label": `${slider.label}, as a number`,
    onchange: () => box.value === "" ? show(shown) : take(Number(box.value)),
    onkeydown: (event) => event.key === "Escape" && show(shown)
  });
  const undo = h(
    "button",
    {
      type: "button",
      class: "aae-default",
      onclick: toDefault,
      "data-do": "default",
      "data-default": key,
      "data-run": run,
      "aria-label": `${slider.label}: back to ${short(slider.default)}`,
      title: `back to ${short(slider.default)}`
    },
    "↺"
  );
  const mark = h("i", { class: "aae-mark" });
  const note = h("span", { class: "aae-note" });
  const dot = slider.colour && dotted("dot", slider.colour);
  const label = h("label", { for: id }, dot, slider.label);
  const track = h("span", { class: "aae-track" }, range, mark, note);
  const element = h("div", { class: "aae-slider", onpointerenter: tell, onfocusin: tell }, label, track, box, undo);
  let shown = slider.value;
  let held = false;
  let used = null;
  let by = { step: 0, planned: true };
  let awaited = false;
  let sent = false;
  const sendSoon = throttled((value) => {
    sent = true;
    send(value);
  }, 40);
  function tell() {
    told(slider.help ? `${slider.label}: ${slider.help}.` : "");
  }
  function hold() {
    held = true;
  }
  function release() {
    held = false;
  }
  function toDefault() {
    take(slider.default);
  }
  function take(value, moveThumb = true) {
    if (!Number.isFinite(value)) return show(shown);
    awaited = true;
    sent = false;
    show(value, moveThumb);
    sendSoon(value);
  }
  function show(value, moveThumb = true) {
    shown = value;
    const place = String(placeOf(slider, value));
    if (moveThumb) range.value = place;
    if (document.activeElement !== box || moveThumb) box.value = String(value);
    range.style.setProperty("--at", place);
    range.setAttribute("aria-valuetext", say(value));
    undo.classList.toggle("is-idle", value === slider.default);
    tellUsed();
  }
  function update(chosen, nowUsed, info, settled) {
    if (chosen === null || nowUsed === null) return;
    [used, by] = [nowUsed, info];
    if (settled && sent) awaited = false;
    const typing = document.activeElement === box && Number(box.value) !== shown;
    if (!held && !awaited && !typing && !close(chosen, shown)) show(chosen);
    mark.style.setProperty("--at", String(placeOf(slider, used)));
    tellUsed();
  }
  function tellUsed() {
    if (used === null) return;
    const text = usedBy(by, short(used));
    setText(note, close(used, shown) ? "" : text);
    setAttribute(track, "title", text);
  }
  function refused() {
    awaited = false;
  }
  show(shown);
  return { element, label, track, update, refused, toDefault };
}
function sliderGroups(run, i, send, named) {
  const help = h("p", { class: "aae-help", "aria-hidden": "true" });
  const rows = run.sliders.map((slider) => {
    const set = (value) => send({ do: "set", run: i, key: slider.key, value });
    return { slider, ...sliderRow(slider, i, { send: set, told: (text) => setText(help, text) }) };
  });
  const groups = [...new Set(run.sliders.map(({ group }) => group))].map((group) => {
    const own = rows.filter(({ slider }) => slider.group === group).map(({ element }) => element);
    return h("fieldset", { "aria-label": named && `${run.name}: ${group}` }, h("legend", {}, group), own);
  });
  const toDefaults = () => {
    for (const row of rows) row.toDefault();
  };
  const all = button("defaults", "all defaults", toDefaults, {
    title: `every slider${named ? ` of ${run.name}` : ""} back to where it was at first`
  });
  return {
    element: h("div", { class: "aae-sliders" }, named && h("h3", { class: "aae-whose" }, run.name), groups, help, all),
    update(info, settled) {
      for (const { slider, update } of rows) {
        update(settingAt(info.chosen, slider.key), settingAt(info.settings, slider.key), info, settled);
      }
    },
    refused() {
      for (const row of rows) row.refused();
    }
  };
}
function balance(tug, run, whose, send) {
  const slider = {
    key: ["tug"],
    label: `who pulls the codes${whose}?`,
    group: "",
    min: 0,
    max: 1,
    scale: "linear",
    default: 0.5,
    value: 0.5,
    help: `left: only ${tug.a} moves the codes; middle: both in full; right: the game alone, phase "${tug.b}"`,
    colour: null
  };
  const both = ([a, b]) => `${tug.a} × ${short(a)}, ${tug.b} × ${short(b)}`;
  const row = sliderRow(slider, run, {
    send: (value) => send({ do: "tug", run, value }),
    say: (value) => both(tugWeights(value))
  });
  row.element.classList.add("aae-balance");
  row.track.before(h("span", { "aria-hidden": "true" }, tug.a));
  row.track.after(h("span", { class: "aae-end", "aria-hidden": "true" }, `game (${tug.b})`));
  const told = h("p", { class: "aae-tug-used" });
  function update(info, settled) {
    const { chosen, settings } = info;
    row.update(tugPlace(chosen, tug), tugPlace(settings, tug), info, settled);
    setText(told, `${usedBy(info, both([tug.a, tug.b].map((name) => settings.weights[name])))}.`);
  }
  return { element: h("div", { class: "aae-tug" }, row.element, told), update, refused: row.refused };
}

// transport.ts
var underWay = (status) => ["playing", "slow", "waiting"].includes(status);
function transport(send) {
  let playing = false;
  let more = 0;
  let slow = false;
  const toggle = () => send({ do: playing ? "pause" : more ? "go_on" : "play" });
  const play = button("play", "play", toggle, { class: "aae-play" });
  const slowly = button("slow", "slow motion", toggleSlow, {
    "aria-pressed": "false",
    class: "aae-rest",
    title: "one phase at a time, with a pause between two"
  });
  const plain = (name, title, more2 = {}) => button(name, name, () => send({ do: name }), { title, ...more2 });
  const step = plain("step", "one phase: one update of some of the networks");
  const reset = plain("reset", "to the first step: same seed, same run");
  const stop = plain("stop", "end the thread; the trainer is free then", { class: "aae-rest" });
  const counter = h("span");
  const pace = h("small");
  const element = h(
    "div",
    { class: "aae-transport", role: "group", "aria-label": "training" },
    [play, step, slowly, reset, stop],
    h("span", { class: "aae-step" }, counter, pace)
  );
  function toggleSlow() {
    slow = !slow;
    slowly.setAttribute("aria-pressed", String(slow));
    send({ do: "slow", on: slow });
    if (slow && !playing) toggle();
  }
  function update({ status, rate, max_steps, more: steps }, at) {
    playing = underWay(status);
    more = steps;
    if (status === "slow" || status === "playing") slow = status === "slow";
    slowly.setAttribute("aria-pressed", String(slow));
    const name = playing ? "pause" : more ? "go_on" : "play";
    const text = name === "go_on" ? `go on +${counted(more)}` : name;
    if (play.textContent !== text) {
      play.dataset.do = name;
      play.replaceChildren(icon(playing ? "pause" : "play") ?? "", h("span", {}, text));
    }
    for (const one of [slowly, reset, stop]) one.disabled = status === "stopped";
    for (const one of [play, step]) one.disabled = status === "stopped" || status === "failed";
    setText(counter, `step ${counted(at)} of ${counted(max_steps)}`);
    setText(pace, playing && rate ? `${rate < 10 ? short(rate) : counted(Math.round(rate))} steps/s` : "");
  }
  return { element, update, toggle };
}

// run.ts
var part = (title, ...content) => h("section", { class: "aae-part" }, h("h3", {}, title), content);
function runPart(spec, i, send, toggle) {
  const run = spec.runs[i];
  const several = spec.runs.length > 1;
  const named = several && `: ${run.name}`;
  const withPictures = spec.image !== null && spec.view !== "plane";
  const plot = latentPlot(i, several ? run.name : "", withPictures, {
    ask: (z) => send(z ? { do: "point", run: i, x: z[0], y: z[1] } : { do: "point", run: null }),
    toggle
  });
  const mmd = run.mmd ? mmdText(i, !several) : null;
  const networks = networkDiagram(run);
  const sliders = sliderGroups(run, i, send, several);
  const shares = run.categories ? occupancyBars(run.categories) : null;
  const pictures = withPictures ? pictureRows() : null;
  const tug = tugOf(spec, i, send);
  const axes = run.plane_options && planeChooser(run.plane_options, (choice) => send({ do: "axes", run: i, choice }));
  const title = several ? h("h3", {}, run.name) : h("h2", {}, spec.title);
  const key = legend(spec, run);
  const element = h(
    "section",
    { class: "aae-run", "aria-label": run.name },
    h("div", { class: "aae-run-head" }, title, (several || !tug) && mmd?.element),
    [plot.element, key.element, axes]
  );
  const latest = h("small", { class: "aae-if-past" }, " of the latest step");
  const names = new Map(spec.classes.map(([label, name]) => [label, name]));
  const arrowColours = run.arrows.map((name) => run.phases.find((phase) => phase.name === name)?.colour);
  let drawn = null;
  function update(now, extent, state, label, theme, settled) {
    const { info, layers } = now;
    const { at, overlays: on } = state;
    const live = at === null;
    const training = underWay(state.status);
    const surface = on.surface && run.surface ? layers.surface : null;
    const arrows = on.arrows && live ? layers.arrows : null;
    const more = {
      live,
      training,
      surface,
      arrows,
      arrowColours,
      predicted: on.predicted,
      names,
      label,
      image: spec.image
    };
    plot.paint({ ...layers, extent, own: info.extent, axes: info.axes, ...more }, theme);
    if (surface) key.update(endsOf(swingOf(surface)));
    tug?.update(info, settled);
    mmd?.update(info, training);
    shares?.update(layers.categories, theme);
    sliders.update(info, settled);
    networks.update(info, theme);
    if (!pictures || !layers.images || !on.images || drawn === layers.images) return;
    drawn = layers.images;
    pictures.update(layers.images);
  }
  return {
    element,
    plot,
    mmd,
    tug,
    sliders,
    moves: part(["what a phase moves", named], networks.element),
    occupied: shares && part(["images in each category", named], shares.element),
    images: pictures && part(["pictures", named, latest], pictures.element),
    update
  };
}
function tugOf({ tug, view, runs }, i, send) {
  const has = (name) => runs[i].phases.some((phase) => phase.name === name);
  if (!tug || view !== "tug" || !has(tug.a) || !has(tug.b)) return null;
  return balance(tug, i, runs.length > 1 ? `: ${runs[i].name}` : "", send);
}
function mmdText(i, withFloor) {
  const now = h("b");
  const when = h("small");
  const floor = h("span", { class: "aae-floor" });
  const element = h("span", { class: "aae-mmd", "data-run": i }, "MMD ", now, when, floor);
  function update({ mmd, mmd_at: at, step, floor: known }, training) {
    setText(now, decimals(mmd, 4));
    setText(when, training || at === null || at === step ? "" : ` at step ${counted(at)}`);
    setText(floor, known && withFloor ? ` (floor ${decimals(known[0], 4)} ± ${decimals(known[1], 4)})` : "");
  }
  return { element, update };
}
function sentence(run, { info, layers }, several) {
  const codes = counted(layers.codes?.shape[0] ?? 0);
  return `${several ? `${run.name}, l` : "L"}atent plane at step ${counted(info.step)}: ${codes} ${run.dots} over samples of ${info.prior}${info.mmd === null ? "." : `, MMD ${decimals(info.mmd, 4)}.`} Arrow keys move the crosshair, Escape hides it, Space plays or pauses.`;
}
function planeChooser(options, chosen) {
  const id = freshId();
  const choices = options.map(([name], i) => h("option", { value: i }, name));
  const onchange = () => chosen(Number(select.value));
  const select = h("select", { id, "data-do": "axes", onchange }, choices);
  return h("div", { class: "aae-choose" }, h("label", { for: id }, "plane shown"), select);
}
function legend(spec, run) {
  const entry = (mark, text, shown) => h("li", { class: shown }, mark, text);
  const codes = spec.classes.map(([, name, colour]) => entry(dotted("dot", colour), name));
  const arrows = run.phases.filter(({ name }) => run.arrows.includes(name));
  const [fake, real] = [h("span"), h("span")];
  const colours = ["D: fake ", fake, h("i", { class: "aae-scale" }), real, " real"];
  const element = h(
    "ul",
    { class: "aae-legend", "aria-label": "legend" },
    codes.length ? codes : entry(dotted("ring", null), run.dots === "codes" ? "codes q(z)" : run.dots),
    entry(dotted("dot", spec.colours.prior), "prior p(z)"),
    arrows.map(({ name, colour }) => entry(dotted("arrow", colour), `${name}'s pull`, "aae-if-arrows")),
    run.surface && h("li", { class: "aae-if-surface" }, colours)
  );
  function update(ends) {
    setText(fake, ends[0]);
    setText(real, ends[1]);
  }
  return { element, update };
}

// time_machine.ts
function timeMachine(send, forked) {
  const scrubSoon = throttled((at) => {
    sent = true;
    send({ do: "scrub", at });
  }, 50);
  let marks = [];
  let held = false;
  let awaited = null;
  let sent = false;
  const release = () => {
    held = false;
  };
  const range = h("input", {
    type: "range",
    class: "aae-scrub aae-range",
    min: 0,
    max: 0,
    step: 1,
    value: 0,
    "aria-label": "look back at an earlier step",
    oninput: moved,
    onpointerdown: () => {
      held = true;
    },
    onpointerup: release,
    onpointercancel: release,
    onlostpointercapture: release
  });
  const text = h("output", { class: "aae-when" });
  const live = button("live", "back to now", () => {
    scrubSoon.cancel();
    awaited = null;
    send({ do: "live" });
  });
  const fork = button("fork", "fork from here", () => send({ do: "fork" }), { title: "a second run from this step" });
  const join = forked && button("join_runs", "drop the fork", () => send({ do: "join_runs" }));
  const element = h(
    "div",
    { class: "aae-time aae-rest", role: "group", "aria-label": "time machine" },
    h("span", { class: "aae-name" }, "look back"),
    [range, text, join, h("div", { class: "aae-ways" }, live, fork)]
  );
  function moved() {
    awaited = Number(range.value);
    sent = false;
    scrubSoon(awaited);
    say();
  }
  function say() {
    const place = Number(range.value);
    const step = counted(marks[place] ?? 0);
    range.setAttribute("aria-valuetext", `step ${step}`);
    range.style.setProperty("--at", String(marks.length > 1 ? place / (marks.length - 1) : 1));
    setText(text, marks.length > 1 ? `step ${step}` : "nothing yet");
  }
  function update({ marks: kept, at, status }, settled) {
    marks = kept;
    range.max = String(Math.max(0, marks.length - 1));
    range.disabled = marks.length < 2 || status === "stopped";
    if (awaited === at || settled && sent) awaited = null;
    if (!held && awaited === null) range.value = String(at ?? marks.length - 1);
    say();
    live.hidden = fork.hidden = at === null;
  }
  return { element, update };
}

// panel.ts
var SAID = {
  paused: "Paused.",
  playing: "Training.",
  slow: "Slow motion: one phase at a time.",
  failed: "A function has failed."
};
function panelParts(root, spec, send, look, acts) {
  const several = spec.runs.length > 1;
  const moves = transport(send);
  const time = timeMachine(send, spec.forked);
  const prior = priorChooser(spec, send);
  const overlays = overlayBoxes(spec, send, look, acts.restyle);
  const runs = spec.runs.map((_, i) => runPart(spec, i, send, moves.toggle));
  const losses = curvePlot("losses");
  const mmds = spec.runs.some((run) => run.mmd) ? curvePlot("MMD") : null;
  const status = h("span");
  const error = errorBox();
  const statusLine = h("div", { class: "aae-status" }, h("div", { role: "status" }, status), error.fold);
  const heard = h("div", { class: "aae-unseen", "aria-live": "polite" });
  const whole = button("large", "full screen", acts.whole, { class: "aae-large", title: "for the projector" });
  const showMore = () => {
    look.more = !look.more;
    acts.restyle();
  };
  const more = spec.view === "tug" ? button("more", "more", showMore, { class: "aae-more" }) : null;
  const dashes = () => several && h("small", {}, `— ${spec.runs[0].name}   - - ${spec.runs[1].name}`);
  const clouds = spec.runs.some(({ dots }) => dots === "codes") ? "q(z) is" : "the points are";
  const lossPart = part(["losses ", dashes()], losses.element);
  const distance = mmds && part([`how far ${clouds} from p(z) `, dashes()], mmds.element);
  const column = (...parts) => h("div", { class: "aae-column" }, parts);
  const set = h("div", { class: "aae-set aae-rest" }, prior.element, overlays.element);
  const sliders = runs.map(({ tug, mmd, sliders: sliders2 }) => {
    const rest = h("div", { class: "aae-rest" }, sliders2.element);
    return h(
      "div",
      { class: "aae-own" },
      tug?.element,
      !several && tug && mmd && bigNumber(mmd.element),
      !several && set,
      rest
    );
  });
  const seen = runs.map(({ moves: moves2, occupied, images }) => {
    return column(moves2, h("div", { class: "aae-column aae-rest" }, occupied, images));
  });
  root.dataset.view = spec.view;
  root.dataset.runs = String(spec.runs.length);
  root.replaceChildren(
    h(
      "div",
      { class: "aae-page" },
      h(
        "div",
        { class: "aae-bar" },
        several && h("h2", {}, spec.title),
        moves.element,
        statusLine,
        h("div", { class: "aae-looks" }, whole, more)
      ),
      h(
        "div",
        { class: "aae-main" },
        error.element,
        h(
          "div",
          { class: "aae-stage" },
          runs.map((run) => run.element),
          time.element,
          several && sliders
        ),
        h(
          "div",
          { class: "aae-place" },
          runs.map((run) => run.plot.card)
        ),
        h("div", { class: "aae-side" }, several ? set : sliders),
        h("div", { class: "aae-seen" }, seen),
        h("div", { class: "aae-below aae-rest" }, lossPart, distance)
      ),
      heard
    )
  );
  const steering = [prior.element, ...runs.flatMap(({ tug, sliders: sliders2 }) => [tug?.element, sliders2.element])];
  let curves = null;
  let labels = [];
  let labelled = 0;
  function update(state, told, kept, theme, settled) {
    const { step, prior: named } = kept[0].info;
    moves.update(state, step);
    time.update(state, settled);
    prior.update(named);
    for (const one of steering) one?.toggleAttribute("inert", state.status === "stopped");
    for (const [name, on] of Object.entries(state.overlays)) root.toggleAttribute(`data-${name}`, on);
    setText(status, told || state.message || SAID[state.status] || "");
    error.update(state.error);
    if (performance.now() - labelled > 2e3 || !labels.length) {
      labelled = performance.now();
      labels = kept.map((run, i) => sentence(spec.runs[i], run, several));
    }
    const layers = kept.flatMap(({ layers: { losses: losses2, mmd } }) => [losses2, mmd]);
    const now = [theme, state.at, look.sizes, look.more, ...layers];
    if (!curves || curves.some((value, i) => value !== now[i])) {
      curves = now;
      paintCurves(kept, state.at === null ? null : step, theme);
    }
    const heaped = kept.some(({ info, layers: layers2 }) => state.overlays.arrows && crowded(layers2.codes, info.extent));
    const close2 = look.closeUp ?? heaped;
    overlays.update(state.overlays, close2);
    const extents = drawnExtents(kept, close2);
    kept.forEach((run, i) => {
      runs[i].update(run, extents[i], state, labels[i], theme, settled);
    });
  }
  function paintCurves(kept, mark, theme) {
    const last = Math.max(1, ...kept.flatMap(({ info, layers }) => [info.step, lastStep(layers.losses)]));
    const strips = lossStrips(spec, kept);
    const over = `over ${counted(last)} steps, now`;
    const told = strips.map(({ name, series }) => `${name} ${short(finalOf(series[0]))}`).join(", ");
    losses.paint(strips, last, mark, theme, `Losses ${over}: ${told}.`);
    const mmd = kept.map(({ info }, i) => `${several ? `${spec.runs[i].name} ` : ""}${short(info.mmd)}`).join(", ");
    mmds?.paint([mmdStrip(kept, spec.runs[0].dots)], last, mark, theme, `MMD ${over} ${mmd}.`);
  }
  function answer(content, buffers) {
    const plot = runs[content.run]?.plot;
    const text = plot?.answer(content, buffers);
    if (text && document.activeElement === plot.element) setText(heard, text);
  }
  function restyled() {
    root.classList.toggle("is-large", look.large || look.whole);
    root.classList.toggle("is-more", look.more);
    whole.setAttribute("aria-pressed", String(look.whole));
    if (!more) return;
    more.setAttribute("aria-expanded", String(look.more));
    if (more.lastChild) setText(more.lastChild, look.more ? "less" : "more");
  }
  function refused() {
    for (const run of runs) {
      run.tug?.refused();
      run.sliders.refused();
    }
  }
  const say = (text) => setText(status, text);
  return { update, answer, refused, restyled, say, end: prior.end };
}
var bigNumber = (mmd) => h("p", { class: "aae-number" }, mmd);
function drawnExtents(kept, close2) {
  const each = kept.map(({ info, layers }) => close2 ? closeUp(layers.codes, info.extent) : info.extent);
  const same = kept.every(({ info }) => info.axes.join() === kept[0].info.axes.join());
  return same ? each.map(() => around(each)) : each;
}

// panel_widget.ts
var STARTING = "starting…";
var STARTS_LATER = "starting… The kernel is busy; the panel goes on as soon as it is free.";
var BUSY = "Sent; the kernel is busy, and will act when it is free.";
var SILENT = "No answer from the kernel: it is busy, or this panel has ended; then run the cell again.";
var FORKING = "Forking: the run is repeated up to that step…";
var CLOSED = "This panel was closed. Run the cell again.";
var RESTARTED = "The kernel was restarted, and this panel ended with it. Run the cell again.";
function renderPanel({ model, el }) {
  const root = h("div", { class: "aae-panel", "data-frames": 0, onfullscreenchange: screened, onkeydown: pressed });
  const look = {
    large: Boolean(model.get("spec").large),
    whole: false,
    more: false,
    closeUp: null,
    sizes: 0
  };
  const paintMs = [];
  Object.assign(root, { __aae: { paint_ms: paintMs } });
  let spec;
  let parts = null;
  let theme = null;
  let kept = [];
  let frame = null;
  let taken = 0;
  let painted = null;
  let frames = 0;
  let told = STARTING;
  let settled = true;
  let over = false;
  let comes = false;
  let due = 0;
  const line = lineToKernel((message) => model.send(message), news);
  function send(wish) {
    if (over) return;
    if (frame && wish.do !== "point" && wish.do !== "seen" && told !== BUSY) told = "";
    if (wish.do === "fork") say(FORKING);
    line.send(wish);
  }
  function news(what) {
    if (what === "served") {
      if (told === BUSY) say("");
    } else if (!frame) say(STARTS_LATER);
    else if (told !== FORKING) say(what === "busy" ? BUSY : SILENT);
  }
  function say(text) {
    told = text;
    if (!frame) parts?.say(told);
    soon();
  }
  function end(why) {
    if (over) return;
    over = true;
    line.end();
    root.toggleAttribute("data-over", true);
    say(why);
    freeze();
  }
  function freeze() {
    for (const one of root.querySelectorAll("button, input, select")) one.disabled = true;
  }
  const closed = () => end(CLOSED);
  const restarted = () => end(RESTARTED);
  function heard(content, buffers = []) {
    if (over) return;
    line.heard();
    if (content.kind === "frame") take(content, buffers);
    else if (content.kind === "served") line.served(content.ticket);
    else if (content.kind === "point") parts?.answer(content, buffers.map(unpacked));
    else if (content.kind === "say") {
      told = content.text;
      parts?.refused();
      soon();
    }
  }
  function take(content, buffers) {
    if (content.full || content.n % ANSWER_EVERY === 0) send({ do: "seen", n: content.n });
    if (!frame && !content.full) return;
    if (!frame || told === SILENT) told = "";
    frame = content;
    taken = performance.now();
    settled = !line.waits();
    keep(kept, content, buffers);
    soon();
  }
  function build() {
    const focused = document.activeElement;
    const name = focused instanceof HTMLElement && root.contains(focused) && focused.dataset.do;
    spec = model.get("spec");
    if (told === FORKING) told = "";
    parts?.end();
    parts = panelParts(root, spec, send, look, { whole, restyle });
    if (!frame) parts.say(told);
    comes = spec.runs.length > kept.length && kept.length > 0;
    kept = spec.runs.map((_, i) => kept[i] ?? { layers: {}, info: null });
    resized.disconnect();
    for (const part2 of [root, ...root.querySelectorAll(".aae-plot, .aae-curves")]) resized.observe(part2);
    restyle();
    if (name) root.querySelector(`[data-do="${name}"]`)?.focus();
  }
  function whole() {
    look.whole = !look.whole;
    const asked = look.whole ? root.requestFullscreen?.() : document.exitFullscreen?.();
    asked?.catch(() => {
    });
    restyle();
  }
  function screened() {
    look.whole = root.matches(":fullscreen");
    restyle();
  }
  function pressed({ key }) {
    if (key === "Escape" && look.whole) whole();
  }
  function restyle() {
    parts?.restyled();
    theme = null;
    soon();
  }
  function readTheme() {
    const read = themeOf(root, spec);
    const set = (name, colour) => root.style.setProperty(`--aae-${name}`, colour);
    set("real-now", read.real);
    set("fake-now", read.fake);
    const phases = spec.runs.flatMap((run) => run.phases.map(({ colour }) => colour));
    for (const hex of [...spec.classes.map(([, , hex2]) => hex2), ...phases]) set(`on-${hex.slice(1)}`, read.onPlot(hex));
    set(`on-${spec.colours.prior.slice(1)}`, read.prior);
    return read;
  }
  function soon() {
    due ||= requestAnimationFrame(paint);
  }
  function paint() {
    due = 0;
    if (!parts || !frame || !look.sizes || !root.clientWidth || !arrived(kept)) return;
    if (!theme && !getComputedStyle(root).getPropertyValue("--aae-plot")) return soon();
    const begun = performance.now();
    theme ??= readTheme();
    parts.update(frame.state, told, kept, theme, settled && !line.waits());
    if (over) freeze();
    if (painted !== frame) frames += 1;
    painted = frame;
    root.dataset.frames = String(frames);
    root.dataset.step = String(kept[0].info.step);
    root.dataset.status = frame.state.status;
    root.dataset.uses = JSON.stringify(kept.map(({ info }) => info.settings));
    paintMs.push(performance.now() - begun);
    if (comes) root.querySelector(".aae-run")?.scrollIntoView({ block: "nearest" });
    comes = false;
    if (paintMs.length > 100) paintMs.shift();
  }
  el.append(root);
  const knock = setInterval(() => {
    if (!frame || underWay(frame.state.status) && performance.now() - taken > 5e3) send({ do: "hello" });
  }, 1e3);
  const endTheme = followTheme(root, () => parts && restyle());
  const endKeys = keepKeys(root);
  const resized = new ResizeObserver(() => {
    look.sizes += 1;
    soon();
  });
  build();
  model.on("msg:custom", heard);
  model.on("change:spec", build);
  model.on("comm:close", closed);
  model.on("comm_live_update", restarted);
  send({ do: "hello" });
  return () => {
    model.off("msg:custom", heard);
    model.off("change:spec", build);
    model.off("comm:close", closed);
    model.off("comm_live_update", restarted);
    line.end();
    clearInterval(knock);
    cancelAnimationFrame(due);
    resized.disconnect();
    endTheme();
    endKeys();
    parts?.end();
    root.remove();
  };
}

// widget.ts
function render(context) {
  return isPanel(context) ? renderPanel(context) : renderPad(context);
}
var isPanel = (context) => Boolean(context.model.get("spec"));
var widget_default = { render };
export {
  widget_default as default
};
