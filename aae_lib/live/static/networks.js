// The diagram of the networks: which ones a phase moved, and how far.

/** The networks of one lane: those that the last phase moved light up; bars say how far. update(lane) */
function networkDiagram(lane) {
  const known = ["encoder", "decoder"].every((name) => lane.networks.includes(name))
    && lane.networks.every((name) => [...PLACES.one, ...PLACES.two].some(([place]) => place === name));
  const games = ["discriminator", "discriminator_y"].filter((name) => lane.networks.includes(name)).length;
  const places = known ? Object.fromEntries(games > 1 ? PLACES.two : PLACES.one)
    : Object.fromEntries(lane.networks.map((name, i) => [name, [8 + 156 * (i % 3), 8 + 80 * Math.floor(i / 3)]]));
  const boxes = Object.fromEntries(lane.networks.map((name) => [name, networkBox(name, places[name])]));
  const height = known ? (boxes.cluster_heads ? 240 : games ? 166 : 76) : 80 * Math.ceil(lane.networks.length / 3);
  const picture = vector("svg", { class: "aae-diagram", viewBox: `0 0 480 ${height}`, role: "img" },
    known && wires(games), Object.values(boxes).map((box) => box.group));
  const chips = lane.phases.map((phase) => h("li", {}, dotted("dot", phase.colour), phase.name));
  const told = h("p", { class: "aae-told" });
  const order = h("ol", { class: "aae-phases", "aria-label": "the phases of one step" }, chips);
  const element = h("div", { class: "aae-networks" }, order, picture, told);
  let peak = 1e-12;

  function update({ lit, moved }, theme) {
    const phase = lane.phases.find(({ name }) => name === lit), shown = phase ? moved ?? {} : {};
    const far = Math.max(0, ...Object.values(shown));
    peak = Math.max(far, peak * 0.9);
    lane.phases.forEach((one, i) => {
      chips[i].classList.toggle("is-lit", one === phase);
      if (one === phase) chips[i].setAttribute("aria-current", "step");
      else chips[i].removeAttribute("aria-current");
    });
    for (const [name, box] of Object.entries(boxes)) {
      const colour = phase?.moves.includes(name) ? theme.stroke(phase.colour) : null;
      box.update(colour, phase ? shown[name] ?? 0 : null, peak, theme);
    }
    const went = lane.networks.filter((name) => shown[name] > 0);
    const still = lane.networks.filter((name) => !went.includes(name));
    const text = !phase ? "Press step: one phase at a time."
      : `Phase ${phase.name} moved ${went.map((name) => `${name} by ${short(shown[name])}`).join(", ") || "nothing"}`
        + (still.length ? `; ${still.join(" and ")} stayed.` : ".");
    setText(told, text);
    setAttribute(picture, "aria-label", `The networks ${lane.networks.join(", ")}. ${text}`);
  }
  return { element, update };
}

const PLACES = { // where the boxes stand, with a game for z alone, or one for z and one for y
  one: [["encoder", [62, 8]], ["decoder", [300, 8]], ["discriminator", [181, 100]]],
  two: [["encoder", [62, 8]], ["decoder", [300, 8]], ["discriminator", [62, 100]], ["discriminator_y", [300, 100]],
    ["cluster_heads", [181, 174]]],
};

function networkBox(name, [x, y]) {
  const frame = vector("rect", { x, y, width: 118, height: 34, rx: 6, class: "aae-net" });
  const text = vector("text", { x: x + 59, y: y + 22, class: "aae-net-name" }, name);
  const bar = vector("rect", { x, y: y + 42, width: 0, height: 6, rx: 3, class: "aae-bar" });
  const number = vector("text", { x: x + 59, y: y + 62, class: "aae-net-moved" });
  const track = vector("rect", { x, y: y + 42, width: 118, height: 6, rx: 3, class: "aae-bar-track" });
  const group = vector("g", {}, frame, text, track, bar, number);
  function update(colour, moved, peak, theme) {
    frame.style.fill = bar.style.fill = colour ?? "";
    frame.style.stroke = colour ?? "";
    text.style.fill = colour ? (contrast(colour, "#ffffff") > contrast(colour, "#000000") ? "#ffffff" : "#000000") : "";
    bar.setAttribute("width", moved ? Math.max(3, (118 * moved) / peak) : 0);
    setText(number, moved === null ? "" : moved === 0 ? "0" : short(moved));
    number.style.fill = moved ? theme.ink : "";
  }
  return { group, update };
}

function wires(games) {
  const line = (...points) => vector("polyline", { points: points.join(" "), class: "aae-wire" });
  const head = (x, y) => line(`${x - 7},${y - 4}`, `${x},${y}`, `${x - 7},${y + 4}`);
  const headDown = (x, y) => line(`${x - 4},${y - 7}`, `${x},${y}`, `${x + 4},${y - 7}`);
  const word = (x, y, text) => vector("text", { x, y, class: "aae-word" }, text);
  const right = (from, to, y) => [line(`${from},${y}`, `${to},${y}`), head(to, y)];
  const above = [word(22, 30, "x"), right(36, 60, 25), right(182, 222, 25), word(240, 30, games > 1 ? "z, y" : "z"), right(257, 298, 25),
    right(420, 440, 25), word(456, 30, "x̂")];
  const below = [line("240,40", "240,98"), headDown(240, 98), word(104, 122, "p(z)"), right(126, 179, 117),
    right(301, 330, 117), word(392, 122, "real or fake?")];
  const left = (from, to, y) => [line(`${from},${y}`, `${to},${y}`), line(`${to + 7},${y - 4}`, `${to},${y}`, `${to + 7},${y + 4}`)];
  const both = [line("232,40", "232,84", "121,84", "121,98"), headDown(121, 98), word(24, 122, "p(z)"), right(42, 60, 117),
    line("248,40", "248,84", "359,84", "359,98"), headDown(359, 98), word(456, 122, "p(y)"), left(437, 420, 117)];
  return vector("g", { "aria-hidden": "true" }, above, games > 1 ? both : games ? below : null);
}
