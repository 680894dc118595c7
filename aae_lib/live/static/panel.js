// The panel: one page of parts, painted anew when a picture comes from Python. Everything drawn comes from there.

const SAID = {
  paused: "Paused.", playing: "Training.", slow: "Slow motion: one phase at a time.", failed: "A function has failed.",
  silent: "No answer from the kernel: it is busy, or this panel has ended; then run the cell again.",
};
const PATIENCE_MS = 6000; // without an answer, before the page says so

const unpacked = (bytes) => new Uint8Array(bytes.buffer ?? bytes, bytes.byteOffset ?? 0, bytes.byteLength);

function layerOf({ dtype, shape }, bytes) {
  const data = unpacked(bytes);
  return { shape, data: dtype === "f4" ? new Float32Array(data.slice().buffer) : data };
}

/** "MMD 0.0123 (floor 0.0003 ± 0.0011)" of one lane. */
function mmdText(i) {
  const now = h("b"), floor = h("span"), element = h("span", { class: "aae-mmd", "data-lane": i }, "MMD ", now, floor);
  function update({ mmd, floor: known }) {
    setText(now, decimals(mmd, 4));
    setText(floor, known ? ` (floor ${decimals(known[0], 4)} ± ${decimals(known[1], 4)})` : "");
  }
  return { element, update };
}

/** The parts that every lane has for itself. */
function laneParts(spec, i, send, toggle) {
  const lane = spec.lanes[i], several = spec.lanes.length > 1, named = several ? `: ${lane.name}` : "";
  const ask = (x, y) => send(x === null ? { do: "point", lane: null } : { do: "point", lane: i, x, y });
  const plot = latentPlot(i, { ask, toggle }), mmd = lane.mmd ? mmdText(i) : null, networks = networkDiagram(lane);
  const sliders = sliderGroups(lane, i, send, several);
  const shares = lane.categories ? occupancyBars(lane.categories) : null;
  const pictures = spec.image && spec.view !== "plane" ? pictureRows() : null;
  const look = (choice) => send({ do: "axes", lane: i, choice });
  const axes = lane.plane_options && planeChooser(lane.plane_options, look);
  const title = h("h3", {}, several ? lane.name : "codes q(z) over the prior p(z)");
  const head = h("div", { class: "aae-lane-head" }, title);
  if (mmd && spec.view !== "tug") head.append(mmd.element);
  const element = h("section", { class: "aae-lane", "aria-label": lane.name },
    head, plot.element, legend(spec, lane), axes, several && h("div", { class: "aae-rest" }, sliders.element));
  const latest = h("small", { class: "aae-if-past" }, " of the latest step");
  return {
    plot, mmd, networks, sliders, pictures, shares, element,
    occupied: shares && part(["images in each category", named], shares.element),
    moves: part(`what a phase moves${named}`, networks.element),
    images: pictures && part(["pictures", named, latest], pictures.element),
  };
}

const part = (title, ...content) => h("section", { class: "aae-part" }, h("h3", {}, title), content);
const column = (...parts) => h("div", { class: "aae-column" }, parts);

