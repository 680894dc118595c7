// What all parts share: elements, colours of the theme, numbers as text, ticks, canvases.

const SVG = "http://www.w3.org/2000/svg";

/** An element: attributes by name, listeners as onclick etc.; null, undefined and false are left out. */
function h(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

function vector(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** Change an element only where it differs: a page with 8 pictures a second should not lay itself out for nothing. */
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function setAttribute(node, name, value) {
  if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

/** At most one call in `ms`; of those in between only the newest counts, and it is never lost. */
function throttled(call, ms) {
  let timer = null, latest = null, last = 0;
  const run = () => {
    timer = null;
    last = performance.now();
    call(...latest);
  };
  const later = (...values) => {
    latest = values;
    timer ??= setTimeout(run, Math.max(0, last + ms - performance.now()));
  };
  later.cancel = () => {
    clearTimeout(timer);
    timer = null;
  };
  return later;
}

// ---- numbers ----

/** A number for a reader: three significant digits, a true minus sign. */
function short(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const text = size >= 1e5 || size < 1e-4 ? value.toExponential(1) : String(Number(value.toPrecision(3)));
  return text.replace("-", "−");
}

const decimals = (value, digits) => (Number.isFinite(value) ? value.toFixed(digits).replace("-", "−") : "–");
const inThousands = new Intl.NumberFormat("en-US");
const counted = (n) => inThousands.format(n);

/** Round numbers from `low` to `high`, about `n` of them. */
function niceTicks(low, high, n) {
  const step = niceStep((high - low) / n), ticks = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) ticks.push(rounded(i * step));
  return ticks;
}

const rounded = (value) => Number(value.toPrecision(9)); // 0.30000000000000004 is 0.3

/** The 1, 2 or 5 times a power of ten that is not below `rough`. */
function niceStep(rough) {
  const power = 10 ** Math.floor(Math.log10(rough || 1));
  return power * ([1, 2, 5].find((k) => k * power >= rough * 0.999) ?? 10);
}

// ---- ranges of curves; a strip is what curvePlot in plots.js takes ----

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

// ---- colours ----

const rgb = (hex) => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
const hexOf = (colour) => "#" + colour.map((c) => Math.round(c).toString(16).padStart(2, "0")).join("");
const blend = (a, b, t) => a.map((c, i) => c + (b[i] - c) * t);
const withAlpha = (hex, alpha) => `rgba(${rgb(hex).join(",")},${alpha})`;

function luminance(colour) {
  const [r, g, b] = colour.map((c) => (c <= 10 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Contrast of two colours as WCAG defines it: 1 to 21. */
function contrast(a, b) {
  const [low, high] = [luminance(rgb(a)), luminance(rgb(b))].sort((x, y) => x - y);
  return (high + 0.05) / (low + 0.05);
}

/** The colour, moved towards black or white only as far as it takes to stand out from the ground by `ratio`. */
function readable(hex, ground, ratio) {
  const end = luminance(rgb(ground)) > 0.3 ? [0, 0, 0] : [255, 255, 255];
  for (let t = 0; t < 1; t += 0.05) {
    const colour = hexOf(blend(rgb(hex), end, t));
    if (contrast(colour, ground) >= ratio) return colour;
  }
  return hexOf(end);
}

// ---- the theme ----

/** Whether the page around is dark: JupyterLab says so on the body, VS Code too; else what the system prefers. */
function isDark() {
  const { jpThemeLight, vscodeThemeKind } = document.body.dataset;
  if (jpThemeLight) return jpThemeLight === "false";
  if (vscodeThemeKind) return vscodeThemeKind.includes("dark") || vscodeThemeKind === "vscode-high-contrast";
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

/** Keep root's data-theme right; `changed` is called after each change. Returns a function that ends this. */
function followTheme(root, changed) {
  const query = matchMedia("(prefers-color-scheme: dark)");
  const update = () => {
    const theme = isDark() ? "dark" : "light";
    if (root.dataset.theme === theme) return;
    root.dataset.theme = theme;
    changed();
  };
  const observer = new MutationObserver(update), told = ["data-jp-theme-light", "data-vscode-theme-kind"];
  observer.observe(document.body, { attributes: true, attributeFilter: told });
  query.addEventListener("change", update);
  update();
  return () => {
    observer.disconnect();
    query.removeEventListener("change", update);
  };
}

/** The label that stands for a class in the layer "labels": the number that it is named after, else its place. */
const classValue = (name, i) => (/^\d+$/.test(name) ? Number(name) : i);

/** The colours and sizes that canvases need, read from the custom properties of root and from the spec. */
function themeOf(root, spec) {
  const style = getComputedStyle(root), dark = root.dataset.theme === "dark";
  const read = (name) => style.getPropertyValue("--aae-" + name).trim();
  const ground = read("plot"), ink = read("text"), scale = root.classList.contains("is-large") ? 1.4 : 1;
  // black on dark turns to white rather than to one more grey
  const onPlot = (hex) => (!dark ? hex : luminance(rgb(hex)) < 0.001 ? "#ffffff" : readable(hex, ground, 3));
  const classes = new Map(spec.classes.map(([name, hex], i) => [classValue(name, i), onPlot(hex)]));
  return {
    dark, scale, ground, ink, classes, onPlot, quiet: read("faint"), line: read("line"), axis: read("axis"),
    prior: readable(dark ? read("prior") : spec.colours.prior, ground, 2), font: style.fontFamily,
    real: onPlot(spec.colours.real), fake: onPlot(spec.colours.fake),
    stroke: (hex) => readable(hex ?? ink, ground, 3), text: (hex) => readable(hex ?? ink, ground, 4.5),
  };
}

/** Size a canvas in CSS pixels, sharp on this screen; returns its context, in CSS pixels and empty. */
function sharp(canvas, width, height) {
  const ratio = window.devicePixelRatio || 1, w = Math.round(width * ratio), tall = Math.round(height * ratio);
  if (canvas.width !== w || canvas.height !== tall) {
    canvas.width = w;
    canvas.height = tall;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

/** Draw one image of bytes, (H, W, C) with C = 1 or 3, pixel for pixel. */
function drawImage(canvas, bytes, [height, width, channels]) {
  canvas.width = width;
  canvas.height = height;
  const picture = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    for (let c = 0; c < 3; c++) picture.data[4 * i + c] = bytes[i * channels + (channels === 3 ? c : 0)];
    picture.data[4 * i + 3] = 255;
  }
  canvas.getContext("2d").putImageData(picture, 0, 0);
}

// ---- small pictures ----

/** What is at the place pointed at: the decoded image, and the real one whose code is nearest. */
function pointCard(closed) {
  const title = h("b"), belief = h("div"), hint = h("div", { class: "aae-hint" });
  const shots = ["decoded here", "nearest real"].map((text) => (
    { canvas: h("canvas", { role: "img", "aria-label": text }), text: h("figcaption", {}, text) }));
  const figures = h("div", { class: "aae-shots" }, shots.map(({ canvas, text }) => h("figure", {}, canvas, text)));
  const named = { "data-do": "unpin", "aria-label": "close the card" };
  const unpin = h("button", { type: "button", onclick: closed, ...named }, "×");
  const element = h("div", { class: "aae-card", hidden: true }, title, unpin, belief, figures, hint);
  let filled = false;

  function show(z, pinned, data, pixel, box) {
    element.hidden = !z;
    if (!z) return void (filled = false);
    element.classList.toggle("is-pinned", pinned);
    setText(title, `z = (${z.map((value) => decimals(value, 2)).join(", ")})`);
    setText(belief, data.surface ? `D: ${Math.round(100 * beliefAt(z, data))} % real` : "");
    setText(hint, !data.live ? "pictures: only of the latest step" : pinned ? "" : "click or Enter pins");
    figures.hidden = !(data.image && data.live && filled);
    const right = pixel[0] < box.left + box.side / 2, low = pixel[1] > box.top + box.side / 2, gap = 14;
    element.style.left = right ? `${pixel[0] + gap}px` : "";
    element.style.right = right ? "" : `${box.width - pixel[0] + gap}px`;
    element.style.top = low ? "" : `${pixel[1] + gap}px`;
    element.style.bottom = low ? `${box.height - pixel[1] + gap}px` : "";
  }

  function fill({ near }, buffers, data) {
    buffers.forEach((bytes, i) => drawImage(shots[i].canvas, bytes, data.image));
    filled = true;
    figures.hidden = false;
    figures.lastChild.hidden = !near || buffers.length < 2;
    const name = near && near.label !== null && near.label >= 0 ? `: ${data.names.get(near.label) ?? near.label}` : "";
    const text = near ? `nearest real${name}, ${short(near.distance)} away` : "";
    setText(shots[1].text, text);
    setAttribute(shots[1].canvas, "aria-label", text);
    return `${title.textContent}. ${belief.textContent}. ${text}.`;
  }
  return { element, show, fill };
}

function beliefAt([x, y], { surface, extent: [l, r, b, t] }) {
  const [rows, columns] = surface.shape, cell = (u, n) => Math.min(n - 1, Math.max(0, Math.floor(u * n)));
  return surface.data[cell((t - y) / (t - b), rows) * columns + cell((x - l) / (r - l), columns)] / 255;
}

const PICTURE_ROWS = ["images", "reconstructed", "samples of p(z)"];

/** Three rows of images; update({data, shape: (3, k, H, W, C)}). */
function pictureRows() {
  const rows = PICTURE_ROWS.map((text) => h("div", { class: "aae-strip", role: "img", "aria-label": text }));
  const element = h("div", { class: "aae-images" },
    rows.map((row, i) => h("div", { class: "aae-images-row" }, h("span", {}, PICTURE_ROWS[i]), row)));
  function update({ data, shape: [, k, ...size] }) {
    const n = size[0] * size[1] * size[2];
    rows.forEach((row, i) => {
      while (row.children.length < k) row.append(h("canvas", { "aria-hidden": "true" }));
      while (row.children.length > k) row.lastChild.remove();
      for (let j = 0; j < k; j++) drawImage(row.children[j], data.subarray((i * k + j) * n, (i * k + j + 1) * n), size);
    });
  }
  return { element, update };
}
