// The latent plane of one run, with a crosshair for what one points at: hovered or dragged over, and one place kept.

import { sharp } from "./canvas";
import { pointCard } from "./card";
import { withAlpha } from "./colours";
import { h, setAttribute, throttled } from "./dom";
import type { Layers } from "./frames";
import type { Extent, Hex, ImageShape, Point, PointAnswer, RunInfo } from "./messages";
import { planePainter } from "./plane_paint";
import { type Box, boxOf, type Places, placesOf, stepped } from "./plane_places";
import type { Theme } from "./theme";

/** What is drawn: a run's layers, where they lie, and what the panel adds. */
export interface PlaneData extends Layers, Pick<RunInfo, "axes"> {
  extent: Extent; // what is drawn
  own: Extent; // what the run's picture was made for: D's surface fills it, arrows have the length that suits it
  arrowColours: (Hex | undefined)[]; // of the pulls in the layer "arrows"
  predicted: boolean | undefined; // colour by category, not by class
  names: Map<number, string>; // of the classes, by label
  image: ImageShape | null;
  live: boolean; // the latest step, not one of the past
  training: boolean; // more pictures follow by themselves
  label: string; // for screen readers
}

const POINTS_PER_S = 12; // questions to Python about the place pointed at
const AGAIN_PER_S = 2; // the same while the place stays, and the decoder moves on
const ARROW_KEYS: Record<string, Point> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, 1],
  ArrowDown: [0, -1],
};

/** ask(z) or ask(null) tells what is pointed at; toggle() plays or pauses. */
export function latentPlot(
  run: number,
  whose: string,
  pictures: boolean,
  does: { ask(z: Point | null): void; toggle(): void },
) {
  const canvas = h("canvas", { "aria-hidden": "true" });
  const glass = h("canvas", { "aria-hidden": "true", class: "aae-glass" });
  const card = pointCard(whose, pictures, forget);
  const element = h(
    "div",
    {
      class: "aae-plot",
      "data-run": run,
      tabindex: 0,
      role: "application",
      "aria-roledescription": "latent plane",
      onpointerdown: (event) => event.button === 0 && keep(event),
      onpointermove: (event) => (event.buttons & 1 ? keep(event) : hover(latent(event))),
      onpointerleave: () => hover(null),
      onkeydown: keyed,
    },
    canvas,
    glass,
  );
  const painter = planePainter();
  let painted: { data: PlaneData; theme: Theme; box: Box; places: Places } | null = null;
  let hovered: Point | null = null;
  let kept: Point | null = null; // by a click, a drag or the arrow keys
  let asked: Point | null = null; // of Python
  const at = () => hovered ?? kept;
  const ask = () => {
    asked = painted?.data.live ? at() : null;
    does.ask(asked);
  };
  const askSoon = throttled(ask, 1000 / POINTS_PER_S);
  const askAgain = throttled(ask, 1000 / AGAIN_PER_S);

  function latent(event: MouseEvent): Point | null {
    const frame = canvas.getBoundingClientRect();
    return painted?.places.z(event.clientX - frame.left, event.clientY - frame.top) ?? null;
  }
  function hover(z: Point | null) {
    hovered = z;
    pointed();
  }
  function keep(event: PointerEvent) {
    kept = latent(event) ?? kept;
    hover(null);
  }
  function forget() {
    kept = null;
    hover(null);
  }
  function pointed() {
    if (!painted) return;
    showCrosshair();
    card.show(at(), kept !== null, painted.data);
    if (at() || asked) askSoon();
  }
  function keyed(event: KeyboardEvent) {
    if (!painted || event.ctrlKey || event.metaKey || event.altKey) return;
    const { extent } = painted.data;
    const move = ARROW_KEYS[event.key];
    if (move) {
      const middle: Point = [(extent[0] + extent[1]) / 2, (extent[2] + extent[3]) / 2];
      kept = stepped(at() ?? middle, move, extent, event.shiftKey);
      hover(null);
    } else if (event.key === "Escape") forget();
    else if (event.key === " ") does.toggle();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  function showCrosshair() {
    if (!painted) return;
    const { theme, box, places } = painted;
    const draw = sharp(glass, box.width, box.height);
    const lines = new Path2D();
    const ring = (x: number, y: number) => {
      lines.moveTo(x + 6, y);
      lines.arc(x, y, 6, 0, 7);
    };
    const z = at();
    if (z) {
      const { left, top, side } = box;
      const [x, y] = [places.px(z[0]), places.py(z[1])];
      for (const [a, b, c, d] of [
        [left, y, x - 6, y],
        [x + 6, y, left + side, y],
        [x, top, x, y - 6],
        [x, y + 6, x, top + side],
      ]) {
        lines.moveTo(a, b);
        lines.lineTo(c, d);
      }
      ring(x, y);
    }
    if (kept) ring(places.px(kept[0]), places.py(kept[1]));
    for (const [width, colour] of [[3, withAlpha(theme.ground, 0.7)] as const, [1, theme.ink] as const]) {
      draw.lineWidth = width * theme.scale;
      draw.strokeStyle = colour;
      draw.stroke(lines);
    }
  }

  function paint(data: PlaneData, theme: Theme) {
    const box = boxOf(element.clientWidth, theme.scale);
    painted = { data, theme, box, places: placesOf(box, data.extent) };
    element.style.height = `${box.height}px`;
    painter.paint(sharp(canvas, box.width, box.height), painted);
    setAttribute(element, "aria-label", data.label);
    showCrosshair();
    card.show(at(), kept !== null, data);
    if (at()) (data.training ? askAgain : askSoon)(); // of the last picture, too: after a reset the model is another
  }
  function answer(content: PointAnswer, buffers: Uint8Array[]): string {
    return at() && painted?.data.live ? card.fill(content, buffers, painted.data) : "";
  }
  return { element, card: card.element, paint, answer };
}
