// The panel as a widget: it hears Python, answers, and paints anew when a picture comes.

import { h } from "./dom";
import { arrived, type Kept, keep, unpacked } from "./frames";
import { keepKeys } from "./keys";
import { ANSWER_EVERY, type Buffer, type Context, type Frame, type FromPython, type Spec, type Wish } from "./messages";
import { type Look, type Parts, panelParts } from "./panel";
import { followTheme, type Theme, themeOf } from "./theme";
import { underWay } from "./transport";

const SILENT = "No answer from the kernel: it is busy, or this panel has ended; then run the cell again.";
const FORKING = "Forking: the run is repeated up to that step…";
const PATIENCE_MS = 6000; // without an answer, before the page says so

export interface PanelTraits {
  spec: Spec;
}

export function renderPanel({ model, el }: Context<PanelTraits>): () => void {
  const root = h("div", { class: "aae-panel", "data-frames": 0, onfullscreenchange: screened });
  const look: Look = {
    large: Boolean(model.get("spec").large),
    whole: false,
    more: false,
    closeUp: null,
    sizes: 0,
  };
  const paintMs: number[] = [];
  Object.assign(root, { __aae: { paint_ms: paintMs } }); // for the benchmark
  let spec: Spec;
  let parts: Parts | null = null;
  let theme: Theme | null = null;
  let kept: Kept[] = [];
  let frame: Frame | null = null;
  let taken = 0; // when it came
  let painted: Frame | null = null;
  let frames = 0;
  let told = "";
  let comes = false; // a second run, which is to be seen
  let due = 0;
  let waiting: ReturnType<typeof setTimeout> | undefined;

  // ---- to Python ----

  function send(wish: Wish) {
    if (wish.do !== "point") {
      told = wish.do === "fork" ? FORKING : "";
      soon();
      clearTimeout(waiting);
      waiting = setTimeout(silent, PATIENCE_MS);
    }
    try {
      model.send(wish);
    } catch {
      silent();
    }
  }
  function silent() {
    told = SILENT;
    if (!frame) parts?.say(told);
    soon();
  }

  // ---- from Python ----

  function heard(content: FromPython, buffers: Buffer[] = []) {
    clearTimeout(waiting);
    if (content.kind === "frame") take(content, buffers);
    else if (content.kind === "point") parts?.answer(content, buffers.map(unpacked));
    else if (content.kind === "say") {
      told = content.text;
      parts?.refused();
      soon();
    }
  }
  function take(content: Frame, buffers: Buffer[]) {
    if (content.full || content.n % ANSWER_EVERY === 0) model.send({ do: "seen", n: content.n } satisfies Wish);
    if (!frame && !content.full) return; // a page that joins late waits for the whole picture
    frame = content;
    taken = performance.now();
    if (told === SILENT) told = "";
    keep(kept, content, buffers);
    soon();
  }
  function build() {
    const focused = document.activeElement;
    const name = focused instanceof HTMLElement && root.contains(focused) && focused.dataset.do;
    spec = model.get("spec");
    told = "";
    parts?.end();
    parts = panelParts(root, spec, send, look, { whole, restyle });
    comes = spec.runs.length > kept.length && kept.length > 0;
    kept = spec.runs.map((_, i) => kept[i] ?? { layers: {}, info: null });
    resized.disconnect();
    for (const part of [root, ...root.querySelectorAll(".aae-plot, .aae-curves")]) resized.observe(part);
    restyle();
    if (name) root.querySelector<HTMLElement>(`[data-do="${name}"]`)?.focus();
  }

  /** Take the whole screen, or give it back; where none is given, as in a frame, what is written grows all the same. */
  function whole() {
    look.whole = !look.whole;
    const asked = look.whole ? root.requestFullscreen?.() : document.exitFullscreen?.();
    asked?.catch(() => {});
    restyle();
  }
  function screened() {
    look.whole = root.matches(":fullscreen");
    restyle();
  }

  // ---- painting ----

  function restyle() {
    parts?.restyled();
    theme = null; // read when painting: before the page holds the panel, there are no colours to read
    soon();
  }
  function readTheme(): Theme {
    const read = themeOf(root, spec);
    const set = (name: string, colour: string) => root.style.setProperty(`--aae-${name}`, colour);
    set("real-now", read.real);
    set("fake-now", read.fake);
    const phases = spec.runs.flatMap((run) => run.phases.map(({ colour }) => colour));
    for (const hex of [...spec.classes.map(([, hex]) => hex), ...phases]) set(`on-${hex.slice(1)}`, read.onPlot(hex));
    set(`on-${spec.colours.prior.slice(1)}`, read.prior);
    return read;
  }
  function soon() {
    due ||= requestAnimationFrame(paint);
  }
  function paint() {
    due = 0;
    if (!parts || !frame || !look.sizes || !root.clientWidth || !arrived(kept)) return;
    if (!theme && !getComputedStyle(root).getPropertyValue("--aae-plot")) return soon(); // no style sheet yet
    const begun = performance.now();
    theme ??= readTheme();
    parts.update(frame.state, told, kept, theme);
    if (painted !== frame) frames += 1;
    painted = frame;
    root.dataset.frames = String(frames);
    root.dataset.step = String(kept[0].info.step);
    root.dataset.status = frame.state.status;
    root.dataset.uses = JSON.stringify(kept.map(({ info }) => info.settings));
    paintMs.push(performance.now() - begun);
    if (comes) root.querySelector(".aae-run")?.scrollIntoView({ block: "nearest" });
    comes = false;
    if (paintMs.length > 100) paintMs.shift();
  }

  el.append(root);
  const knock = setInterval(() => {
    // the connection was lost for a while, or the kernel was busy: say that somebody is here
    if (frame && underWay(frame.state.status) && performance.now() - taken > 5000) send({ do: "hello" });
  }, 2500);
  const endTheme = followTheme(root, () => parts && restyle());
  const endKeys = keepKeys(root);
  const resized = new ResizeObserver(() => {
    look.sizes += 1;
    soon();
  });
  build();
  model.on("msg:custom", heard);
  model.on("change:spec", build);
  model.on("comm:close", silent);
  send({ do: "hello" });
  return () => {
    model.off("msg:custom", heard);
    model.off("change:spec", build);
    model.off("comm:close", silent);
    clearTimeout(waiting);
    clearInterval(knock);
    cancelAnimationFrame(due);
    resized.disconnect();
    endTheme();
    endKeys();
    parts?.end();
    root.remove();
  };
}
