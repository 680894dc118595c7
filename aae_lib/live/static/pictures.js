// Small pictures: the card of what is pointed at, and rows of images.

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
    setText(shots[0].text, near?.category === undefined ? "decoded here" : `decoded here as category ${near.category}`);
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

/** Bars: how many of the images shown fall to each category. update(layer of categories, theme) */
function occupancyBars(k) {
  const bars = Array.from({ length: k }, () => h("i"));
  const columns = bars.map((bar, i) => h("div", {}, bar, h("span", {}, String(i))));
  const element = h("div", { class: "aae-shares", role: "img" }, columns);
  let drawn = null;
  function update(layer, theme) {
    if (!layer || (drawn?.data === layer.data && drawn.theme === theme)) return;
    drawn = { data: layer.data, theme };
    const counts = new Array(k).fill(0);
    for (const category of layer.data) counts[category] += 1;
    const most = Math.max(1, ...counts);
    bars.forEach((bar, i) => {
      bar.style.height = `${(100 * counts[i]) / most}%`;
      bar.style.background = theme.classes.get(i) ?? theme.ink;
      bar.parentNode.title = `category ${i}: ${counts[i]} images`;
    });
    const empty = counts.filter((n) => !n).length;
    setAttribute(element, "aria-label", `Images in each category: ${counts.join(", ")}. ${empty} of ${k} are empty.`);
  }
  return { element, update };
}

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
