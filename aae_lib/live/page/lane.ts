// The parts of the page that every lane has for itself.

import { dotted } from "./buttons";
import { freshId, h, setText } from "./dom";
import type { Lane } from "./frames";
import { occupancyBars, pictureRows } from "./images";
import type { LaneInfo, LaneSpec, Send, Spec, State } from "./messages";
import { networkDiagram } from "./networks";
import { counted, decimals } from "./numbers";
import { latentPlot } from "./plane";
import { sliderGroups } from "./sliders";
import { classValue, type Theme } from "./theme";

export const part = (title: (string | Node | false)[], ...content: (Node | false)[]): HTMLElement =>
  h("section", { class: "aae-part" }, h("h3", {}, title), content);

/** Lane number i: its parts, and update(what is known of it, state, sentence for screen readers, theme). */
export function lanePart(spec: Spec, i: number, send: Send, toggle: () => void) {
  const lane = spec.lanes[i];
  const several = spec.lanes.length > 1;
  const named = several && `: ${lane.name}`;
  const plot = latentPlot(i, {
    ask: (z) => send(z ? { do: "point", lane: i, x: z[0], y: z[1] } : { do: "point", lane: null }),
    toggle,
  });
  const mmd = lane.mmd ? mmdText(i) : null;
  const networks = networkDiagram(lane);
  const sliders = sliderGroups(lane, i, send, several);
  const shares = lane.categories ? occupancyBars(lane.categories) : null;
  const pictures = spec.image && spec.view !== "plane" ? pictureRows() : null;
  const axes =
    lane.plane_options && planeChooser(lane.plane_options, (choice) => send({ do: "axes", lane: i, choice }));
  const title = h("h3", {}, several ? lane.name : "codes q(z) over the prior p(z)");
  const element = h(
    "section",
    { class: "aae-lane", "aria-label": lane.name },
    h("div", { class: "aae-lane-head" }, title, spec.view !== "tug" && mmd?.element),
    [plot.element, legend(spec, lane), axes],
    several && h("div", { class: "aae-rest" }, sliders.element),
  );
  const latest = h("small", { class: "aae-if-past" }, " of the latest step");
  const names = new Map(spec.classes.map(([name], k) => [classValue(name, k), name]));
  const arrowColours = lane.arrows.map((name) => lane.phases.find((phase) => phase.name === name)?.colour);
  let drawn: unknown = null; // the layer of images that is shown

  function update({ info, layers }: Lane, { at, overlays: on }: State, label: string, theme: Theme) {
    const live = at === null;
    const surface = on.surface && lane.surface ? layers.surface : null;
    const arrows = on.arrows && live ? layers.arrows : null;
    const more = { live, surface, arrows, arrowColours, predicted: on.predicted, names, label, image: spec.image };
    plot.paint({ ...layers, extent: info.extent, axes: info.axes, ...more }, theme);
    mmd?.update(info);
    shares?.update(layers.categories, theme);
    sliders.update(info.settings, info.step);
    networks.update(info, theme);
    if (!pictures || !layers.images || !on.images || drawn === layers.images) return;
    drawn = layers.images;
    pictures.update(layers.images);
  }
  return {
    element,
    plot,
    mmd,
    sliders,
    moves: part(["what a phase moves", named], networks.element),
    occupied: shares && part(["images in each category", named], shares.element),
    images: pictures && part(["pictures", named, latest], pictures.element),
    update,
  };
}

/** "MMD 0.0123 (floor 0.0003 ± 0.0011)" of one lane. */
function mmdText(i: number) {
  const now = h("b");
  const floor = h("span");
  const element = h("span", { class: "aae-mmd", "data-lane": i }, "MMD ", now, floor);
  function update({ mmd, floor: known }: LaneInfo) {
    setText(now, decimals(mmd, 4));
    setText(floor, known ? ` (floor ${decimals(known[0], 4)} ± ${decimals(known[1], 4)})` : "");
  }
  return { element, update };
}

/** What a plot shows, for screen readers. */
export function sentence(lane: LaneSpec, { info, layers }: Lane, several: boolean): string {
  const codes = counted(layers.codes?.shape[0] ?? 0);
  return (
    `${several ? `${lane.name}, l` : "L"}atent plane at step ${counted(info.step)}: ` +
    `${codes} codes over samples of ${info.prior}` +
    `${info.mmd === null ? "." : `, MMD ${decimals(info.mmd, 4)}.`}` +
    " Arrow keys move the crosshair, Enter pins it, Escape hides it, Space plays or pauses."
  );
}

function planeChooser(options: NonNullable<LaneSpec["plane_options"]>, chosen: (choice: number) => void) {
  const id = freshId();
  const choices = options.map(([name], i) => h("option", { value: i }, name));
  const onchange = () => chosen(Number(select.value));
  const select = h("select", { id, "data-do": "axes", onchange }, choices);
  return h("div", { class: "aae-choose" }, h("label", { for: id }, "plane shown"), select);
}

function legend(spec: Spec, lane: LaneSpec) {
  const entry = (mark: HTMLElement, text: string, shown?: string) => h("li", { class: shown }, mark, text);
  const codes = spec.classes.map(([name, colour]) => entry(dotted("dot", colour), name));
  const arrows = lane.phases.filter(({ name }) => lane.arrows.includes(name));
  return h(
    "ul",
    { class: "aae-legend", "aria-label": "legend" },
    codes.length ? codes : entry(dotted("ring", null), "codes q(z)"),
    entry(dotted("dot", spec.colours.prior), "prior p(z)"),
    arrows.map(({ name, colour }) => entry(dotted("arrow", colour), `${name}'s pull`, "aae-if-arrows")),
    lane.surface && h("li", { class: "aae-if-surface" }, "D: fake", h("i", { class: "aae-scale" }), "real"),
  );
}
