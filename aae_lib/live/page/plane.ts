// The latent plane of one run, with a crosshair and a card for what one points at.

import { sharp } from "./canvas";
import { pointCard } from "./card";
import { withAlpha } from "./colours";
import { h, setAttribute, throttled } from "./dom";
import type { Layers } from "./frames";
import type { Hex, ImageShape, Point, PointAnswer, RunInfo } from "./messages";
import { planePainter } from "./plane_paint";
import { type Box, boxOf, type Places, placesOf, stepped } from "./plane_places";
import type { Theme } from "./theme";

/** What is drawn: a run's layers, where they lie, and what the panel adds. */
export interface PlaneData extends Layers, Pick<RunInfo, "extent" | "axes"> {
  arrowColours: (Hex | undefined)[]; // of the pulls in the layer "arrows"
  predicted: boolean | undefined; // colour by category, not by class
  names: Map<number, string>; // of the classes, by label
  image: ImageShape | null;
  live: boolean; // the latest step, not one of the past
  label: string; // for screen readers
}

const POINTS_PER_S = 12; // questions to Python about the place pointed at
const ARROW_KEYS: Record<string, Point> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

/** ask(z) or ask(null) tells what is pointed at; toggle() plays or pauses. */
export function latentPlot(run: number, does: { ask(z: Point | null): void; toggle(): void }) {
  const canvas = h("canvas", { "aria-hidden": "true" });
  const glass = h("canvas", { "aria-hidden": "true", class: "aae-glass" });
  const card = pointCard(leave);
  const onCard = (event: Event) => event.target instanceof Node && card.element.contains(event.target);
  const element = h(
    "div",
    {
      class: "aae-plot",
      "data-run": run,
      tabindex: 0,
      role: "application",
      "aria-roledescription": "latent plane",
      onpointermove: (event) => pinned || point(latent(event)),
      onpointerleave: () => pinned || leave(),
      onclick: (event) => onCard(event) || pin(latent(event)),
      onkeydown: keyed,
    },
    canvas,
    glass,
    card.element,
  );
  const painter = planePainter();
  let painted: { data: PlaneData; theme: Theme; box: Box; places: Places } | null = null;
  let at: Point | null = null;
  let pinned = false;
  let crossed = false;
  let asked = 0;
  const askSoon = throttled(() => {
    if (at && painted?.data.live) does.ask(at);
  }, 1000 / POINTS_PER_S);

  function latent(event: MouseEvent): Point | null {
    const frame = canvas.getBoundingClientRect();
    return painted?.places.z(event.clientX - frame.left, event.clientY - frame.top) ?? null;
  }
  function point(z: Point | null) {
    if (!z) return leave();
    at = z;
    showCrosshair();
    askSoon();
  }
  function pin(z: Point | null) {
    pinned = z !== null;
    point(z);
  }
  function leave() {
    if (!at) return;
    askSoon.cancel();
    at = null;
    pinned = false;
    showCrosshair();
    does.ask(null);
  }
  function keyed(event: KeyboardEvent) {
    if (!painted || event.target !== element || event.ctrlKey || event.metaKey || event.altKey) return;
    const { extent } = painted.data;
    const move = ARROW_KEYS[event.key];
    if (move) {
      const middle: Point = [(extent[0] + extent[1]) / 2, (extent[2] + extent[3]) / 2];
      point(stepped(at ?? middle, move, extent, event.shiftKey));
    } else if (event.key === "Enter") pin(pinned ? null : (at ?? [0, 0]));
    else if (event.key === "Escape") leave();
    else if (event.key === " ") does.toggle();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  function showCrosshair() {
    if (!painted || (!at && !crossed)) return;
    const { data, theme, box, places } = painted;
    crossed = at !== null;
    const draw = sharp(glass, box.width, box.height);
    if (!at) return card.hide();
    const [x, y] = [places.px(at[0]), places.py(at[1])];
    card.show(at, pinned, data, [x, y], box);
    const { left, top, side } = box;
    const cross = new Path2D();
    for (const [a, b, c, d] of [
      [left, y, x - 6, y],
      [x + 6, y, left + side, y],
      [x, top, x, y - 6],
      [x, y + 6, x, top + side],
    ]) {
      cross.moveTo(a, b);
      cross.lineTo(c, d);
    }
    const ring = new Path2D();
    ring.arc(x, y, 6, 0, 7);
    for (const [width, colour] of [[3, withAlpha(theme.ground, 0.7)] as const, [1, theme.ink] as const]) {
      draw.lineWidth = width * theme.scale;
      draw.strokeStyle = colour;
      draw.stroke(cross);
      draw.stroke(ring);
    }
  }

  function paint(data: PlaneData, theme: Theme) {
    const box = boxOf(element.clientWidth, theme.scale);
    painted = { data, theme, box, places: placesOf(box, data.extent) };
    painter.paint(sharp(canvas, box.width, box.height), painted);
    setAttribute(element, "aria-label", data.label);
    showCrosshair();
    if (at && performance.now() - asked > 500) {
      asked = performance.now();
      askSoon(); // the decoder has moved on
    }
  }
  function answer(content: PointAnswer, buffers: Uint8Array[]): string {
    return at && painted ? card.fill(content, buffers, painted.data) : "";
  }
  return { element, paint, answer };
}
