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
