// The parts of the page that every run has for itself.

import { dotted } from "./buttons";
import { freshId, h, setText } from "./dom";
import type { Run } from "./frames";
import { occupancyBars, pictureRows } from "./images";
import type { Extent, RunInfo, RunSpec, Send, Spec, State } from "./messages";
import { networkDiagram } from "./networks";
import { counted, decimals } from "./numbers";
import { latentPlot } from "./plane";
import { balance, sliderGroups } from "./sliders";
import { endsOf, swingOf } from "./surface";
import type { Theme } from "./theme";
import { underWay } from "./transport";

export const part = (title: (string | Node | false)[], ...content: (Node | false)[]): HTMLElement =>
  h("section", { class: "aae-part" }, h("h3", {}, title), content);

/** Run number i: its parts, and update(what is known of it, state, sentence for screen readers, theme). */
export function runPart(spec: Spec, i: number, send: Send, toggle: () => void) {
  const run = spec.runs[i];
  const several = spec.runs.length > 1;
  const named = several && `: ${run.name}`;
  const withPictures = spec.image !== null && spec.view !== "plane";
  const plot = latentPlot(i, several ? run.name : "", withPictures, {
    ask: (z) => send(z ? { do: "point", run: i, x: z[0], y: z[1] } : { do: "point", run: null }),
    toggle,
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
    [plot.element, key.element, axes],
  );
  const latest = h("small", { class: "aae-if-past" }, " of the latest step");
  const names = new Map(spec.classes.map(([label, name]) => [label, name]));
  const arrowColours = run.arrows.map((name) => run.phases.find((phase) => phase.name === name)?.colour);
  let drawn: unknown = null; // the layer of images that is shown

  /** `extent` is what is drawn of the plane. */
  function update(now: Run, extent: Extent, state: State, label: string, theme: Theme, settled: boolean) {
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
      image: spec.image,
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
    update,
  };
}

/** The tug of war of view "tug", where the run has its two phases. */
function tugOf({ tug, view, runs }: Spec, i: number, send: Send) {
  const has = (name: string) => runs[i].phases.some((phase) => phase.name === name);
  if (!tug || view !== "tug" || !has(tug.a) || !has(tug.b)) return null;
  return balance(tug, i, runs.length > 1 ? `: ${runs[i].name}` : "", send);
}

/** "MMD 0.0123 (floor 0.0003 ± 0.0011)" of one run; of two, which share it, the floor is left to the curves. */
function mmdText(i: number, withFloor: boolean) {
  const now = h("b");
  const when = h("small");
  const floor = h("span", { class: "aae-floor" });
  const element = h("span", { class: "aae-mmd", "data-run": i }, "MMD ", now, when, floor);
  function update({ mmd, mmd_at: at, step, floor: known }: RunInfo, training: boolean) {
    setText(now, decimals(mmd, 4));
    setText(when, training || at === null || at === step ? "" : ` at step ${counted(at)}`);
    setText(floor, known && withFloor ? ` (floor ${decimals(known[0], 4)} ± ${decimals(known[1], 4)})` : "");
  }
  return { element, update };
}

/** What a plot shows, for screen readers. */
export function sentence(run: RunSpec, { info, layers }: Run, several: boolean): string {
  const codes = counted(layers.codes?.shape[0] ?? 0);
  return (
    `${several ? `${run.name}, l` : "L"}atent plane at step ${counted(info.step)}: ` +
    `${codes} ${run.dots} over samples of ${info.prior}` +
    `${info.mmd === null ? "." : `, MMD ${decimals(info.mmd, 4)}.`}` +
    " Arrow keys move the crosshair, Escape hides it, Space plays or pauses."
  );
}

function planeChooser(options: NonNullable<RunSpec["plane_options"]>, chosen: (choice: number) => void) {
  const id = freshId();
  const choices = options.map(([name], i) => h("option", { value: i }, name));
  const onchange = () => chosen(Number(select.value));
  const select = h("select", { id, "data-do": "axes", onchange }, choices);
  return h("div", { class: "aae-choose" }, h("label", { for: id }, "plane shown"), select);
}

function legend(spec: Spec, run: RunSpec) {
  const entry = (mark: HTMLElement, text: string, shown?: string) => h("li", { class: shown }, mark, text);
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
    run.surface && h("li", { class: "aae-if-surface" }, colours),
  );
  function update(ends: [fake: string, real: string]) {
    setText(fake, ends[0]);
    setText(real, ends[1]);
  }
  return { element, update };
}
