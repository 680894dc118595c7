// The book's front page: a plane of codes that answers to mouse, finger and keys, without a kernel or a network.

import "./front.css";
import { h, setText } from "../dom";
import { bytesOf } from "./decoder";
import { type Model, modelsOf, mostOften, neighbours, type Stored } from "./models";
import { coloursOf, paintDigits, paintPlane, type Scene, tapestry } from "./paint";
import { along, circle, lengthOf, places, toAndFro } from "./path";
import { type Point, random } from "./prior";

declare global {
  interface Window {
    aaeFront: Stored & { decode?: (name: string, x: number, y: number) => number[] };
  }
}

const DRAWS = 40; // samples in the sheet
const STEPS = 12; // digits in the strip of a path
const CLOUD = 1500; // prior samples behind the codes
const PACE = 0.45; // of a walk, in half sides a second
const CHANGE = 700; // ms from one model's plane to another's
const STRIDE = 0.03; // of an arrow key

function front(root: HTMLElement, stored: Stored) {
  const models = modelsOf(stored);
  const labels = bytesOf(stored.labels);
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  let model = models[models.length - 1];
  let colours = coloursOf(root, stored.colours);
  let draws = random(1);
  let samples: Point[] = [];
  let cursor: Point = model.centre;
  let path: Point[] = [];
  let walked = 0;
  let walking = !still.matches;
  let hovering = false;
  let drawing = false;
  let from: { at: number; scene: Scene } | null = null; // while the plane changes
  const ground = new Map<Model, HTMLCanvasElement>();

  // what it is made of
  const canvas = (label: string) => h("canvas", { role: "img", "aria-label": label });
  const plane = h("canvas", {
    class: "front-plane",
    tabindex: 0,
    role: "application",
    "aria-label":
      "The plane of codes. Arrow keys move through it and the digit changes. Enter begins a path and ends it, space " +
      "walks along it or pauses, escape leaves the path.",
  });
  const digit = canvas("The image decoded at this place");
  const where = h("p", { class: "front-where" });
  const near = h("p", { class: "front-near" });
  const spoken = h("p", { class: "front-spoken", role: "status" });
  const says = h("p", { class: "front-says" });
  const strip = canvas(`${STEPS} digits along the path`);
  const sheet = canvas(`${DRAWS} draws from the prior, decoded`);
  const legend = h("ul", { class: "front-legend", "aria-label": "Which digits the draws look like" });
  const walk = h("button", { type: "button", onclick: () => walkOr(!walking) });
  const again = h("button", { type: "button", onclick: () => redraw() }, "draw again");
  const everywhere = h("input", { type: "checkbox", onchange: () => paint() });
  const choices = models.map((one) => {
    const input = h("input", { type: "radio", value: one.name, onchange: () => choose(one) });
    input.name = "front-model";
    input.checked = one === model;
    return h("label", {}, input, h("span", {}, one.title));
  });
  root.replaceChildren(
    h("fieldset", { class: "front-models" }, h("legend", {}, "Model"), choices),
    says,
    h(
      "div",
      { class: "front-main" },
      plane,
      h(
        "div",
        { class: "front-side" },
        h("div", { class: "front-digit" }, digit),
        where,
        near,
        h("div", { class: "front-row" }, walk, h("label", {}, everywhere, " digits everywhere")),
      ),
    ),
    h(
      "p",
      { class: "front-hint" },
      "Move over the plane to decode it. Drag to draw a path, and the digit morphs along it.",
    ),
    h("div", { class: "front-strip" }, strip),
    h("div", { class: "front-row front-head" }, h("h2", {}, `${DRAWS} draws from the prior`), again, legend),
    h("div", { class: "front-sheet" }, sheet),
    spoken,
  );

  const inView = ([x, y]: Point): Point => [(x - model.centre[0]) / model.half, (y - model.centre[1]) / model.half];
  const inPlane = ([u, v]: Point): Point => [model.centre[0] + u * model.half, model.centre[1] + v * model.half];
  const cloud = (of: Model): Point[] => {
    const uniform = random(7);
    return Array.from({ length: CLOUD }, () => of.draw(uniform));
  };

  function sceneOf(picked: number | null = null): Scene {
    const codes = Array.from(labels, (_, i): Point => inView([model.codes[2 * i], model.codes[2 * i + 1]]));
    return {
      colours,
      ground: null,
      prior: cloud(model).map(inView),
      codes,
      labels,
      samples: samples.map(inView),
      picked,
      path: path.map(inView),
      cursor: inView(cursor),
    };
  }
  let scene = sceneOf();

  // painting: at most once a frame
  let asked = false;
  function paint() {
    if (asked) return;
    asked = true;
    requestAnimationFrame((now) => {
      asked = false;
      let shown = scene;
      if (from) {
        const t = Math.min(1, (now - from.at) / CHANGE);
        const ease = t * t * (3 - 2 * t);
        const between = (a: Point[], b: Point[]) =>
          b.map(
            ([u, v], i): Point => (a[i] ? [a[i][0] + (u - a[i][0]) * ease, a[i][1] + (v - a[i][1]) * ease] : [u, v]),
          );
        const old = from.scene;
        shown = { ...scene, prior: between(old.prior, scene.prior), codes: between(old.codes, scene.codes) };
        shown.samples = between(old.samples, scene.samples);
        if (t < 1) paint();
        else from = null;
      }
      if (everywhere.checked && !from) {
        if (!ground.has(model)) ground.set(model, tapestry(model, colours));
        shown = { ...shown, ground: ground.get(model) ?? null };
      }
      paintPlane(plane, shown);
      paintDigits(digit, model.decode, [cursor], 1, colours);
    });
  }
  function paintAll() {
    const narrow = root.clientWidth < 560;
    const [row, columns] = [narrow ? 6 : STEPS, narrow ? 8 : 20];
    strip.style.aspectRatio = `${row} / ${STEPS / row}`;
    sheet.style.aspectRatio = `${columns} / ${DRAWS / columns}`;
    paintDigits(strip, model.decode, places(path, STEPS), row, colours);
    paintDigits(sheet, model.decode, samples, columns, colours);
    paint();
  }

  function moveTo(point: Point, told = false) {
    cursor = point;
    scene.cursor = inView(point);
    const [x, y] = point.map((c) => c.toFixed(model.half > 10 ? 1 : 2).replace("-", "−"));
    setText(where, `z = (${x}, ${y})`);
    const counts = neighbours(model.codes, labels, point, 5);
    const found = counts.flatMap((n, label) => new Array<number>(n).fill(label)).join(" ");
    setText(near, `five nearest codes: ${found}`);
    near.style.borderColor = colours.classes[mostOften(counts)];
    if (told) setText(spoken, `z = (${x}, ${y}), nearest codes ${found}`);
    paint();
  }
  function setPath(points: Point[]) {
    path = points;
    scene.path = points.map(inView);
    walked = 0;
    paintAll();
  }
  function redraw() {
    samples = Array.from({ length: DRAWS }, () => model.draw(draws));
    scene.samples = samples.map(inView);
    const counts = new Array<number>(10).fill(0);
    for (const z of samples) counts[mostOften(neighbours(model.codes, labels, z, 5))] += 1;
    legend.replaceChildren(
      ...counts.map((n, label) => {
        const mark = h("i", { style: `background:${colours.classes[label]}` });
        return h("li", { class: n ? "" : "front-none" }, mark, h("b", {}, label), ` ×${n}`);
      }),
    );
    sheet.setAttribute(
      "aria-label",
      `${DRAWS} draws from the prior, decoded: ${counts.map((n, d) => `${n} near codes of ${d}`).join(", ")}`,
    );
    paintAll();
  }
  function choose(next: Model) {
    const old = scene;
    model = next;
    draws = random(1);
    samples = [];
    setText(says, next.says);
    path = circle(next.centre, next.half * 0.64);
    cursor = path[0];
    scene = sceneOf();
    from = still.matches ? null : { at: performance.now(), scene: old };
    redraw();
    moveTo(cursor);
    walked = 0;
  }

  // walking along the path
  let last = 0;
  function walkOr(on: boolean) {
    walking = on;
    setText(walk, on ? "pause" : "walk the path");
    if (on) requestAnimationFrame(tick);
  }
  function tick(now: number) {
    if (!walking) return;
    const seconds = Math.min(0.1, (now - last) / 1000);
    last = now;
    if (!hovering && !drawing && path.length > 1 && document.visibilityState === "visible") {
      walked += (seconds * PACE * model.half) / Math.max(lengthOf(path), 0.05 * model.half);
      moveTo(along(path, toAndFro(walked)));
    }
    requestAnimationFrame(tick);
  }

  // mouse, pen, finger
  const pointAt = (event: PointerEvent): Point => {
    const box = plane.getBoundingClientRect();
    const clamp = (t: number) => Math.min(1, Math.max(-1, t));
    return inPlane([
      clamp((2 * (event.clientX - box.left)) / box.width - 1),
      clamp(1 - (2 * (event.clientY - box.top)) / box.height),
    ]);
  };
  let stroke: Point[] = [];
  plane.addEventListener("pointerdown", (event) => {
    plane.setPointerCapture(event.pointerId);
    drawing = hovering = true;
    stroke = [pointAt(event)];
    moveTo(stroke[0]);
  });
  plane.addEventListener("pointermove", (event) => {
    hovering = true;
    const point = pointAt(event);
    if (drawing) {
      stroke.push(point);
      if (lengthOf(stroke) > 0.04 * model.half) setPath(stroke);
    }
    moveTo(point);
  });
  const end = (event: PointerEvent) => {
    if (!drawing) return;
    drawing = false;
    hovering = event.pointerType === "mouse";
    if (path === stroke && !still.matches) {
      hovering = false; // the walk begins at once; the next move of the mouse takes over
      walkOr(true);
    }
  };
  plane.addEventListener("pointerup", end);
  plane.addEventListener("pointercancel", end);
  plane.addEventListener("pointerleave", () => {
    hovering = drawing;
  });

  // keys
  const ARROWS: Record<string, Point> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  plane.addEventListener("keydown", (event) => {
    const arrow = ARROWS[event.key];
    if (arrow) {
      if (walking) walkOr(false);
      const far = STRIDE * (event.shiftKey ? 4 : 1);
      const [u, v] = inView(cursor);
      const clamp = (t: number) => Math.min(1, Math.max(-1, t));
      moveTo(inPlane([clamp(u + far * arrow[0]), clamp(v + far * arrow[1])]), true);
      if (drawing) {
        stroke = [...stroke, cursor];
        setPath(stroke);
      }
    } else if (event.key === "Enter") {
      drawing = !drawing;
      if (drawing) stroke = [cursor];
      else if (!still.matches) walkOr(true);
      setText(spoken, drawing ? "a path begins here" : "the path ends here");
    } else if (event.key === " ") walkOr(!walking);
    else if (event.key === "Escape") drawing = false;
    else return;
    event.preventDefault();
  });

  // a draw under the mouse shows where it lies
  sheet.addEventListener("pointermove", (event) => {
    const box = sheet.getBoundingClientRect();
    const columns = root.clientWidth < 560 ? 8 : 20;
    const cell = box.width / columns;
    const i = Math.floor((event.clientY - box.top) / cell) * columns + Math.floor((event.clientX - box.left) / cell);
    if (!samples[i]) return;
    hovering = true;
    scene.picked = i;
    moveTo(samples[i]);
  });
  sheet.addEventListener("pointerleave", () => {
    hovering = false;
    scene.picked = null;
    paint();
  });

  new MutationObserver(() => {
    colours = coloursOf(root, stored.colours);
    scene.colours = colours;
    ground.clear();
    paintAll();
    const marks = legend.querySelectorAll("i");
    marks.forEach((mark, label) => {
      mark.style.background = colours.classes[label];
    });
  }).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  new ResizeObserver(paintAll).observe(root);

  choose(model);
  from = null;
  walkOr(walking);
  window.aaeFront.decode = (name, x, y) => Array.from(models.find((one) => one.name === name)?.decode(x, y) ?? []);
}

const root = document.querySelector<HTMLElement>(".aae-front");
if (root && window.aaeFront) front(root, window.aaeFront);