/** All parts of the page for one spec: {update(state, told, kept, theme), answer, refused, large, more, end}. */
function panelParts(root, spec, send, ui, restyle) {
  const several = spec.lanes.length > 1, forked = several && spec.lanes[1].name.startsWith("fork");
  const moves = transport(send), time = timeMachine(send, { forked }), prior = priorChooser(spec, send);
  const tug = spec.tug && spec.view === "tug" ? balance(spec.tug, send) : null;
  const lanes = spec.lanes.map((_, i) => laneParts(spec, i, send, moves.toggle));
  const losses = curvePlot("losses"), mmds = spec.lanes.some((lane) => lane.mmd) ? curvePlot("MMD") : null;
  const status = h("div", { class: "aae-status", role: "status" });
  const error = h("div", { class: "aae-error", role: "alert", hidden: true });
  const heard = h("div", { class: "aae-unseen", "aria-live": "polite" }), overlays = overlayBoxes(spec, send);
  const flip = (name) => () => ((ui[name] = !ui[name]), restyle());
  const large = button("large", "large", flip("large"), { class: "aae-large", title: "for the projector" });
  const more = spec.view === "tug" ? button("more", "more", flip("more"), { class: "aae-more" }) : null;
  const dashes = several && h("small", {}, `— ${spec.lanes[0].name}   - - ${spec.lanes[1].name}`);
  const lossPart = part("losses", dashes, losses.element);
  const distance = mmds && part("how far q(z) is from p(z)", mmds.element);
  root.dataset.view = spec.view;
  root.dataset.lanes = spec.lanes.length;
  root.replaceChildren(h("div", { class: "aae-page" },
    h("header", { class: "aae-head" }, h("h2", {}, spec.title), large, more), moves.element, status, error,
    h("div", { class: "aae-main" }, lanes.map((lane) => lane.element), h("div", { class: "aae-side" },
      tug && [tug.element, lanes.map(({ mmd }) => mmd && h("p", { class: "aae-tug-mmd" }, mmd.element))],
      tug && !several && lanes[0].moves,
      h("div", { class: "aae-set aae-rest" }, prior.element, overlays.element, !several && lanes[0].sliders.element))),
    time.element,
    h("div", { class: "aae-below aae-rest" }, several
      ? [lanes.map((lane) => column(lane.moves, lane.occupied, lane.images)), column(lossPart), column(distance)]
      : [column(!tug && lanes[0].moves, lanes[0].occupied, lanes[0].images), column(lossPart, distance)]),
    heard));

  let curves = null, labels = [], labelled = 0;
  const drawn = [];
  function update(state, told, kept, theme) {
    const past = state.at !== null, first = kept[0].info;
    moves.update(state, first.step);
    time.update(state);
    prior.update(first.prior);
    overlays.update(state.overlays);
    for (const [name, on] of Object.entries(state.overlays)) root.toggleAttribute(`data-${name}`, on);
    setText(status, told || state.message || SAID[state.status] || "");
    showError(error, state.error);
    tug?.update(kept[spec.tug.lane].info);
    if (performance.now() - labelled > 2000 || !labels.length) {
      labelled = performance.now();
      labels = kept.map((lane, i) => sentence(spec.lanes[i], lane, several));
    }
    const now = [theme, state.at, ui.width, ui.more, ...kept.flatMap(({ layers }) => [layers.losses, layers.mmd])];
    if (!curves || curves.some((value, i) => value !== now[i])) {
      curves = now;
      paintCurves(kept, past ? first.step : null, theme);
    }
    kept.forEach((lane, i) => updateLane(lane, i, state, theme));
  }
  function updateLane({ info, layers }, i, { at, overlays: on }, theme) {
    const { plot, mmd, sliders, networks, pictures, shares } = lanes[i], lane = spec.lanes[i];
    const names = new Map(spec.classes.map(([name], k) => [classValue(name, k), name]));
    const colours = lane.arrows.map((name) => lane.phases.find((phase) => phase.name === name)?.colour);
    const live = at === null, surface = on.surface && lane.surface ? layers.surface : null;
    const arrows = on.arrows && live ? layers.arrows : null, seen = { live, surface, arrows, arrowColours: colours, predicted: on.predicted };
    plot.paint({ ...info, ...layers, ...seen, names, label: labels[i], image: spec.image }, theme);
    mmd?.update(info);
    shares?.update(layers.categories, theme);
    sliders.update(info.settings, info.step);
    networks.update(info, theme);
    if (!pictures || !layers.images || !on.images || drawn[i] === layers.images) return;
    drawn[i] = layers.images;
    pictures.update(layers.images);
  }
  function paintCurves(kept, mark, theme) {
    const last = Math.max(1, ...kept.flatMap(({ info, layers: { losses: known } }) => [info.step, lastStep(known)]));
    const strips = lossStrips(spec, kept), over = `over ${counted(last)} steps, now`;
    const told = strips.map(({ name, series }) => `${name} ${short(finalOf(series[0]))}`).join(", ");
    losses.paint(strips, last, mark, theme, `Losses ${over}: ${told}.`);
    mmds?.paint([mmdStrip(kept)], last, mark, theme, `MMD ${over} ${short(kept[0].info.mmd)}.`);
  }
  function answer(content, buffers) {
    const plot = lanes[content.lane]?.plot, text = plot?.answer(content, buffers);
    if (text && document.activeElement === plot.element) setText(heard, text);
  }
  const refused = () => [tug, ...lanes.map((lane) => lane.sliders)].forEach((one) => one?.refused());
  return { update, answer, refused, large, more, end: prior.end };
}

