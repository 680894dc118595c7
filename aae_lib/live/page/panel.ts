// All parts of the panel for one spec, and how a picture changes them. Everything drawn comes from Python.

import { button } from "./buttons";
import { curvePlot } from "./curves";
import { h, setText } from "./dom";
import type { Run } from "./frames";
import type { Overlay, PointAnswer, Send, Spec, State } from "./messages";
import { counted, short } from "./numbers";
import { priorChooser } from "./prior";
import { part, runPart, sentence } from "./run";
import { balance } from "./sliders";
import { finalOf, lastStep, lossStrips, mmdStrip } from "./strips";
import type { Theme } from "./theme";
import { timeMachine } from "./time_machine";
import { transport } from "./transport";

/** What a person has set of the page alone. */
export interface Look {
  large: boolean;
  more: boolean; // view "tug": the rest is shown too
  width: number;
}

export type Parts = ReturnType<typeof panelParts>;

const SAID: Partial<Record<State["status"], string>> = {
  paused: "Paused.",
  playing: "Training.",
  slow: "Slow motion: one phase at a time.",
  failed: "A function has failed.",
};

export function panelParts(root: HTMLElement, spec: Spec, send: Send, look: Look, restyle: () => void) {
  const several = spec.runs.length > 1;
  const moves = transport(send);
  const time = timeMachine(send, spec.forked);
  const prior = priorChooser(spec, send);
  const overlays = overlayBoxes(spec, send);
  const tug = spec.tug && spec.view === "tug" ? { run: spec.tug.run, ...balance(spec.tug, send) } : null;
  const runs = spec.runs.map((_, i) => runPart(spec, i, send, moves.toggle));
  const losses = curvePlot("losses");
  const mmds = spec.runs.some((run) => run.mmd) ? curvePlot("MMD") : null;
  const status = h("div", { class: "aae-status", role: "status" });
  const error = h("div", { class: "aae-error", role: "alert", hidden: true });
  const heard = h("div", { class: "aae-unseen", "aria-live": "polite" });
  const flip = (name: "large" | "more") => () => {
    look[name] = !look[name];
    restyle();
  };
  const large = button("large", "large", flip("large"), { class: "aae-large", title: "for the projector" });
  const more = spec.view === "tug" ? button("more", "more", flip("more"), { class: "aae-more" }) : null;

  const dashes = several && h("small", {}, `— ${spec.runs[0].name}   - - ${spec.runs[1].name}`);
  const lossPart = part(["losses"], dashes, losses.element);
  const distance = mmds && part(["how far q(z) is from p(z)"], mmds.element);
  const column = (...parts: (Node | false | null)[]) => h("div", { class: "aae-column" }, parts);
  const tugged = tug && [tug.element, runs.map(({ mmd }) => mmd && h("p", { class: "aae-tug-mmd" }, mmd.element))];
  const set = [prior.element, overlays.element, !several && runs[0].sliders.element];
  root.dataset.view = spec.view;
  root.dataset.runs = String(spec.runs.length);
  root.replaceChildren(
    h(
      "div",
      { class: "aae-page" },
      h("header", { class: "aae-head" }, h("h2", {}, spec.title), large, more),
      [moves.element, status, error],
      h(
        "div",
        { class: "aae-main" },
        runs.map((run) => run.element),
        h(
          "div",
          { class: "aae-side" },
          tugged,
          tug && !several && runs[0].moves,
          h("div", { class: "aae-set aae-rest" }, set),
        ),
      ),
      time.element,
      h(
        "div",
        { class: "aae-below aae-rest" },
        several
          ? [runs.map((one) => column(one.moves, one.occupied, one.images)), column(lossPart), column(distance)]
          : [column(!tug && runs[0].moves, runs[0].occupied, runs[0].images), column(lossPart, distance)],
      ),
      heard,
    ),
  );

  let curves: unknown[] | null = null; // what the curves were painted from
  let labels: string[] = [];
  let labelled = 0;

  /** `told` goes before what Python or the status says; `settled`: no wish is under way, thumbs show what is set. */
  function update(state: State, told: string, kept: Run[], theme: Theme, settled: boolean) {
    const { step, prior: named } = kept[0].info;
    moves.update(state, step);
    time.update(state, settled);
    prior.update(named);
    overlays.update(state.overlays);
    for (const [name, on] of Object.entries(state.overlays)) root.toggleAttribute(`data-${name}`, on);
    setText(status, told || state.message || SAID[state.status] || "");
    showError(error, state.error);
    if (tug) tug.update(kept[tug.run].info, settled);
    if (performance.now() - labelled > 2000 || !labels.length) {
      labelled = performance.now();
      labels = kept.map((run, i) => sentence(spec.runs[i], run, several));
    }
    const layers = kept.flatMap(({ layers: { losses, mmd } }) => [losses, mmd]);
    const now = [theme, state.at, look.width, look.more, ...layers];
    if (!curves || curves.some((value, i) => value !== now[i])) {
      curves = now;
      paintCurves(kept, state.at === null ? null : step, theme);
    }
    kept.forEach((run, i) => {
      runs[i].update(run, state, labels[i], theme, settled);
    });
  }
  function paintCurves(kept: Run[], mark: number | null, theme: Theme) {
    const last = Math.max(1, ...kept.flatMap(({ info, layers }) => [info.step, lastStep(layers.losses)]));
    const strips = lossStrips(spec, kept);
    const over = `over ${counted(last)} steps, now`;
    const told = strips.map(({ name, series }) => `${name} ${short(finalOf(series[0]))}`).join(", ");
    losses.paint(strips, last, mark, theme, `Losses ${over}: ${told}.`);
    mmds?.paint([mmdStrip(kept)], last, mark, theme, `MMD ${over} ${short(kept[0].info.mmd)}.`);
  }
  function answer(content: PointAnswer, buffers: Uint8Array[]) {
    const plot = runs[content.run]?.plot;
    const text = plot?.answer(content, buffers);
    if (text && document.activeElement === plot.element) setText(heard, text);
  }
  /** Show the page's own state: large or not, more or not. */
  function restyled() {
    root.classList.toggle("is-large", look.large);
    root.classList.toggle("is-more", look.more);
    large.setAttribute("aria-pressed", String(look.large));
    if (!more) return;
    more.setAttribute("aria-expanded", String(look.more));
    if (more.lastChild) setText(more.lastChild, look.more ? "less" : "more");
  }
  /** Python has refused a value: sliders go back. */
  function refused() {
    tug?.refused();
    for (const run of runs) run.sliders.refused();
  }
  const say = (text: string) => setText(status, text);
  return { update, answer, refused, restyled, say, end: prior.end };
}

