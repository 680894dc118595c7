// Sliders: a track with a mark where the trainer's own value is, a box for the number, a button for the default.

import { button, dotted } from "./buttons";
import { freshId, h, setAttribute, setText, throttled } from "./dom";
import type { RunInfo, RunSpec, Send, Slider, Tug } from "./messages";
import { close, counted, short } from "./numbers";
import { placeOf, settingAt, stepOf, tugPlace, tugWeights, valueAt } from "./track";

interface Does {
  send(value: number): void;
  told?(text: string): void; // shows the help
  say?(value: number): string; // the value as text
}

/** Which step took a value. */
const usedBy = ({ step, planned }: Pick<RunInfo, "step" | "planned">, value: string): string =>
  planned ? `The next step will use ${value}` : `Step ${counted(step)} used ${value}`;

/** One number. */
function sliderRow(slider: Slider, run: number, { send, told = () => {}, say = short }: Does) {
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
    ondblclick: toDefault,
  });
  const box = h("input", {
    type: "number",
    class: "aae-box",
    step: "any",
    "data-box": key,
    "data-run": run,
    "aria-label": `${slider.label}, as a number`,
    onchange: () => (box.value === "" ? show(shown) : take(Number(box.value))),
    onkeydown: (event) => event.key === "Escape" && show(shown),
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
      title: `back to ${short(slider.default)}`,
    },
    "↺",
  );
  const mark = h("i", { class: "aae-mark" });
  const note = h("span", { class: "aae-note" });
  const dot = slider.colour && dotted("dot", slider.colour);
  const label = h("label", { for: id }, dot, slider.label);
  const track = h("span", { class: "aae-track" }, range, mark, note);
  const element = h("div", { class: "aae-slider", onpointerenter: tell, onfocusin: tell }, label, track, box, undo);
  let shown = slider.value;
  let held = false;
  let used: number | null = null;
  let by: Pick<RunInfo, "step" | "planned"> = { step: 0, planned: true };
  let awaited = false; // the trainer has not yet been told what is shown, or no picture since has come
  let sent = false;
  const sendSoon = throttled((value: number) => {
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
  function take(value: number, moveThumb = true) {
    if (!Number.isFinite(value)) return show(shown);
    awaited = true;
    sent = false;
    show(value, moveThumb);
    sendSoon(value);
  }
  function show(value: number, moveThumb = true) {
    shown = value;
    const place = String(placeOf(slider, value));
    if (moveThumb) range.value = place;
    if (document.activeElement !== box || moveThumb) box.value = String(value);
    range.style.setProperty("--at", place);
    range.setAttribute("aria-valuetext", say(value));
    undo.classList.toggle("is-idle", value === slider.default);
    tellUsed();
  }
  /** What is chosen moves a thumb that is not held, unless it was moved after that. */
  function update(chosen: number | null, nowUsed: number | null, info: RunInfo, settled: boolean) {
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

/** All sliders of run number i by group. */
export function sliderGroups(run: RunSpec, i: number, send: Send, named: boolean) {
  const help = h("p", { class: "aae-help", "aria-hidden": "true" });
  const rows = run.sliders.map((slider) => {
    const set = (value: number) => send({ do: "set", run: i, key: slider.key, value });
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
    title: `every slider${named ? ` of ${run.name}` : ""} back to where it was at first`,
  });
  return {
    element: h("div", { class: "aae-sliders" }, named && h("h3", { class: "aae-whose" }, run.name), groups, help, all),
    update(info: RunInfo, settled: boolean) {
      for (const { slider, update } of rows) {
        update(settingAt(info.chosen, slider.key), settingAt(info.settings, slider.key), info, settled);
      }
    },
    refused() {
      for (const row of rows) row.refused();
    },
  };
}

/** View "tug": one slider from reconstruction alone (0) by both in full (1/2) to the game alone (1). */
export function balance(tug: Tug, run: number, whose: string, send: Send) {
  const slider: Slider = {
    key: ["tug"],
    label: `who pulls the codes${whose}?`,
    group: "",
    min: 0,
    max: 1,
    scale: "linear",
    default: 0.5,
    value: 0.5,
    help: `left: only ${tug.a} moves the codes; middle: both in full; right: the game alone, phase "${tug.b}"`,
    colour: null,
  };
  const both = ([a, b]: number[]) => `${tug.a} × ${short(a)}, ${tug.b} × ${short(b)}`;
  const row = sliderRow(slider, run, {
    send: (value) => send({ do: "tug", run, value }),
    say: (value) => both(tugWeights(value)),
  });
  row.element.classList.add("aae-balance");
  row.track.before(h("span", { "aria-hidden": "true" }, tug.a));
  row.track.after(h("span", { class: "aae-end", "aria-hidden": "true" }, `game (${tug.b})`));
  const told = h("p", { class: "aae-tug-used" });

  function update(info: RunInfo, settled: boolean) {
    const { chosen, settings } = info;
    row.update(tugPlace(chosen, tug), tugPlace(settings, tug), info, settled);
    setText(told, `${usedBy(info, both([tug.a, tug.b].map((name) => settings.weights[name])))}.`);
  }
  return { element: h("div", { class: "aae-tug" }, row.element, told), update, refused: row.refused };
}