const lastStep = (losses) => (losses && losses.data.length ? losses.data.at(-losses.shape[1]) : 0);
const finalOf = ({ rows, stride, column }) => rows[rows.length - stride + column];

function sentence(lane, { info, layers }, several) {
  const n = layers.codes ? layers.codes.shape[0] : 0;
  return `${several ? lane.name + ", l" : "L"}atent plane at step ${counted(info.step)}: `
    + `${counted(n)} codes over samples of ${info.prior}`
    + (info.mmd === null ? "." : `, MMD ${decimals(info.mmd, 4)}.`)
    + " Arrow keys move the crosshair, Enter pins it, Escape hides it, Space plays or pauses.";
}

function planeChooser(options, chosen) {
  const id = freshId(), choices = options.map(([name], i) => h("option", { value: i }, name));
  const select = h("select", { id, "data-do": "axes", onchange: () => chosen(Number(select.value)) }, choices);
  return h("div", { class: "aae-choose" }, h("label", { for: id }, "plane shown"), select);
}

function overlayBoxes(spec, send) {
  const names = {
    surface: spec.lanes.some((lane) => lane.surface) && "D's surface",
    arrows: spec.lanes.some((lane) => lane.arrows.length) && "arrows",
    images: spec.image && spec.view !== "plane" && "images",
    predicted: spec.lanes.some((lane) => lane.categories) && "colour by category, not by class",
  };
  const boxes = Object.entries(names).filter(([, text]) => text).map(([name, text]) => {
    const onchange = () => send({ do: "overlay", name, on: box.checked });
    const box = h("input", { type: "checkbox", "data-do": `overlay-${name}`, onchange });
    return { name, box, element: h("label", {}, box, text) };
  });
  const labels = boxes.map((one) => one.element);
  const element = h("div", { class: "aae-overlays", role: "group", "aria-label": "what is drawn" }, labels);
  return { element, update: (on) => boxes.forEach(({ name, box }) => (box.checked = on[name])) };
}

function legend(spec, lane) {
  const entry = (kind, colour, text, shown) => h("li", { class: shown }, dotted(kind, colour), text);
  const codes = spec.classes.map(([name, colour]) => entry("dot", colour, name));
  const arrows = lane.phases.filter(({ name }) => lane.arrows.includes(name));
  return h("ul", { class: "aae-legend", "aria-label": "legend" },
    codes.length ? codes : entry("ring", null, "codes q(z)"), entry("dot", spec.colours.prior, "prior p(z)"),
    arrows.map(({ name, colour }) => entry("arrow", colour, `${name}'s pull`, "aae-if-arrows")),
    lane.surface && h("li", { class: "aae-if-surface" }, "D: fake", h("i", { class: "aae-scale" }), "real"));
}

const coloursOf = ({ classes, lanes }) => (
  [...classes.map(([, hex]) => hex), ...lanes.flatMap(({ phases }) => phases.map(({ colour }) => colour))]);

function showError(box, trace) {
  box.hidden = !trace;
  if (!trace || box.dataset.trace === trace) return;
  box.dataset.trace = trace;
  box.replaceChildren(
    h("b", {}, trace.trimEnd().split("\n").at(-1)), h("p", {}, "Mend the function, then run the cell again."),
    h("details", {}, h("summary", {}, "the whole traceback"), h("pre", { tabindex: 0 }, trace)));
}