function overlayBoxes(spec: Spec, send: Send) {
  const some = (has: (run: Spec["runs"][number]) => unknown, text: string) => spec.runs.some(has) && text;
  const texts: Record<Overlay, string | false | null> = {
    surface: some((run) => run.surface, "D's surface"),
    arrows: some((run) => run.arrows.length, "arrows"),
    images: spec.image && spec.view !== "plane" && "images",
    predicted: some((run) => run.categories, "colour by category, not by class"),
  };
  const names = (Object.keys(texts) as Overlay[]).filter((name) => texts[name]);
  const boxes = names.map((name) => {
    const onchange = () => send({ do: "overlay", name, on: box.checked });
    const box = h("input", { type: "checkbox", "data-do": `overlay-${name}`, onchange });
    return { name, box, label: h("label", {}, box, texts[name]) };
  });
  const labels = boxes.map(({ label }) => label);
  const element = h("div", { class: "aae-overlays", role: "group", "aria-label": "what is drawn" }, labels);
  function update(on: State["overlays"]) {
    for (const { name, box } of boxes) box.checked = on[name] ?? false;
  }
  return { element, update };
}

function showError(box: HTMLElement, trace: string) {
  box.hidden = !trace;
  if (!trace || box.dataset.trace === trace) return;
  box.dataset.trace = trace;
  box.replaceChildren(
    h("b", {}, trace.trimEnd().split("\n").at(-1)),
    h("p", {}, "Mend the function, then run the cell again."),
    h("details", {}, h("summary", {}, "the whole traceback"), h("pre", { tabindex: 0 }, trace)),
  );
}
