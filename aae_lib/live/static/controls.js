// What a person moves: sliders, transport, time machine, prior. Each part returns {element, update(...)}.

let made = 0;
const freshId = () => `aae-${++made}`;

function button(name, text, onclick, more = {}) {
  return h("button", { type: "button", "data-do": name, onclick, ...more }, icon(name), h("span", {}, text));
}

const ICONS = {
  play: "M4 2.5v11l9-5.5z", pause: "M4 3h3v10H4zM9 3h3v10H9z", step: "M3 2.5v11l7-5.5zM11 3h2v10h-2z",
  stop: "M3.5 3.5h9v9h-9z", reset: "M8 3a5 5 0 1 1-4.6 3l1.5.6A3.4 3.4 0 1 0 8 4.6V7L4 3.8 8 .6z",
};

function icon(name) {
  const path = vector("path", { d: ICONS[name] });
  return ICONS[name] && vector("svg", { viewBox: "0 0 16 16", "aria-hidden": "true" }, path);
}

/** A small mark in a colour, as it is on this theme: render sets the custom properties. */
const dotted = (kind, hex) => (
  h("i", { class: `aae-${kind}`, style: hex && `--dot: var(--aae-on-${hex.slice(1)}, ${hex})` }));

// ---- sliders ----

const SCALES = { // place on the track, 0 to 1 <-> value
  linear: { value: ({ min, max }, t) => min + (max - min) * t, place: ({ min, max }, v) => (v - min) / (max - min) },
  square: {
    value: ({ min, max }, t) => min + (max - min) * t * t,
    place: ({ min, max }, v) => Math.sqrt((v - min) / (max - min)),
  },
  log: {
    value: ({ min, max }, t) => min * (max / min) ** t,
    place: ({ min, max }, v) => Math.log(v / min) / Math.log(max / min),
  },
};
SCALES.whole = SCALES.linear;

function valueAt(slider, place) {
  const value = SCALES[slider.scale].value(slider, place);
  return slider.scale === "whole" ? Math.round(value) : Number(value.toPrecision(3));
}

function placeOf(slider, value) {
  return Math.min(1, Math.max(0, SCALES[slider.scale].place(slider, Math.max(slider.min, value)) || 0));
}

/** How far one press of an arrow key goes on the track: to the next round value, or a hundredth. */
function stepOf({ scale, min, max }) {
  if (scale === "whole") return 1 / (max - min);
  return scale === "linear" ? niceStep((max - min) / 100) / (max - min) : 0.01;
}

/** One number: a track with a mark where the trainer's own value is, a box, a button for the default.
 * `send(value)`; `told(text)` shows the help. update(used, step): what the trainer used, which moves a thumb not held.
 */
function sliderRow(slider, lane, send, told) {
  const id = freshId(), key = slider.key.join(".");
  const range = h("input", {
    type: "range", id, class: "aae-range", min: 0, max: 1, step: stepOf(slider), "data-key": key, "data-lane": lane,
    "aria-description": slider.help, oninput: () => take(valueAt(slider, Number(range.value)), false),
    onpointerdown: () => (held = true), onpointerup: release, onpointercancel: release, onlostpointercapture: release,
    ondblclick: toDefault,
  });
  const box = h("input", {
    type: "number", class: "aae-box", step: "any", "data-box": key, "data-lane": lane,
    "aria-label": `${slider.label}, as a number`,
    onchange: () => (box.value === "" ? show(shown) : take(Number(box.value), true)),
    onkeydown: (event) => event.key === "Escape" && show(shown),
  });
  const mark = h("i", { class: "aae-mark" }), note = h("span", { class: "aae-note" });
  const undo = h("button", {
    type: "button", class: "aae-default", onclick: toDefault,
    "data-do": "default", "data-default": key, "data-lane": lane,
    "aria-label": `${slider.label}: back to ${short(slider.default)}`, title: `back to ${short(slider.default)}`,
  }, "↺");
  const dot = slider.colour && dotted("dot", slider.colour);
  const element = h("div", { class: "aae-slider", onpointerenter: tell, onfocusin: tell },
    h("label", { for: id }, dot, slider.label), h("span", { class: "aae-track" }, range, mark, note), box, undo);
  let shown = slider.value, held = false, used = null, step = 0;
  let awaited = null, until = 0; // sent, and not yet seen in a picture
  const sendSoon = throttled(send, 40);

  function tell() {
    told(slider.help ? `${slider.label}: ${slider.help}.` : "");
  }
  function release() {
    held = false;
  }
  function toDefault() {
    take(slider.default, true);
  }
  function take(value, moveThumb) {
    if (!Number.isFinite(value)) return show(shown);
    awaited = value;
    until = performance.now() + 2000;
    show(value, moveThumb);
    sendSoon(value);
  }
  function show(value, moveThumb = true) {
    shown = value;
    if (moveThumb) range.value = placeOf(slider, value);
    if (document.activeElement !== box || moveThumb) box.value = value;
    range.style.setProperty("--at", placeOf(slider, value));
    range.setAttribute("aria-valuetext", short(value));
    undo.classList.toggle("is-idle", value === slider.default);
    tellUsed();
  }
  function update(nowUsed, nowStep) {
    if (typeof nowUsed !== "number") return;
    [used, step] = [nowUsed, nowStep];
    if (awaited !== null && (close(used, awaited) || performance.now() > until)) awaited = null;
    const typing = document.activeElement === box && Number(box.value) !== shown;
    if (!held && awaited === null && !typing && !close(used, shown)) show(used);
    mark.style.setProperty("--at", placeOf(slider, used));
    tellUsed();
  }
  function tellUsed() {
    if (used === null) return;
    const text = `trainer used ${short(used)} at step ${counted(step)}`;
    setText(note, close(used, shown) ? "" : text);
    setAttribute(mark.parentElement, "title", text);
  }
  show(shown);
  return { element, key: slider.key, update, refused: () => (awaited = null) };
}

