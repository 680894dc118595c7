// All parts of the panel for one spec, and how a picture changes them. Everything drawn comes from Python.

import { button } from "./buttons";
import { curvePlot } from "./curves";
import { h, setText } from "./dom";
import { errorBox } from "./error";
import { around, closeUp, crowded } from "./extents";
import type { Run } from "./frames";
import type { Extent, PointAnswer, Send, Spec, State } from "./messages";
import { counted, short } from "./numbers";
import { overlayBoxes } from "./overlays";
import { priorChooser } from "./prior";
import { part, runPart, sentence } from "./run";
import { finalOf, lastStep, lossStrips, mmdStrip } from "./strips";
import type { Theme } from "./theme";
import { timeMachine } from "./time_machine";
import { transport } from "./transport";

/** What a person has set of the page alone. */
export interface Look {
  large: boolean;
  whole: boolean; // on the whole screen
  more: boolean; // view "tug": the rest is shown too
  closeUp: boolean | null; // null: while arrows are shown of codes that lie in a heap
  sizes: number; // how often a part has changed its size
}

/** What a click may change of it. */
export interface Acts {
  whole(): void;
  restyle(): void;
}

export type Parts = ReturnType<typeof panelParts>;

const SAID: Partial<Record<State["status"], string>> = {
  paused: "Paused.",
  playing: "Training.",
  slow: "Slow motion: one phase at a time.",
  failed: "A function has failed.",
};

export function panelParts(root: HTMLElement, spec: Spec, send: Send, look: Look, acts: Acts) {
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
  const column = (...parts: (Node | false | null)[]) => h("div", { class: "aae-column" }, parts);
  const set = h("div", { class: "aae-set aae-rest" }, prior.element, overlays.element);
  const sliders = runs.map(({ tug, mmd, sliders }) => {
    const rest = h("div", { class: "aae-rest" }, sliders.element);
    return h(
      "div",
      { class: "aae-own" },
      tug?.element,
      !several && tug && mmd && bigNumber(mmd.element),
      !several && set,
      rest,
    );
  });
  const seen = runs.map(({ moves, occupied, images }) => {
    return column(moves, h("div", { class: "aae-column aae-rest" }, occupied, images));
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
        h("div", { class: "aae-looks" }, whole, more),
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
          several && sliders,
        ),
        h(
          "div",
          { class: "aae-place" },
          runs.map((run) => run.plot.card),
        ),
        h("div", { class: "aae-side" }, several ? set : sliders),
        h("div", { class: "aae-seen" }, seen),
        h("div", { class: "aae-below aae-rest" }, lossPart, distance),
      ),
      heard,
    ),
  );

  const steering = [prior.element, ...runs.flatMap(({ tug, sliders }) => [tug?.element, sliders.element])];
  let curves: unknown[] | null = null; // what the curves were painted from
  let labels: string[] = [];
  let labelled = 0;

  /** `told` goes before what Python or the status says; `settled`: no wish is under way, thumbs show what is set. */
  function update(state: State, told: string, kept: Run[], theme: Theme, settled: boolean) {
    const { step, prior: named } = kept[0].info;
    moves.update(state, step);
    time.update(state, settled);
    prior.update(named);
    for (const one of steering) one?.toggleAttribute("inert", state.status === "stopped"); // nothing obeys any more
    for (const [name, on] of Object.entries(state.overlays)) root.toggleAttribute(`data-${name}`, on);
    setText(status, told || state.message || SAID[state.status] || "");
    error.update(state.error);
    if (performance.now() - labelled > 2000 || !labels.length) {
      labelled = performance.now();
      labels = kept.map((run, i) => sentence(spec.runs[i], run, several));
    }
    const layers = kept.flatMap(({ layers: { losses, mmd } }) => [losses, mmd]);
    const now = [theme, state.at, look.sizes, look.more, ...layers];
    if (!curves || curves.some((value, i) => value !== now[i])) {
      curves = now;
      paintCurves(kept, state.at === null ? null : step, theme);
    }
    const heaped = kept.some(({ info, layers }) => state.overlays.arrows && crowded(layers.codes, info.extent));
    const close = look.closeUp ?? heaped;
    overlays.update(state.overlays, close);
    const extents = drawnExtents(kept, close);
    kept.forEach((run, i) => {
      runs[i].update(run, extents[i], state, labels[i], theme, settled);
    });
  }
  function paintCurves(kept: Run[], mark: number | null, theme: Theme) {
    const last = Math.max(1, ...kept.flatMap(({ info, layers }) => [info.step, lastStep(layers.losses)]));
    const strips = lossStrips(spec, kept);
    const over = `over ${counted(last)} steps, now`;
    const told = strips.map(({ name, series }) => `${name} ${short(finalOf(series[0]))}`).join(", ");
    losses.paint(strips, last, mark, theme, `Losses ${over}: ${told}.`);
    const mmd = kept.map(({ info }, i) => `${several ? `${spec.runs[i].name} ` : ""}${short(info.mmd)}`).join(", ");
    mmds?.paint([mmdStrip(kept, spec.runs[0].dots)], last, mark, theme, `MMD ${over} ${mmd}.`);
  }
  function answer(content: PointAnswer, buffers: Uint8Array[]) {
    const plot = runs[content.run]?.plot;
    const text = plot?.answer(content, buffers);
    if (text && document.activeElement === plot.element) setText(heard, text);
  }
  /** Show the page's own state: large or not, more or not. */
  function restyled() {
    root.classList.toggle("is-large", look.large || look.whole);
    root.classList.toggle("is-more", look.more);
    whole.setAttribute("aria-pressed", String(look.whole));
    if (!more) return;
    more.setAttribute("aria-expanded", String(look.more));
    if (more.lastChild) setText(more.lastChild, look.more ? "less" : "more");
  }
  /** Python has refused a value: sliders go back. */
  function refused() {
    for (const run of runs) {
      run.tug?.refused();
      run.sliders.refused();
    }
  }
  const say = (text: string) => setText(status, text);
  return { update, answer, refused, restyled, say, end: prior.end };
}

const bigNumber = (mmd: Node) => h("p", { class: "aae-number" }, mmd);

/** What is drawn of each run's plane: two runs on the same axes are drawn over the same square. */
function drawnExtents(kept: Run[], close: boolean): Extent[] {
  const each = kept.map(({ info, layers }) => (close ? closeUp(layers.codes, info.extent) : info.extent));
  const same = kept.every(({ info }) => info.axes.join() === kept[0].info.axes.join());
  return same ? each.map(() => around(each)) : each;
}