function render({ model, el }) {
  const quiet = { "data-lm-suppress-shortcuts": "true", onkeydown: (event) => event.stopPropagation() };
  const root = h("div", { class: "aae-panel", "data-frames": 0, ...quiet }); // JupyterLab leaves the keys alone
  const ui = { large: Boolean(model.get("spec").large), more: false, width: 0 }, paintMs = [];
  let spec, parts, theme = null, frame = null, kept = [], told = "", due = 0, painted = 0, waiting = 0, taken = 0;
  root.__aae = { paint_ms: paintMs };

  function send(content) {
    if (content.do !== "point") {
      told = "";
      clearTimeout(waiting);
      waiting = setTimeout(silent, PATIENCE_MS);
    }
    try {
      model.send(content);
    } catch {
      silent();
    }
  }
  function silent() {
    told = SAID.silent;
    if (!frame) setText(root.querySelector(".aae-status"), told);
    soon();
  }
  function build() {
    const name = root.contains(document.activeElement) && document.activeElement.dataset.do;
    spec = model.get("spec");
    parts?.end();
    parts = panelParts(root, spec, send, ui, restyle);
    kept = spec.lanes.map((_, i) => kept[i] ?? { layers: {}, info: null });
    restyle();
    if (name) root.querySelector(`[data-do="${name}"]`)?.focus();
  }
  function restyle() {
    root.classList.toggle("is-large", ui.large);
    root.classList.toggle("is-more", ui.more);
    parts.large.setAttribute("aria-pressed", ui.large);
    if (parts.more) {
      parts.more.setAttribute("aria-expanded", ui.more);
      setText(parts.more.lastChild, ui.more ? "less" : "more");
    }
    theme = null; // read when painting: before the page holds the panel, there are no colours to read
    soon();
  }
  function readTheme() {
    theme = themeOf(root, spec);
    for (const name of ["real", "fake"]) root.style.setProperty(`--aae-${name}-now`, theme[name]);
    for (const hex of coloursOf(spec)) root.style.setProperty(`--aae-on-${hex.slice(1)}`, theme.onPlot(hex));
    root.style.setProperty(`--aae-on-${spec.colours.prior.slice(1)}`, theme.prior);
  }
  const soon = () => (due ||= requestAnimationFrame(paint));

  function heard(content, buffers = []) {
    clearTimeout(waiting);
    if (content.kind === "frame") take(content, buffers);
    else if (content.kind === "point") parts.answer(content, buffers.map(unpacked));
    else if (content.kind === "say") {
      told = content.text;
      parts.refused();
      soon();
    }
  }
  function take(content, buffers) {
    if (content.full || content.n % 4 === 0) model.send({ do: "seen", n: content.n }); // an answer costs the kernel time
    if (!frame && !content.full) return; // a page that joins late waits for the whole picture
    frame = content;
    taken = performance.now();
    if (told === SAID.silent) told = "";
    content.lanes.slice(0, kept.length).forEach((info, i) => {
      kept[i].info = info;
      if (content.state.at !== null) kept[i].layers.surface = null; // a kept moment may be without
    });
    content.layers.forEach((head, i) => {
      if (kept[head.lane]) kept[head.lane].layers[head.name] = layerOf(head, buffers[i]);
    });
    soon();
  }
  function paint() {
    due = 0;
    if (!frame || !ui.width || kept.some(({ info }) => !info)) return;
    if (!theme && !getComputedStyle(root).getPropertyValue("--aae-plot")) return soon(); // no style sheet yet
    const begun = performance.now();
    if (!theme) readTheme();
    parts.update(frame.state, told, kept, theme);
    if (painted !== frame) {
      painted = frame;
      root.dataset.frames = Number(root.dataset.frames) + 1;
    }
    root.dataset.step = kept[0].info.step;
    root.dataset.status = frame.state.status;
    root.dataset.uses = JSON.stringify(kept.map(({ info }) => info.settings));
    paintMs.push(performance.now() - begun);
    if (paintMs.length > 100) paintMs.shift();
  }

  el.append(root);
  const silence = setInterval(() => { // the connection was lost for a while, or the kernel was busy: say that somebody is here
    if (["playing", "slow", "waiting"].includes(frame?.state.status) && performance.now() - taken > 5000) send({ do: "hello" });
  }, 2500);
  const endTheme = followTheme(root, () => parts && restyle());
  build();
  const resized = new ResizeObserver(([entry]) => ((ui.width = entry.contentRect.width), soon()));
  resized.observe(root);
  model.on("msg:custom", heard);
  model.on("change:spec", build);
  model.on("comm:close", silent);
  send({ do: "hello" });
  return () => {
    model.off("msg:custom", heard);
    model.off("change:spec", build);
    model.off("comm:close", silent);
    clearTimeout(waiting);
    clearInterval(silence);
    cancelAnimationFrame(due);
    resized.disconnect();
    endTheme();
    parts.end();
    root.remove();
  };
}

export default { render };