const close = (a, b) => Math.abs(a - b) <= 1e-6 * Math.max(1e-3, Math.abs(a), Math.abs(b));

/** All sliders of a lane by group. update(settings, step). */
function sliderGroups(lane, i, send, named) {
  const help = h("p", { class: "aae-help", "aria-hidden": "true" });
  const set = (key) => (value) => send({ do: "set", lane: i, key, value });
  const rows = lane.sliders.map((slider) => sliderRow(slider, i, set(slider.key), (text) => setText(help, text)));
  const of = (settings, key) => key.reduce((part, name) => part?.[name], settings);
  const groups = [...new Set(lane.sliders.map((s) => s.group))].map((group) =>
    h("fieldset", { "aria-label": named && `${lane.name}: ${group}` }, h("legend", {}, group),
      rows.filter((_, k) => lane.sliders[k].group === group).map((row) => row.element)));
  return {
    element: h("div", { class: "aae-sliders" }, groups, help),
    update: (settings, step) => rows.forEach((row) => row.update(of(settings, row.key), step)),
    refused: () => rows.forEach((row) => row.refused()),
  };
}

/** View "tug": one slider from reconstruction alone (0) by both in full (1/2) to the game alone (1). */
function balance(tug, send) {
  const slider = {
    key: ["tug"], label: "who pulls the codes?", min: 0, max: 1, scale: "linear", default: 0.5, value: 0.5,
    help: `left: only ${tug.a} moves the codes; middle: both in full; right: only the ${tug.b}`,
  };
  const row = sliderRow(slider, tug.lane, (value) => send({ do: "tug", value }), () => {});
  const told = h("p", { class: "aae-tug-used" });
  row.element.classList.add("aae-balance");
  row.element.children[1].before(h("span", { "aria-hidden": "true" }, tug.a));
  row.element.children[2].after(h("span", { "aria-hidden": "true" }, tug.b));
  function update({ settings, step }) {
    const a = settings.weights[tug.a], b = settings.weights[tug.b], most = Math.max(a, b);
    row.update(most === 0 ? 0.5 : a >= b ? b / a / 2 : 1 - a / b / 2, step);
    setText(told, `At step ${counted(step)} the trainer used ${tug.a} × ${short(a)}, ${tug.b} × ${short(b)}.`);
  }
  return { element: h("div", { class: "aae-tug" }, row.element, told), update, refused: row.refused };
}

// ---- transport: one toggle for play and pause ----

