// Built from aae_lib/live/page/front by make page: change that.
"use strict";
(() => {
  // dom.ts
  function h(tag, attributes = {}, ...children) {
    return filled(document.createElement(tag), attributes, children);
  }
  function filled(node, attributes, children) {
    for (const [name, value] of Object.entries(attributes)) {
      if (value === null || value === void 0 || value === false) continue;
      if (typeof value === "function") node.addEventListener(name.slice(2), value);
      else node.setAttribute(name, value === true ? "" : String(value));
    }
    node.append(...present(children));
    return node;
  }
  function present(children) {
    return children.flatMap((child) => {
      if (Array.isArray(child)) return present(child);
      if (child === null || child === void 0 || child === false) return [];
      return [child instanceof Node ? child : String(child)];
    });
  }
  function setText(node, text) {
    if (node.textContent !== text) node.textContent = text;
  }
  var copy = Math.random().toString(36).slice(2, 8);

  // front/decoder.ts
  function bytesOf(base64) {
    return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  }
  function float16(bytes) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return Float32Array.from({ length: bytes.length / 2 }, (_, i) => {
      const bits = view.getUint16(2 * i, true);
      const [exponent, fraction] = [bits >> 10 & 31, bits & 1023];
      const size = exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : fraction / 1024 * 2 ** -14;
      return bits & 32768 ? -size : size;
    });
  }
  function decoder(sizes, weights) {
    const layers = [];
    let at = 0;
    const take = (n) => {
      at += n;
      return weights.subarray(at - n, at);
    };
    for (let i = 1; i < sizes.length; i++) layers.push({ weight: take(sizes[i - 1] * sizes[i]), bias: take(sizes[i]) });
    if (at !== weights.length) throw new Error(`${weights.length} weights for a decoder that has ${at}`);
    return (x, y) => {
      let h2 = Float32Array.of(x, y);
      layers.forEach(({ weight, bias }, i) => {
        const last = i === layers.length - 1;
        h2 = bias.map((sum, row) => {
          let total = sum;
          for (let k = 0, from = row * h2.length; k < h2.length; k++) total += weight[from + k] * h2[k];
          const gate = 1 / (1 + Math.exp(-total));
          return last ? gate : total * gate;
        });
      });
      return h2;
    };
  }

  // front/elements.ts
  var DRAWS = 40;
  var STEPS = 12;
  var picture = (name, label) => h("canvas", { class: `front-${name}`, role: "img", "aria-label": label });
  function elements(root2, models, chosen) {
    const parts = {
      plane: h("canvas", {
        class: "front-plane",
        tabindex: 0,
        role: "application",
        "aria-label": "The plane of codes. Arrow keys move through it and the digit changes. Enter begins a path and ends it, space walks along it or pauses, escape leaves the path."
      }),
      digit: picture("digit", "The image decoded at this place"),
      where: h("p", { class: "front-where" }),
      near: h("p", { class: "front-near" }),
      spoken: h("p", { class: "front-spoken", role: "status" }),
      says: h("p", { class: "front-says" }),
      strip: picture("strip", `${STEPS} digits along the path`),
      sheet: picture("sheet", `${DRAWS} draws from the prior, decoded`),
      legend: h("ul", { class: "front-legend", "aria-label": "Which digits the draws lie nearest to" }),
      walk: h("button", { type: "button" }),
      again: h("button", { type: "button" }, "draw again"),
      everywhere: h("input", { type: "checkbox" }),
      choices: models.map((one) => {
        const input = h("input", { type: "radio", value: one.name });
        input.name = "front-model";
        input.checked = one === chosen;
        return input;
      })
    };
    const labelled = parts.choices.map((input, i) => h("label", {}, input, h("span", {}, models[i].title)));
    const side = h(
      "div",
      { class: "front-side" },
      parts.digit,
      parts.where,
      parts.near,
      h("div", { class: "front-row" }, parts.walk, h("label", {}, parts.everywhere, " digits everywhere")),
      h(
        "p",
        { class: "front-hint" },
        "Move over the plane to decode it. Drag to draw a path: the digit morphs along it."
      )
    );
    const draws = h(
      "div",
      { class: "front-draws" },
      h("div", { class: "front-row" }, h("h2", {}, `${DRAWS} draws from the prior`), parts.again),
      parts.sheet,
      parts.legend
    );
    root2.replaceChildren(
      h("fieldset", { class: "front-models" }, h("legend", {}, "Model"), labelled),
      parts.says,
      h("div", { class: "front-main" }, parts.plane, side, draws),
      parts.strip,
      parts.spoken
    );
    return parts;
  }

  // front/hand.ts
  var STRIDE = 0.03;
  var ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
  var clamp = (t) => Math.min(1, Math.max(-1, t));
  function follow(plane, acts) {
    let stroke = null;
    const at = (event) => {
      const box = plane.getBoundingClientRect();
      const [u, v] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
      return [clamp(2 * u - 1), clamp(1 - 2 * v)];
    };
    plane.addEventListener("pointerdown", (event) => {
      plane.setPointerCapture(event.pointerId);
      stroke = [at(event)];
      acts.point(stroke[0], false);
    });
    plane.addEventListener("pointermove", (event) => {
      const point = at(event);
      stroke?.push(point);
      if (stroke) acts.draw(stroke);
      acts.point(point, false);
    });
    const end = () => {
      if (stroke && stroke.length > 2) acts.drawn();
      stroke = null;
    };
    plane.addEventListener("pointerup", end);
    plane.addEventListener("pointercancel", end);
    plane.addEventListener("pointerleave", () => {
      if (!stroke) acts.leave();
    });
    plane.addEventListener("keydown", (event) => {
      const arrow = ARROWS[event.key];
      if (arrow) {
        const far = STRIDE * (event.shiftKey ? 4 : 1);
        const [u, v] = acts.cursor();
        const point = [clamp(u + far * arrow[0]), clamp(v + far * arrow[1])];
        stroke?.push(point);
        if (stroke) acts.draw(stroke);
        acts.point(point, true);
      } else if (event.key === "Enter") {
        acts.mark(!stroke);
        if (stroke) end();
        else stroke = [acts.cursor()];
      } else if (event.key === "Escape") stroke = null;
      else if (event.key === " ") acts.toggle();
      else return;
      event.preventDefault();
    });
  }

  // front/prior.ts
  function random(seed) {
    let state = seed;
    return () => {
      state = state + 1831565813 | 0;
      let t = Math.imul(state ^ state >>> 15, 1 | state);
      t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
      return ((t ^ t >>> 14) >>> 0) / 2 ** 32;
    };
  }
  function normal(uniform) {
    const [radius, angle] = [Math.sqrt(-2 * Math.log(1 - uniform())), 2 * Math.PI * uniform()];
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  }
  function ring(uniform) {
    const angle = 2 * Math.PI * Math.floor(10 * uniform()) / 10;
    const [e1, e2] = normal(uniform);
    const [along2, across] = [2.5 + 0.5 * e1, 0.15 * e2];
    const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
    return [along2 * cos - across * sin, along2 * sin + across * cos];
  }

  // front/models.ts
  var TOLD = [
    {
      name: "ae",
      title: "Autoencoder",
      says: "Nobody told it where codes may lie. Zeros and ones went far out; draws from N(0, I) land in the crowded middle and are hardly ever either.",
      draw: normal
    },
    {
      name: "vae",
      title: "VAE",
      says: "A variational autoencoder: noise on every code, and a KL term that pulls each one towards N(0, I). The gaps close, and digits blend where they meet.",
      draw: normal
    },
    {
      name: "gaussian",
      title: "AAE, Gaussian",
      says: "An adversarial autoencoder: a discriminator learns to tell codes from draws of N(0, I), and the encoder learns to make that impossible. The cloud takes the prior's shape.",
      draw: normal
    },
    {
      name: "ring",
      title: "AAE, ring",
      says: "The same game with another prior: ten Gaussians on a ring, and labels that say which digit belongs to which arm. Only samples of the prior were needed, no formula.",
      draw: ring
    }
  ];
  function modelsOf(stored) {
    return TOLD.map((told) => {
      const { centre, half, codes, weights } = stored.models[told.name];
      return {
        ...told,
        centre,
        half,
        codes: float16(bytesOf(codes)),
        decode: decoder(stored.sizes, float16(bytesOf(weights)))
      };
    });
  }
  function neighbours(codes, labels, [x, y], k) {
    const distance = (i) => (codes[2 * i] - x) ** 2 + (codes[2 * i + 1] - y) ** 2;
    const nearest = Array.from(labels, (_, i) => [distance(i), labels[i]]).sort(([a], [b]) => a - b);
    const counts = new Array(10).fill(0);
    for (const [, label] of nearest.slice(0, k)) counts[label] += 1;
    return counts;
  }
  var mostOften = (counts) => counts.indexOf(Math.max(...counts));

  // colours.ts
  var rgb = (hex) => [1, 3, 5].map((i) => Number.parseInt(hex.slice(i, i + 2), 16));
  var hexOf = (colour) => `#${colour.map((c) => Math.round(c).toString(16).padStart(2, "0")).join("")}`;
  var withAlpha = (hex, alpha) => `rgba(${rgb(hex).join(",")},${alpha})`;
  var blend = (a, b, t) => a.map((c, i) => c + (b[i] - c) * t);
  function luminance(hex) {
    const [r, g, b] = rgb(hex).map((c) => c <= 10 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  }
  function contrast(a, b) {
    const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (high + 0.05) / (low + 0.05);
  }
  function readable(hex, ground, ratio) {
    const end = luminance(ground) > 0.3 ? [0, 0, 0] : [255, 255, 255];
    for (let t = 0; t < 1; t += 0.05) {
      const colour = hexOf(blend(rgb(hex), end, t));
      if (contrast(colour, ground) >= ratio) return colour;
    }
    return hexOf(end);
  }

  // front/paint.ts
  var SIDE = 28;
  function coloursOf(root2, classes) {
    const read = (name) => getComputedStyle(root2).getPropertyValue(`--front-${name}`).trim();
    const ground = read("ground");
    const dark = luminance(ground) < 0.3;
    const onGround = (hex) => dark && luminance(hex) < 1e-3 ? "#ffffff" : readable(hex, ground, 2.5);
    return {
      ground,
      ink: read("ink"),
      prior: read("prior"),
      accent: read("accent"),
      classes: classes.map(onGround)
    };
  }
  function stamp(pixels, { ground, ink }) {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = SIDE;
    const image = new ImageData(SIDE, SIDE);
    const [from, to] = [rgb(ground), rgb(ink)];
    pixels.forEach((p, i) => {
      for (let c = 0; c < 3; c++) image.data[4 * i + c] = from[c] + (to[c] - from[c]) * p;
      image.data[4 * i + 3] = 255;
    });
    canvas.getContext("2d")?.putImageData(image, 0, 0);
    return canvas;
  }
  function fresh(canvas) {
    const { clientWidth: width, clientHeight: height } = canvas;
    const g = canvas.getContext("2d");
    if (!g || !width || !height) return null;
    const scale = devicePixelRatio || 1;
    const [w, h2] = [Math.round(width * scale), Math.round(height * scale)];
    if (canvas.width !== w || canvas.height !== h2) Object.assign(canvas, { width: w, height: h2 });
    g.setTransform(w / width, 0, 0, h2 / height, 0, 0);
    g.clearRect(0, 0, width, height);
    return { g, width, height };
  }
  function paintDigits(canvas, decode, at, columns, colours) {
    const on = fresh(canvas);
    if (!on) return;
    on.g.imageSmoothingQuality = "high";
    const cell = on.width / columns;
    const space = at.length > 1 ? Math.min(4, cell * 0.06) : 0;
    at.forEach(([x, y], i) => {
      const [left, top] = [i % columns * cell, Math.floor(i / columns) * cell];
      const size = cell - space;
      on.g.drawImage(stamp(decode(x, y), colours), left + space / 2, top + space / 2, size, size);
    });
  }
  function tapestry(model, colours, n = 17) {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = n * SIDE;
    const g = canvas.getContext("2d");
    for (let row = 0; row < n; row++)
      for (let column = 0; column < n; column++) {
        const [u, v] = [(2 * column + 1) / n - 1, 1 - (2 * row + 1) / n];
        const pixels = model.decode(model.centre[0] + u * model.half, model.centre[1] + v * model.half);
        g?.drawImage(stamp(pixels, colours), column * SIDE, row * SIDE);
      }
    return canvas;
  }
  function paintPlane(canvas, scene) {
    const on = fresh(canvas);
    if (!on) return;
    const { g, width } = on;
    const { colours } = scene;
    const place = ([u, v]) => [(u + 1) / 2 * width, (1 - v) / 2 * width];
    const dot = (point, radius) => {
      const [x, y] = place(point);
      g.beginPath();
      g.arc(x, y, radius, 0, 2 * Math.PI);
    };
    const size = width / 460;
    g.fillStyle = colours.ground;
    g.fillRect(0, 0, width, width);
    if (scene.ground) {
      g.imageSmoothingQuality = "high";
      g.drawImage(scene.ground, 0, 0, width, width);
    } else {
      g.fillStyle = withAlpha(colours.prior, 0.55);
      for (const point of scene.prior) {
        dot(point, 1.7 * size);
        g.fill();
      }
    }
    scene.codes.forEach((point, i) => {
      g.fillStyle = withAlpha(colours.classes[scene.labels[i]], scene.ground ? 0.55 : 0.85);
      dot(point, (scene.ground ? 1.8 : 2.6) * size);
      g.fill();
    });
    g.strokeStyle = colours.ink;
    scene.samples.forEach((point, i) => {
      g.lineWidth = i === scene.picked ? 3 : 1.1;
      dot(point, (i === scene.picked ? 8 : 4) * size);
      g.stroke();
    });
    if (scene.path.length > 1) {
      g.lineJoin = g.lineCap = "round";
      for (const [colour, wide] of [
        [colours.ground, 5.5],
        [colours.accent, 2.5]
      ]) {
        g.strokeStyle = colour;
        g.lineWidth = wide * size;
        g.beginPath();
        for (const point of scene.path) g.lineTo(...place(point));
        g.stroke();
      }
    }
    for (const [colour, wide] of [
      [colours.ground, 6],
      [colours.accent, 3]
    ]) {
      g.strokeStyle = colour;
      g.lineWidth = wide * size;
      dot(scene.cursor, 10 * size);
      g.stroke();
    }
  }

  // front/path.ts
  var gap = (a, b) => Math.hypot(b[0] - a[0], b[1] - a[1]);
  function lengthOf(path) {
    return path.slice(1).reduce((sum, point, i) => sum + gap(path[i], point), 0);
  }
  function along(path, t) {
    let left = Math.min(1, Math.max(0, t)) * lengthOf(path);
    for (let i = 1; i < path.length; i++) {
      const [a, b] = [path[i - 1], path[i]];
      const step = gap(a, b);
      if (step > 0 && left <= step) return [a[0] + (b[0] - a[0]) * left / step, a[1] + (b[1] - a[1]) * left / step];
      left -= step;
    }
    return path[path.length - 1];
  }
  var places = (path, n) => Array.from({ length: n }, (_, i) => along(path, n > 1 ? i / (n - 1) : 0));
  var toAndFro = (walked) => 1 - Math.abs(1 - walked % 2);
  var circle = ([x, y], radius) => Array.from({ length: 121 }, (_, i) => {
    const angle = 2 * Math.PI * i / 120;
    return [x + radius * Math.cos(angle), y + radius * Math.sin(angle)];
  });

  // front/front.ts
  var CLOUD = 1500;
  var PACE = 0.45;
  var CHANGE = 700;
  function front(root2, stored) {
    const models = modelsOf(stored);
    const labels = bytesOf(stored.labels);
    const still = matchMedia("(prefers-reduced-motion: reduce)");
    const grounds = /* @__PURE__ */ new Map();
    let model = models[models.length - 1];
    const parts = elements(root2, models, model);
    let colours = coloursOf(root2, stored.colours);
    let uniform = random(1);
    let samples = [];
    let path = [];
    let cursor = model.centre;
    let walked = 0;
    let walking = false;
    let pointing = false;
    let before = null;
    const inView = ([x, y]) => [(x - model.centre[0]) / model.half, (y - model.centre[1]) / model.half];
    const inPlane = ([u, v]) => [model.centre[0] + u * model.half, model.centre[1] + v * model.half];
    function sceneOf() {
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
        cursor: inView(cursor)
      };
    }
    let scene = sceneOf();
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
    function grounded() {
      if (!parts.everywhere.checked) return scene;
      const ground = grounds.get(model) ?? tapestry(model, colours);
      grounds.set(model, ground);
      return { ...scene, ground };
    }
    function between(old, t) {
      if (t >= 1) before = null;
      paint();
      const ease = t < 1 ? t * t * (3 - 2 * t) : 1;
      const moved = (a, b) => b.map(([u, v], i) => [a[i][0] + (u - a[i][0]) * ease, a[i][1] + (v - a[i][1]) * ease]);
      return {
        ...scene,
        prior: moved(old.prior, scene.prior),
        codes: moved(old.codes, scene.codes),
        samples: moved(old.samples, scene.samples)
      };
    }
    function columns() {
      if (root2.clientWidth < 560) return { strip: 6, sheet: 8 };
      return { strip: STEPS, sheet: root2.clientWidth < 900 ? 20 : 5 };
    }
    function paintAll() {
      const { strip, sheet } = columns();
      parts.strip.style.aspectRatio = `${strip} / ${STEPS / strip}`;
      parts.sheet.style.aspectRatio = `${sheet} / ${DRAWS / sheet}`;
      paintDigits(parts.strip, model.decode, places(path, STEPS), strip, colours);
      paintDigits(parts.sheet, model.decode, samples, sheet, colours);
      paint();
    }
    function moveTo(point, aloud = false) {
      cursor = point;
      scene.cursor = inView(point);
      const [x, y] = point.map((c) => c.toFixed(model.half > 8 ? 1 : 2).replace("-", "−"));
      const counts = neighbours(model.codes, labels, point, 5);
      const found = counts.flatMap((n, label) => new Array(n).fill(label)).join(" ");
      setText(parts.where, `z = (${x}, ${y})`);
      setText(parts.near, `five nearest codes: ${found}`);
      parts.near.style.borderColor = colours.classes[mostOften(counts)];
      if (aloud) setText(parts.spoken, `z = (${x}, ${y}), nearest codes ${found}`);
      paint();
    }
    function setPath(points) {
      path = points;
      scene.path = points.map(inView);
      walked = 0;
      paintAll();
    }
    function draw() {
      samples = Array.from({ length: DRAWS }, () => model.draw(uniform));
      scene.samples = samples.map(inView);
      const counts = new Array(10).fill(0);
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
    function choose(next) {
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
    let last = 0;
    function walk(on) {
      if (on && !walking) requestAnimationFrame(step);
      walking = on;
      setText(parts.walk, on ? "pause" : "walk the path");
    }
    function step(now) {
      if (!walking) return;
      const seconds = Math.min(0.1, (now - last) / 1e3);
      last = now;
      if (!pointing) {
        walked += seconds * PACE * model.half / Math.max(lengthOf(path), 0.05 * model.half);
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
        pointing = false;
        walk(!still.matches);
      },
      mark: (begins) => setText(parts.spoken, begins ? "a path begins here" : "the path ends here"),
      leave() {
        pointing = false;
      },
      toggle: () => walk(!walking)
    });
    parts.sheet.addEventListener("pointermove", ({ clientX, clientY }) => {
      const box = parts.sheet.getBoundingClientRect();
      const n = columns().sheet;
      const at = n / box.width * (clientX - box.left);
      const i = Math.floor(n / box.width * (clientY - box.top)) * n + Math.floor(at);
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
    new ResizeObserver(paintAll).observe(root2);
    new MutationObserver(() => {
      colours = coloursOf(root2, stored.colours);
      grounds.clear();
      colour();
    }).observe(document.documentElement, { attributeFilter: ["data-theme"] });
    choose(model);
    walk(!still.matches);
    window.aaeFront.decode = (name, x, y) => Array.from(models.find((one) => one.name === name)?.decode(x, y) ?? []);
  }
  var root = document.querySelector(".aae-front");
  if (root && window.aaeFront) front(root, window.aaeFront);
})();
