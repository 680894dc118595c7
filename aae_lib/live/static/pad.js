// The drawing pad: strokes of a round brush in latent units, by mouse, pen, finger or keyboard.
// A stroke is {width, points: [[x, y], ...]}.

const PAD_POINTS = 2000; // of a stroke, at most
const HOW_TO_DRAW = "Draw with the mouse, a pen or a finger. By keyboard: arrow keys move the brush (Shift: faster); " +
  "hold Space or Enter to draw, or tap it to lower and to lift the brush; Escape drops the stroke.";
const PAD_KEYS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] };

function drawingPad(host, { extent, colour = null, strokes = [], onChange = () => {} }) {
  const id = `aae-pad-${Math.random().toString(36).slice(2, 8)}`;
  const roles = { role: "application", "aria-roledescription": "drawing pad", "aria-describedby": id };
  const canvas = h("canvas", { tabindex: 0, ...roles });
  const brush = h("input", { type: "range", min: 0.1, max: 1.5, step: 0.05, value: 0.4, "data-pad": "width",
    "aria-label": "brush width, in units of z", oninput: widthChanged });
  const shownWidth = h("span", { class: "aae-pad-width" });
  const button = (name, title, onclick) => h("button", { type: "button", "data-pad": name, title, onclick }, name);
  const status = h("div", { class: "aae-pad-note aae-pad-say", role: "status" });
  const element = h("div", { class: "aae-pad", "data-lm-suppress-shortcuts": "true" }, canvas, // no keys for Jupyter
    h("div", { class: "aae-pad-row" }, h("label", {}, "brush", brush), shownWidth,
      button("undo", "take back the last stroke (Ctrl+Z)", undo), button("clear", "take back all strokes", clear)),
    h("div", { class: "aae-pad-note", id }, HOW_TO_DRAW), status);
  const stop = new AbortController(); // ends every listener at once
  const on = (target, type, listener) => target.addEventListener(type, listener, { signal: stop.signal });

  let done = copied(strokes);
  let stroke = null; // under way
  let pointer = null; // the id of the pointer that draws it; null: the keyboard does
  let at = null; // where the brush is, to show its ring
  let gap = 0; // the least distance of two kept points of this stroke
  let held = false; // Space or Enter is down
  let movedWhileHeld = false;
  const arrows = new Set();

  // ---- coordinates ----

  function copied(list) {
    return list.map(({ width, points }) => ({ width, points: points.map((point) => [...point]) }));
  }
  const scale = () => canvas.clientWidth / (extent[1] - extent[0]); // CSS pixels in a unit of z
  const pixel = ([x, y]) => [
    ((x - extent[0]) / (extent[1] - extent[0])) * canvas.clientWidth,
    ((extent[3] - y) / (extent[3] - extent[2])) * canvas.clientHeight,
  ];
  function latent(event) {
    const box = canvas.getBoundingClientRect();
    const x = extent[0] + ((event.clientX - box.left) / box.width) * (extent[1] - extent[0]);
    const y = extent[3] - ((event.clientY - box.top) / box.height) * (extent[3] - extent[2]);
    return [+x.toFixed(3), +y.toFixed(3)];
  }
  const apart = (a, b) => Math.hypot(a[0] - b[0], a[1] - b[1]);

  // ---- a stroke: begin, add, end ----

  function begin(point) {
    if (stroke) end();
    stroke = { width: +brush.value, points: [point] };
    gap = Math.max(stroke.width / 4, 2 / scale()); // finer than this is not to be seen in the ink
    at = point;
  }
  function add(point) {
    at = point;
    const points = stroke.points;
    if (apart(point, points[points.length - 1]) < gap) return;
    points.push(point);
    if (points.length < PAD_POINTS - 1) return; // one is left for the tip
    done.push(stroke); // full: it goes on in another
    stroke = { width: stroke.width, points: [point] };
  }
  function end() {
    const points = stroke.points;
    if (apart(at, points[points.length - 1]) > 0) points.push(at); // it ends where the brush was lifted
    done.push(stroke);
    stroke = pointer = null;
    changed();
  }
  function drop() {
    stroke = pointer = null;
    draw();
  }
  function changed() {
    count();
    onChange(copied(done));
  }
  function count() {
    const n = done.length;
    setText(status, n === 0 ? "nothing drawn yet" : n === 1 ? "1 stroke" : `${n} strokes`);
    draw();
  }
  function undo() { // the stroke under way, or else the last
    if (stroke) drop();
    else if (done.pop()) changed();
  }
  function clear() {
    if (stroke) drop();
    if (done.splice(0).length) changed();
  }

  // ---- mouse, pen, finger ----

  on(canvas, "pointerdown", (event) => {
    if (event.button !== 0 || pointer !== null) return;
    event.preventDefault();
    canvas.focus({ preventScroll: true });
    canvas.setPointerCapture(event.pointerId);
    begin(latent(event));
    pointer = event.pointerId;
    draw();
  });
  on(canvas, "pointermove", (event) => {
    if (stroke && event.pointerId !== pointer) return; // a second finger, or the mouse while the keyboard draws
    const moves = event.getCoalescedEvents?.() ?? [];
    for (const move of moves.length ? moves : [event]) stroke ? add(latent(move)) : (at = latent(move));
    draw();
  });
  for (const type of ["pointerup", "pointercancel", "lostpointercapture"])
    on(canvas, type, (event) => {
      if (stroke && event.pointerId === pointer) end();
    });
  on(canvas, "pointerleave", () => {
    if (!stroke) at = null;
    draw();
  });

  // ---- keyboard ----

  on(element, "keydown", (event) => {
    event.stopPropagation();
    if ((event.ctrlKey || event.metaKey) && !event.shiftKey && event.key.toLowerCase() === "z") {
      event.preventDefault();
      undo();
    }
  });
  on(canvas, "keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || pointer !== null) return;
    if (PAD_KEYS[event.key]) {
      arrows.add(event.key); // two held at once go diagonally
      move(event.shiftKey ? 5 : 1);
    } else if (event.key === " " || event.key === "Enter") {
      if (!event.repeat) press();
    } else if (event.key === "Escape" && stroke) drop();
    else return;
    event.preventDefault();
  });
  on(canvas, "keyup", (event) => {
    arrows.delete(event.key);
    if (event.key !== " " && event.key !== "Enter") return;
    held = false;
    if (stroke && pointer === null && movedWhileHeld) end(); // held and drawn with: released is lifted
  });
  on(canvas, "focus", () => {
    at = centred();
    draw();
  });
  on(canvas, "blur", () => {
    arrows.clear();
    held = false;
    if (stroke && pointer === null) end();
    at = null;
    draw();
  });
  function centred() {
    return at ?? [(extent[0] + extent[1]) / 2, (extent[2] + extent[3]) / 2];
  }
  function press() {
    held = true;
    movedWhileHeld = false;
    if (stroke) return end(); // the second tap
    begin(centred());
    tell();
  }
  function move(times) {
    const step = (times * (extent[1] - extent[0])) / 80;
    at = centred().map((value, axis) => {
      for (const key of arrows) value += step * PAD_KEYS[key][axis];
      return +Math.min(Math.max(value, extent[2 * axis]), extent[2 * axis + 1]).toFixed(3);
    });
    if (stroke) add(at);
    movedWhileHeld = held;
    tell();
  }
  function tell() {
    setText(status, `brush at ${decimals(at[0], 1)}, ${decimals(at[1], 1)}${stroke ? ", drawing" : ""}`);
    draw();
  }

  // ---- the picture ----

  let asked = 0;
  function draw() {
    asked ||= requestAnimationFrame(paintPad);
  }
  function paintPad() {
    asked = 0;
    const [width, height, ratio] = [canvas.clientWidth, canvas.clientHeight, window.devicePixelRatio || 1];
    if (!width || !height) return;
    const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== wide) canvas.width = wide;
    if (canvas.height !== high) canvas.height = high;
    const style = getComputedStyle(element);
    const named = (name) => style.getPropertyValue(`--pad-${name}`).trim();
    const ctx = canvas.getContext("2d");
    ctx.setTransform(wide / width, 0, 0, high / height, 0, 0);
    ctx.clearRect(0, 0, width, height);
    const ticks = [0, 1].flatMap((axis) => {
      const [low, high] = [extent[2 * axis], extent[2 * axis + 1]];
      const n = Math.min(high - low, ((high - low) * scale()) / 36); // whole numbers, 36 pixels apart or more
      return niceTicks(low, high, n).map((value) => ({ axis, value, place: pixel([value, value])[axis] }));
    });
    grid(ctx, ticks, width, height, named);
    ctx.strokeStyle = colour ?? named("ink");
    ctx.lineCap = ctx.lineJoin = "round";
    for (const each of done) trace(ctx, each.width, each.points);
    if (stroke) trace(ctx, stroke.width, [...stroke.points, at]);
    labels(ctx, ticks, width, height, named, style);
    if (at) ring(ctx, named);
  }
  function trace(ctx, width, points) {
    ctx.lineWidth = width * scale();
    ctx.beginPath();
    ctx.moveTo(...pixel(points[0]));
    for (const point of points) ctx.lineTo(...pixel(point)); // to the first, too: a lone point is a disc
    ctx.stroke();
  }
  function ring(ctx, named) {
    const radius = Math.max((brush.value / 2) * scale(), 1.5);
    for (const [line, name] of [[3, "paper"], [1.5, "text"]]) { // seen on the ink and beside it
      ctx.beginPath();
      ctx.arc(...pixel(at), radius, 0, 2 * Math.PI);
      ctx.lineWidth = line;
      ctx.strokeStyle = named(name);
      ctx.stroke();
    }
  }
  function grid(ctx, ticks, width, height, named) {
    ctx.lineWidth = 1;
    for (const { axis, value, place } of ticks) {
      ctx.strokeStyle = named(value === 0 ? "axis" : "line");
      ctx.beginPath();
      ctx.moveTo(...(axis ? [0, place] : [place, 0]));
      ctx.lineTo(...(axis ? [width, place] : [place, height]));
      ctx.stroke();
    }
  }
  function labels(ctx, ticks, width, height, named, style) {
    ctx.font = `${0.85 * parseFloat(style.fontSize)}px ${style.fontFamily}`;
    ctx.fillStyle = named("faint");
    ctx.strokeStyle = named("paper"); // a halo: to be read on ink and lines
    ctx.lineWidth = 3;
    const write = (text, x, y, align, baseline) => {
      [ctx.textAlign, ctx.textBaseline] = [align, baseline];
      ctx.strokeText(text, x, y);
      ctx.fillText(text, x, y);
    };
    for (const { axis, value, place } of ticks) {
      if (place < 24 || place > [width, height][axis] - 28) continue; // room for the names
      if (axis) write(short(value), 5, place, "left", "middle");
      else write(short(value), place, height - 4, "center", "bottom");
    }
    write("z₁", width - 5, height - 4, "right", "bottom");
    write("z₂", 5, 5, "left", "top");
  }

  // ---- around it ----

  function setExtent(next) {
    extent = [...next];
    at = null;
    if (stroke) drop();
    canvas.style.aspectRatio = `${extent[1] - extent[0]} / ${extent[3] - extent[2]}`;
    const [left, right, bottom, top] = extent.map(short);
    const where = `x from ${left} to ${right}, y from ${bottom} to ${top}`;
    const keys = "arrow keys move the brush, Space held down draws.";
    canvas.setAttribute("aria-label", `Prior p(z) to be drawn, ${where}: ${keys}`);
    draw();
  }
  function setStrokes(next) { // drawn elsewhere: in another view, or set in Python
    done = copied(next);
    count();
  }
  function widthChanged() {
    setText(shownWidth, decimals(+brush.value, 2));
    draw();
  }
  on(window, "resize", draw); // the zoom changes the pixel ratio
  const size = new ResizeObserver(draw);
  size.observe(canvas);
  const unfollow = followTheme(element, draw);
  function destroy() {
    stop.abort();
    size.disconnect();
    unfollow();
    cancelAnimationFrame(asked);
    element.remove();
  }
  host.append(element);
  setExtent(extent);
  widthChanged();
  count();
  return { element, strokes: () => copied(done), undo, clear, setExtent, setStrokes, destroy };
}