function transport(send) {
  let playing = false, slow = false;
  const toggle = () => send({ do: playing ? "pause" : "play" });
  const play = h("button", { type: "button", class: "aae-play", onclick: toggle });
  const slowly = button("slow", "slow motion", () => {
    slow = !slow;
    slowly.setAttribute("aria-pressed", slow);
    send({ do: "slow", on: slow });
  }, { "aria-pressed": "false", class: "aae-rest", title: "one phase at a time, with a pause between two" });
  const plain = (name, title, more) => button(name, name, () => send({ do: name }), { title, ...more });
  const step = plain("step", "one phase: one update of some of the networks");
  const reset = plain("reset", "to the first step: same seed, same run", { class: "aae-rest" });
  const stop = plain("stop", "end the thread; the trainer is free then", { class: "aae-rest" });
  const counter = h("span", { class: "aae-step" });
  const element = h("div", { class: "aae-transport", role: "group", "aria-label": "training" },
    play, step, slowly, reset, stop, counter);

  function update({ status, rate, max_steps }, at) {
    playing = ["playing", "slow", "waiting"].includes(status);
    if (status === "slow" || status === "playing") slow = status === "slow";
    slowly.setAttribute("aria-pressed", slow);
    const name = playing ? "pause" : "play";
    if (play.dataset.do !== name) {
      play.dataset.do = name;
      play.replaceChildren(icon(name), h("span", {}, name));
    }
    for (const one of [play, step, slowly, reset, stop]) one.disabled = status === "stopped";
    play.disabled ||= status === "failed";
    step.disabled ||= status === "failed";
    const pace = playing && rate ? ` · ${rate < 10 ? short(rate) : counted(Math.round(rate))} steps/s` : "";
    setText(counter, `step ${counted(at)} of ${counted(max_steps)}${pace}`);
  }
  return { element, update, toggle };
}

// ---- time machine ----

function timeMachine(send, { forked }) {
  const scrubSoon = throttled((at) => send({ do: "scrub", at }), 50);
  let held = false, awaited = null, until = 0;
  const release = () => (held = false);
  const range = h("input", {
    type: "range", class: "aae-scrub aae-range", min: 0, max: 0, step: 1, value: 0,
    "aria-label": "look back at an earlier step",
    oninput: moved, onpointerdown: () => (held = true), onpointerup: release,
    onpointercancel: release, onlostpointercapture: release,
  });
  const text = h("output", { class: "aae-when" });
  const live = button("live", "back to now", () => (scrubSoon.cancel(), (awaited = null), send({ do: "live" })));
  const fork = button("fork", "fork from here", () => send({ do: "fork" }), { title: "a second run from this step" });
  const join = forked && button("join_lanes", "drop the fork", () => send({ do: "join_lanes" }));
  let marks = [];

  function moved() {
    awaited = Number(range.value);
    until = performance.now() + 2000;
    scrubSoon(awaited);
    said();
  }
  function said() {
    const step = marks[Number(range.value)] ?? 0;
    range.setAttribute("aria-valuetext", `step ${counted(step)}`);
    range.style.setProperty("--at", marks.length > 1 ? Number(range.value) / (marks.length - 1) : 1);
    setText(text, marks.length > 1 ? `step ${counted(step)}` : "nothing yet");
  }
  function update({ marks: kept, at, status }) {
    marks = kept;
    range.max = Math.max(0, marks.length - 1);
    range.disabled = marks.length < 2 || status === "stopped";
    if (awaited === at || performance.now() > until) awaited = null;
    if (!held && awaited === null) range.value = at ?? marks.length - 1;
    said();
    live.hidden = at === null;
    fork.hidden = at === null;
  }
  const element = h("div", { class: "aae-time aae-rest", role: "group", "aria-label": "time machine" },
    h("span", { class: "aae-name" }, "look back"), range, text, live, fork, join);
  return { element, update };
}

// ---- the prior: a list, or a drawing ----

const PAD_EXTENT = [-4, 4, -4, 4]; // of the plane that Python paints a drawing in

function priorChooser(spec, send) {
  const id = freshId(), now = h("option", { value: "" }, "…");
  const choices = spec.priors.map((name) => h("option", { value: name }, name));
  const canDraw = spec.can_draw && typeof drawingPad === "function";
  if (canDraw) choices.push(h("option", { value: "draw" }, "draw your own…"));
  const select = h("select", { id, class: "aae-prior", onchange: chosen }, now, choices);
  const place = h("div", { class: "aae-drawing", hidden: true });
  let pad = null, drawn = [];

  function chosen() {
    if (select.value === "draw") draw();
    else if (select.value) send({ do: "prior", name: select.value });
    select.value = ""; // the first line says what the trainer has
  }
  function draw() {
    if (pad) return;
    place.hidden = false;
    const host = h("div");
    place.replaceChildren(host, h("div", { class: "aae-row" },
      button("draw", "use this drawing", use), button("cancel", "cancel", closePad)));
    pad = drawingPad(host, { extent: PAD_EXTENT, strokes: drawn });
    (host.querySelector("[tabindex]") ?? host).focus({ preventScroll: true });
  }
  function use() {
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
  const element = h("div", { class: "aae-choose" }, h("label", { for: id }, "prior p(z)"), select, place);
  function update(prior) {
    setText(now, `now: ${prior.split("(")[0]}`);
    setAttribute(select, "title", prior);
  }
  return { element, update, end: () => pad?.destroy() };
}
