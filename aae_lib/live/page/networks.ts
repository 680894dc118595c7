// The diagram of the networks of one run: those that the last phase moved light up, bars say how far.

import { dotted } from "./buttons";
import { contrast } from "./colours";
import { h, setAttribute, setText, vector } from "./dom";
import type { Hex, Phase, Point, RunInfo, RunSpec } from "./messages";
import { short } from "./numbers";
import type { Theme } from "./theme";

type Places = Record<string, Point>;

// where the boxes stand, with a game for z alone, or one for z and one for y
const WIDE = 112; // a box
const ONE_GAME: Places = { encoder: [40, 8], decoder: [232, 8], discriminator: [136, 100] };
const TWO_GAMES: Places = {
  encoder: [40, 8],
  decoder: [232, 8],
  discriminator: [40, 100],
  discriminator_y: [232, 100],
  cluster_heads: [136, 174],
};

export function networkDiagram({ networks, phases }: RunSpec) {
  const games = networks.filter((name) => name.startsWith("discriminator")).length;
  const usual = games > 1 ? TWO_GAMES : ONE_GAME;
  const known = ["encoder", "decoder"].every((name) => networks.includes(name)) && networks.every((n) => n in usual);
  const places = known ? usual : inRows(networks);
  const boxes = networks.map((name) => networkBox(name, places[name]));
  const rows = networks.includes("cluster_heads") ? 240 : games ? 166 : 76;
  const height = known ? rows : 80 * Math.ceil(networks.length / 3);
  const name = `The networks ${networks.join(", ")}.`;
  const picture = vector(
    "svg",
    { class: "aae-diagram", viewBox: `0 0 384 ${height}`, role: "img", "aria-label": name },
    known && wires(games),
    boxes.map((box) => box.group),
  );
  const chips = phases.map((phase) => h("li", {}, dotted("dot", phase.colour), phase.name));
  const order = h("ol", { class: "aae-phases", "aria-label": "the phases of one step" }, chips);
  const told = h("p", { class: "aae-told" });
  let peak = 1e-12;

  function update({ lit, moved }: RunInfo, theme: Theme) {
    const phase = phases.find(({ name }) => name === lit);
    const far = (phase && moved) ?? {};
    const most = Math.max(0, ...Object.values(far));
    peak = Math.max(most, peak * 0.9);
    phases.forEach((one, i) => {
      chips[i].classList.toggle("is-lit", one === phase);
      if (one === phase) chips[i].setAttribute("aria-current", "step");
      else chips[i].removeAttribute("aria-current");
    });
    networks.forEach((name, i) => {
      const colour = phase?.moves.includes(name) ? theme.stroke(phase.colour) : null;
      boxes[i].update(colour, phase ? (far[name] ?? 0) : null, peak, theme);
    });
    const text = whoMoved(networks, phase, far);
    setText(told, text);
    setAttribute(picture, "aria-label", `${name} ${text}`);
  }
  return { element: h("div", { class: "aae-networks" }, order, picture, told), update };
}

export function whoMoved(networks: string[], phase: Phase | undefined, far: Record<string, number>): string {
  if (!phase) return "Press step: one phase at a time.";
  const went = networks.filter((name) => far[name] > 0);
  const still = networks.filter((name) => !went.includes(name));
  const moves = went.map((name) => `${name} by ${short(far[name])}`).join(", ") || "nothing";
  return `Phase ${phase.name} moved ${moves}${still.length ? `; ${still.join(" and ")} stayed.` : "."}`;
}

const inRows = (networks: string[]): Places =>
  Object.fromEntries(networks.map((name, i) => [name, [8 + 128 * (i % 3), 8 + 80 * Math.floor(i / 3)]]));

function networkBox(name: string, [x, y]: Point) {
  const middle = x + WIDE / 2;
  const frame = vector("rect", { x, y, width: WIDE, height: 34, rx: 6, class: "aae-net" });
  const text = vector("text", { x: middle, y: y + 22, class: "aae-net-name" }, name);
  const track = vector("rect", { x, y: y + 42, width: WIDE, height: 6, rx: 3, class: "aae-bar-track" });
  const bar = vector("rect", { x, y: y + 42, width: 0, height: 6, rx: 3, class: "aae-bar" });
  const number = vector("text", { x: middle, y: y + 62, class: "aae-net-moved" });
  const group = vector("g", {}, frame, text, track, bar, number);

  function update(colour: Hex | null, moved: number | null, peak: number, theme: Theme) {
    frame.style.fill = bar.style.fill = frame.style.stroke = colour ?? "";
    const light = colour && contrast(colour, "#ffffff") > contrast(colour, "#000000");
    text.style.fill = !colour ? "" : light ? "#ffffff" : "#000000";
    bar.setAttribute("width", String(moved ? Math.max(3, (WIDE * moved) / peak) : 0));
    setText(number, moved === null ? "" : short(moved));
    number.style.fill = moved ? theme.ink : "";
  }
  return { group, update };
}

function wires(games: number) {
  const line = (...points: string[]) => vector("polyline", { points: points.join(" "), class: "aae-wire" });
  const word = (x: number, text: string, y = 122) => vector("text", { x, y, class: "aae-word" }, text);
  const across = (from: number, to: number, y: number) => {
    const back = to > from ? to - 7 : to + 7;
    return [line(`${from},${y}`, `${to},${y}`), line(`${back},${y - 4}`, `${to},${y}`, `${back},${y + 4}`)];
  };
  const down = (x: number, ...points: string[]) => [
    line(...points, `${x},98`),
    line(`${x - 4},91`, `${x},98`, `${x + 4},91`),
  ];
  const above = [
    word(10, "x", 30),
    across(20, 38, 25),
    across(154, games > 1 ? 174 : 180, 25),
    word(192, games > 1 ? "z, y" : "z", 30),
    across(games > 1 ? 210 : 204, 230, 25),
    across(346, 362, 25),
    word(373, "x̂", 30),
  ];
  const one = [
    down(192, "192,40"),
    word(84, "p(z)"),
    across(102, 134, 117),
    across(250, 272, 117),
    word(326, "real or fake?"),
  ];
  const two = [
    down(96, "184,40", "184,84", "96,84"),
    word(13, "p(z)"),
    across(28, 38, 117),
    down(288, "200,40", "200,84", "288,84"),
    word(371, "p(y)"),
    across(356, 346, 117),
  ];
  return vector("g", { "aria-hidden": "true" }, above, games > 1 ? two : games ? one : null);
}
