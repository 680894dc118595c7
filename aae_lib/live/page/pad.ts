// The drawing pad: strokes of a round brush in latent units, by mouse, pen, finger or keyboard.

import { freshId, h, setText } from "./dom";
import { keepKeys } from "./keys";
import type { Extent, Point, Stroke } from "./messages";
import { decimals, short } from "./numbers";
import { paintPad } from "./pad_paint";
import { SCALES } from "./scales";
import { copied, countText, Drawing, fine, nudged } from "./strokes";
import { followTheme } from "./theme";

const HOW_TO_DRAW =
  "Draw with the mouse, a pen or a finger. By keyboard: arrow keys move the brush (Shift: faster); " +
  "hold Space or Enter to draw, or tap it to lower and to lift the brush; Escape drops the stroke.";
const ARROW_KEYS: Record<string, Point> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowDown: [0, -1],
  ArrowUp: [0, 1],
};

interface Options {
  extent: Extent;
  strokes: Stroke[];
  onChange?: (strokes: Stroke[]) => void;
}

export function drawingPad(host: HTMLElement, { extent, strokes, onChange = () => {} }: Options) {
  const id = freshId();
  const canvas = h("canvas", {
    tabindex: 0,
    role: "application",
    "aria-roledescription": "drawing pad",
    "aria-describedby": id,
  });
  const brush = h("input", {
    type: "range",
    min: 0.1,
    max: 1.5,
    step: 0.05,
    value: strokes.at(-1)?.width ?? 0.4, // to go on with what is there
    "data-pad": "width",
    "aria-label": "brush width, in units of z",
    oninput: widthChanged,
  });
  const shownWidth = h("span", { class: "aae-pad-width" });
  const button = (name: string, title: string, onclick: () => void) =>
    h("button", { type: "button", "data-pad": name, title, onclick }, name);
  const status = h("div", { class: "aae-pad-note aae-pad-say", role: "status" });
  const element = h(
    "div",
    { class: "aae-pad" },
    canvas,
    h(
      "div",
      { class: "aae-pad-row" },
      [h("label", {}, "brush", brush), shownWidth],
      button("undo", "take back the last stroke, or clear (Ctrl+Z)", undo),
      button("clear", "take back all strokes", clear),
    ),
    h("div", { class: "aae-pad-note", id }, HOW_TO_DRAW),
    status,
  );
  const stop = new AbortController(); // ends every listener at once
  const on = <Name extends keyof HTMLElementEventMap>(
    target: HTMLElement,
    name: Name,
    heard: (event: HTMLElementEventMap[Name]) => void,
  ) => target.addEventListener(name, heard, { signal: stop.signal });

  const drawing = new Drawing(strokes);
  let pointer: number | null = null; // the id of the pointer that draws; null: the keyboard does
  let at: Point | null = null; // where the brush is, to show its ring
  let held = false; // Space or Enter is down
  let movedWhileHeld = false;
  const arrows = new Set<string>();

  const width = () => Number(brush.value);
  const scale = () => canvas.clientWidth / (extent[1] - extent[0]); // CSS pixels in a unit of z
  const centred = (): Point => at ?? [(extent[0] + extent[1]) / 2, (extent[2] + extent[3]) / 2];
  function latent(event: PointerEvent): Point {
    const box = canvas.getBoundingClientRect();
    const [left, right, bottom, top] = extent;
    const x = SCALES.linear(left, right).value((event.clientX - box.left) / box.width);
    const y = SCALES.linear(top, bottom).value((event.clientY - box.top) / box.height);
    return [fine(x), fine(y)];
  }

  // ---- a stroke: begin, end ----

  function begin(point: Point) {
    if (drawing.now) end();
    drawing.begin(point, width(), 2 / scale());
    at = point;
  }
  function go(point: Point) {
    at = point;
    drawing.add(point);
  }
  function end() {
    drawing.end();
    pointer = null;
    changed();
  }
  function drop() {
    drawing.drop();
    pointer = null;
    draw();
  }
  function changed() {
    count();
    onChange(copied(drawing.done));
  }
  function count() {
    setText(status, countText(drawing.done.length));
    draw();
  }
  function undo() {
    if (drawing.now) drop();
    else if (drawing.undo()) changed();
  }
  function clear() {
    if (drawing.now) drop();
    if (drawing.clear()) changed();
  }

  // ---- mouse, pen, finger ----

  on(canvas, "pointerdown", (event) => {
    if (event.button !== 0 || pointer !== null) return;
    event.preventDefault();
    focus();
    canvas.setPointerCapture(event.pointerId);
    begin(latent(event));
    pointer = event.pointerId;
    draw();
  });
  on(canvas, "pointermove", (event) => {
    if (drawing.now && event.pointerId !== pointer) return; // a second finger, or the mouse while the keyboard draws
    const moves = event.getCoalescedEvents?.() ?? [];
    for (const move of moves.length ? moves : [event]) go(latent(move));
    draw();
  });
  const lifted = (event: PointerEvent) => {
    if (drawing.now && event.pointerId === pointer) end();
  };
  for (const name of ["pointerup", "pointercancel", "lostpointercapture"] as const) on(canvas, name, lifted);
  on(canvas, "pointerleave", () => {
    if (!drawing.now) at = null;
    draw();
  });

  // ---- keyboard ----

  on(element, "keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "z") {
      event.preventDefault();
      event.stopPropagation();
      undo();
    }
  });
  on(canvas, "keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || pointer !== null) return;
    if (ARROW_KEYS[event.key]) {
      arrows.add(event.key); // two held at once go diagonally
      move(event.shiftKey ? 5 : 1);
    } else if (event.key === " " || event.key === "Enter") {
      if (!event.repeat) press();
    } else if (event.key === "Escape" && drawing.now) drop();
    else return;
    event.preventDefault();
  });
  on(canvas, "keyup", (event) => {
    arrows.delete(event.key);
    if (event.key !== " " && event.key !== "Enter") return;
    held = false;
    if (drawing.now && pointer === null && movedWhileHeld) end(); // held and drawn with: released is lifted
  });
  on(canvas, "focus", () => {
    at = centred();
    draw();
  });
  on(canvas, "blur", () => {
    arrows.clear();
    held = false;
    if (drawing.now && pointer === null) end();
    at = null;
    draw();
  });
  function press() {
    held = true;
    movedWhileHeld = false;
    if (drawing.now) return end(); // the second tap
    const point = centred();
    begin(point);
    tell(point);
  }
  function move(times: number) {
    const step = (times * (extent[1] - extent[0])) / 80;
    const keys = [...arrows].map((key) => ARROW_KEYS[key]);
    const point = nudged(centred(), keys, step, extent);
    go(point);
    movedWhileHeld = held;
    tell(point);
  }
  function tell([x, y]: Point) {
    setText(status, `brush at ${decimals(x, 1)}, ${decimals(y, 1)}${drawing.now ? ", drawing" : ""}`);
    draw();
  }

  // ---- around it ----

  let due = 0;
  function draw() {
    due ||= requestAnimationFrame(() => {
      due = 0;
      paintPad(canvas, getComputedStyle(element), extent, drawing.seen(), at && { at, width: width() });
    });
  }
  function setExtent(next: Extent) {
    extent = [...next];
    at = null;
    if (drawing.now) drop();
    canvas.style.aspectRatio = `${extent[1] - extent[0]} / ${extent[3] - extent[2]}`;
    const [left, right, bottom, top] = extent.map(short);
    const where = `x from ${left} to ${right}, y from ${bottom} to ${top}`;
    const keys = "arrow keys move the brush, Space held down draws.";
    canvas.setAttribute("aria-label", `Prior p(z) to be drawn, ${where}: ${keys}`);
    draw();
  }
  /** Drawn elsewhere: in another view, or set in Python. */
  function setStrokes(next: Stroke[]) {
    drawing.done = copied(next);
    count();
  }
  function widthChanged() {
    setText(shownWidth, decimals(width(), 2));
    draw();
  }
  const focus = () => canvas.focus({ preventScroll: true });
  window.addEventListener("resize", draw, { signal: stop.signal }); // the zoom changes the pixel ratio
  const size = new ResizeObserver(draw);
  size.observe(canvas);
  const unfollow = followTheme(element, draw);
  const endKeys = keepKeys(element);
  function destroy() {
    stop.abort();
    size.disconnect();
    unfollow();
    endKeys();
    cancelAnimationFrame(due);
    element.remove();
  }
  host.append(element);
  setExtent(extent);
  widthChanged();
  count();
  return { strokes: () => copied(drawing.done), setExtent, setStrokes, focus, destroy };
}
