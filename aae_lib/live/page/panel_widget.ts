// The panel as a widget: it hears Python, answers, and paints anew when a picture comes.

import { h } from "./dom";
import { arrived, type Kept, keep, unpacked } from "./frames";
import { keepKeys } from "./keys";
import { lineToKernel, type News } from "./line";
import { ANSWER_EVERY, type Buffer, type Context, type Frame, type FromPython, type Spec, type Wish } from "./messages";
import { type Look, type Parts, panelParts } from "./panel";
import { followTheme, type Theme, themeOf } from "./theme";
import { underWay } from "./transport";

const STARTING = "starting…";
const STARTS_LATER = "starting… The kernel is busy; the panel goes on as soon as it is free.";
const BUSY = "Sent; the kernel is busy, and will act when it is free.";
const SILENT = "No answer from the kernel: it is busy, or this panel has ended; then run the cell again.";
const FORKING = "Forking: the run is repeated up to that step…";
const CLOSED = "This panel was closed. Run the cell again.";
const RESTARTED = "The kernel was restarted, and this panel ended with it. Run the cell again.";

export interface PanelTraits {
  spec: Spec;
}

export function renderPanel({ model, el }: Context<PanelTraits>): () => void {
  const root = h("div", { class: "aae-panel", "data-frames": 0, onfullscreenchange: screened, onkeydown: pressed });
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
  let told = STARTING;
  let settled = true; // no wish was waiting when the picture was sent
  let over = false;
  let comes = false; // a second run, which is to be seen
  let due = 0;
  const line = lineToKernel((message) => model.send(message), news);

  // ---- to Python ----

  function send(wish: Wish) {
    if (over) return;
    if (frame && wish.do !== "point" && wish.do !== "seen" && told !== BUSY) told = "";
    if (wish.do === "fork") say(FORKING);
    line.send(wish);
  }
  function news(what: News) {
    if (what === "served") {
      if (told === BUSY) say("");
    } else if (!frame) say(STARTS_LATER);
    else if (told !== FORKING) say(what === "busy" ? BUSY : SILENT);
  }
  function say(text: string) {
    told = text;
    if (!frame) parts?.say(told);
    soon();
  }
  /** Nobody is there any more: what is drawn stays, in grey. */
  function end(why: string) {
    if (over) return;
    over = true;
    line.end();
    root.toggleAttribute("data-over", true);
    say(why);
    freeze();
  }
  function freeze() {
    for (const one of root.querySelectorAll<HTMLInputElement>("button, input, select")) one.disabled = true;
  }
  const closed = () => end(CLOSED);
  const restarted = () => end(RESTARTED);

  // ---- from Python ----

  function heard(content: FromPython, buffers: Buffer[] = []) {
    if (over) return;
    line.heard();
    if (content.kind === "frame") take(content, buffers);
    else if (content.kind === "served") line.served(content.ticket);
    else if (content.kind === "point") parts?.answer(content, buffers.map(unpacked));
    else if (content.kind === "say") {
      told = content.text;
      parts?.refused();
      soon();
    }
  }
  function take(content: Frame, buffers: Buffer[]) {
    if (content.full || content.n % ANSWER_EVERY === 0) send({ do: "seen", n: content.n });
    if (!frame && !content.full) return; // a page that joins late waits for the whole picture
    if (!frame || told === SILENT) told = "";
    frame = content;
    taken = performance.now();
    settled = !line.waits();
    keep(kept, content, buffers);
    soon();
  }
  function build() {
    const focused = document.activeElement;
    const name = focused instanceof HTMLElement && root.contains(focused) && focused.dataset.do;
    spec = model.get("spec");
    if (told === FORKING) told = "";
    parts?.end();
    parts = panelParts(root, spec, send, look, { whole, restyle });
    if (!frame) parts.say(told);
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
  /** A browser gives its screen back at Escape by itself; where there is none to give, what was written large shrinks. */
  function pressed({ key }: KeyboardEvent) {
    if (key === "Escape" && look.whole) whole();
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
    for (const hex of [...spec.classes.map(([, , hex]) => hex), ...phases]) set(`on-${hex.slice(1)}`, read.onPlot(hex));
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
    parts.update(frame.state, told, kept, theme, settled && !line.waits());
    if (over) freeze();
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
    // the connection was lost for a while, or the kernel was busy: say that somebody is here. At the very beginning
    // JupyterLab does not yet know the subshell that hears while a cell runs, and the first hello waits with that cell
    if (!frame || (underWay(frame.state.status) && performance.now() - taken > 5000)) send({ do: "hello" });
  }, 1000);
  const endTheme = followTheme(root, () => parts && restyle());
  const endKeys = keepKeys(root);
  const resized = new ResizeObserver(() => {
    look.sizes += 1;
    soon();
  });
  build();
  model.on("msg:custom", heard);
  model.on("change:spec", build);
  model.on("comm:close", closed);
  model.on("comm_live_update", restarted); // ipywidgets: the kernel that held the other end has gone
  send({ do: "hello" });
  return () => {
    model.off("msg:custom", heard);
    model.off("change:spec", build);
    model.off("comm:close", closed);
    model.off("comm_live_update", restarted);
    line.end();
    clearInterval(knock);
    cancelAnimationFrame(due);
    resized.disconnect();
    endTheme();
    endKeys();
    parts?.end();
    root.remove();
  };
}
