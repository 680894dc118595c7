// The book's front page: a plane of codes that answers to mouse, finger and keys, without a kernel or a network.

import "./front.css";
import { h, setText } from "../dom";
import { bytesOf } from "./decoder";
import { DRAWS, elements, STEPS } from "./elements";
import { follow } from "./hand";
import { type Model, modelsOf, mostOften, neighbours, type Stored } from "./models";
import { coloursOf, paintDigits, paintPlane, type Scene, tapestry } from "./paint";
import { along, circle, lengthOf, places, toAndFro } from "./path";
import { type Point, random } from "./prior";

declare global {
  interface Window {
    aaeFront: Stored & { decode?: (name: string, x: number, y: number) => number[] };
  }
}

const CLOUD = 1500; // prior samples behind the codes
const PACE = 0.45; // of a walk, in half sides a second
const CHANGE = 700; // ms from one model's plane to another's

function front(root: HTMLElement, stored: Stored) {
  const models = modelsOf(stored);
  const labels = bytesOf(stored.labels);
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const grounds = new Map<Model, HTMLCanvasElement>();
  let model = models[models.length - 1];
  const parts = elements(root, models, model);
  let colours = coloursOf(root, stored.colours);
  let uniform = random(1);
  let samples: Point[] = []; // this and the next two in z
  let path: Point[] = [];
  let cursor: Point = model.centre;
  let walked = 0;
  let walking = false;
  let pointing = false;
  let before: { at: number; scene: Scene } | null = null; // while the plane changes

  const inView = ([x, y]: Point): Point => [(x - model.centre[0]) / model.half, (y - model.centre[1]) / model.half];
  const inPlane = ([u, v]: Point): Point => [model.centre[0] + u * model.half, model.centre[1] + v * model.half];

  function sceneOf(): Scene {
    const same = random(7);
    return {
      colours,
      ground: null,
      prior: Array.from({ length: CLOUD }, () => inView(model.draw(same))),
      codes: Array.from(labels, (_, i) => inView([model.codes[2 * i], model.codes[2 * i + 1]])),
      labels,
      samples: samples.map(inView),
      picked: null,
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
      paintPlane(parts.plane, before ? between(before.scene, (now - before.at) / CHANGE) : grounded());
      paintDigits(parts.digit, model.decode, [cursor], 1, colours);
    });
  }
  function grounded(): Scene {
    if (!parts.everywhere.checked) return scene;
    const ground = grounds.get(model) ?? tapestry(model, colours);
    grounds.set(model, ground);
    return { ...scene, ground };
  }
  /** The points on their way: each code is the same image's in every model. */
  function between(old: Scene, t: number): Scene {
    if (t >= 1) before = null;
    paint();
    const ease = t < 1 ? t * t * (3 - 2 * t) : 1;
    const moved = (a: Point[], b: Point[]) =>
      b.map(([u, v], i): Point => [a[i][0] + (u - a[i][0]) * ease, a[i][1] + (v - a[i][1]) * ease]);
    return {
      ...scene,
      prior: moved(old.prior, scene.prior),
      codes: moved(old.codes, scene.codes),
      samples: moved(old.samples, scene.samples),
    };
  }
  // of the strip and of the sheet: front.css places the sheet by the same widths
  function columns() {
    if (root.clientWidth < 560) return { strip: 6, sheet: 8 };
    return { strip: STEPS, sheet: root.clientWidth < 900 ? 20 : 5 };
  }
  function paintAll() {
    const { strip, sheet } = columns();
    parts.strip.style.aspectRatio = `${strip} / ${STEPS / strip}`;
    parts.sheet.style.aspectRatio = `${sheet} / ${DRAWS / sheet}`;
    paintDigits(parts.strip, model.decode, places(path, STEPS), strip, colours);
    paintDigits(parts.sheet, model.decode, samples, sheet, colours);
    paint();
  }

  function moveTo(point: Point, aloud = false) {
    cursor = point;
    scene.cursor = inView(point);
    const [x, y] = point.map((c) => c.toFixed(model.half > 8 ? 1 : 2).replace("-", "−"));
    const counts = neighbours(model.codes, labels, point, 5);
    const found = counts.flatMap((n, label) => new Array<number>(n).fill(label)).join(" ");
    setText(parts.where, `z = (${x}, ${y})`);
    setText(parts.near, `five nearest codes: ${found}`);
    parts.near.style.borderColor = colours.classes[mostOften(counts)];
    if (aloud) setText(parts.spoken, `z = (${x}, ${y}), nearest codes ${found}`);
    paint();
  }
  function setPath(points: Point[]) {
    path = points;
    scene.path = points.map(inView);
    walked = 0;
    paintAll();
  }
  function draw() {
    samples = Array.from({ length: DRAWS }, () => model.draw(uniform));
    scene.samples = samples.map(inView);
    const counts = new Array<number>(10).fill(0);
    for (const z of samples) counts[mostOften(neighbours(model.codes, labels, z, 5))] += 1;
    const items = counts.map((n, label) => h("li", {}, h("i"), h("b", {}, label), ` ×${n}`));
    parts.legend.replaceChildren(...items);
    const told = counts.map((n, label) => `${n} nearest to codes of ${label}`).join(", ");
    parts.sheet.setAttribute("aria-label", `${DRAWS} draws from the prior, decoded: ${told}`);
    colour();
  }
  function colour() {
    scene.colours = colours;
    parts.legend.querySelectorAll("i").forEach((mark, label) => {
      mark.style.background = colours.classes[label];
    });
    paintAll();
  }
  function choose(next: Model) {
    const old = scene;
    model = next;
    uniform = random(1);
    path = circle(next.centre, next.half * 0.64);
    walked = 0;
    setText(parts.says, next.says);
    scene = sceneOf();
    draw();
    before = still.matches || !old.samples.length ? null : { at: performance.now(), scene: old };
    moveTo(path[0]);
  }

  // a walk along the path
  let last = 0;
  function walk(on: boolean) {
    if (on && !walking) requestAnimationFrame(step);
    walking = on;
    setText(parts.walk, on ? "pause" : "walk the path");
  }
  function step(now: number) {
    if (!walking) return;
    const seconds = Math.min(0.1, (now - last) / 1000);
    last = now;
    if (!pointing) {
      walked += (seconds * PACE * model.half) / Math.max(lengthOf(path), 0.05 * model.half);
      moveTo(along(path, toAndFro(walked)));
    }
    requestAnimationFrame(step);
  }

  follow(parts.plane, {
    cursor: () => scene.cursor,
    point(at, byKey) {
      if (byKey) walk(false);
      else pointing = true;
      moveTo(inPlane(at), byKey);
    },
    draw(stroke) {
      if (lengthOf(stroke) > 0.04) setPath(stroke.map(inPlane));
    },
    drawn() {
      pointing = false; // the walk begins at once; the next move of the mouse takes over
      walk(!still.matches);
    },
    mark: (begins) => setText(parts.spoken, begins ? "a path begins here" : "the path ends here"),
    leave() {
      pointing = false;
    },
    toggle: () => walk(!walking),
  });
  parts.sheet.addEventListener("pointermove", ({ clientX, clientY }) => {
    const box = parts.sheet.getBoundingClientRect();
    const n = columns().sheet;
    const at = (n / box.width) * (clientX - box.left);
    const i = Math.floor((n / box.width) * (clientY - box.top)) * n + Math.floor(at);
    if (!samples[i]) return;
    pointing = true;
    scene.picked = i;
    moveTo(samples[i]);
  });
  parts.sheet.addEventListener("pointerleave", () => {
    pointing = false;
    scene.picked = null;
    paint();
  });
  parts.choices.forEach((input, i) => {
    input.addEventListener("change", () => choose(models[i]));
  });
  parts.walk.addEventListener("click", () => walk(!walking));
  parts.again.addEventListener("click", draw);
  parts.everywhere.addEventListener("change", paint);
  new ResizeObserver(paintAll).observe(root);
  new MutationObserver(() => {
    colours = coloursOf(root, stored.colours);
    grounds.clear();
    colour();
  }).observe(document.documentElement, { attributeFilter: ["data-theme"] });

  choose(model);
  walk(!still.matches);
  window.aaeFront.decode = (name, x, y) => Array.from(models.find((one) => one.name === name)?.decode(x, y) ?? []);
}

const root = document.querySelector<HTMLElement>(".aae-front");
if (root && window.aaeFront) front(root, window.aaeFront);
