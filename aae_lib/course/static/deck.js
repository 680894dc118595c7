// The slides' page: keys, the scale of the stage, notes. In a file by itself, or round a live panel in a notebook.
//
// root  an element with .aae-deck-stage, which holds the slides; live  an element shown on slides marked is-live, or null
function aaeDeck(root, live) {
  const stage = root.querySelector(".aae-deck-stage");
  const slides = [...stage.querySelectorAll(".aae-slide")];
  const notes = root.querySelector(".aae-deck-notes");
  const place = root.querySelector(".aae-deck-place");
  let at = 0;
  let speaker = null;

  function fit() {
    const room = root.getBoundingClientRect();
    const scale = Math.min(room.width / 1280, room.height / 720) || 1;
    const left = Math.max(0, (room.width - 1280 * scale) / 2);
    const top = Math.max(0, (room.height - 720 * scale) / 2);
    stage.style.transform = `translate(${left}px, ${top}px) scale(${scale})`;
    if (!live) return;
    live.hidden = !slides[at].classList.contains("is-live");
    if (live.hidden) return;
    // all the room below the heading, also what a stage of 16 : 9 leaves free
    const head = slides[at].querySelector("h1, h2");
    const under = top + (head.offsetTop + head.offsetHeight + 8) * scale;
    Object.assign(live.style, { left: "20px", right: "20px", top: `${under}px`, bottom: "52px" });
    live.style.setProperty("--aae-deck-room", `${live.clientHeight}px`); // the panel's plane is as high as there is room
  }

  function show(to) {
    at = Math.max(0, Math.min(slides.length - 1, to));
    slides.forEach((slide, i) => {
      slide.classList.toggle("is-shown", i === at);
      slide.setAttribute("aria-hidden", String(i !== at));
      if (live) slide.querySelectorAll("figure").forEach((f) => { f.hidden = slide.classList.contains("is-live"); });
    });
    place.textContent = `${at + 1} / ${slides.length}`;
    const said = slides[at].querySelector("aside");
    notes.innerHTML = said ? said.innerHTML : "";
    if (!live) history.replaceState(null, "", `#${at + 1}`);
    if (speaker && !speaker.closed) tell();
    fit();
  }

  function tell() {
    const next = slides[at + 1]?.querySelector("h1, h2")?.textContent ?? "the end";
    speaker.document.title = `Notes ${at + 1} / ${slides.length}`;
    speaker.document.body.style = "font: 24px/1.45 system-ui, sans-serif; margin: 24px";
    speaker.document.body.innerHTML =
      `<h2>${slides[at].querySelector("h1, h2")?.innerHTML ?? ""}</h2>${notes.innerHTML}<hr><p></p>`;
    speaker.document.querySelector("p:last-child").textContent = `Next: ${next}`;
  }

  const acts = {
    next: () => show(at + 1),
    back: () => show(at - 1),
    first: () => show(0),
    last: () => show(slides.length - 1),
    notes: () => { notes.hidden = !notes.hidden; },
    full: () => (document.fullscreenElement ? document.exitFullscreen() : root.requestFullscreen?.()),
    speaker: () => { speaker = window.open("", "aae-notes", "width=900,height=600"); if (speaker) tell(); },
  };
  const keys = {
    ArrowRight: "next", ArrowDown: "next", PageDown: "next", " ": "next", Enter: "next",
    ArrowLeft: "back", ArrowUp: "back", PageUp: "back", Backspace: "back", Home: "first", End: "last",
    n: "notes", f: "full", s: "speaker",
  };
  const own = (target) => target?.closest?.("button, input, select, textarea, .aae-panel, .aae-deck-live");

  function pressed(event) {
    const act = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!act || event.ctrlKey || event.metaKey || event.altKey || own(event.target)) return;
    event.preventDefault();
    event.stopPropagation();
    acts[act]();
  }

  root.tabIndex = 0;
  (live ? root : document).addEventListener("keydown", pressed);
  root.querySelectorAll("[data-act]").forEach((b) => b.addEventListener("click", () => acts[b.dataset.act]()));
  const watch = new ResizeObserver(fit);
  watch.observe(root);
  show(live ? 0 : Number(location.hash.slice(1)) - 1 || 0);
  root.dataset.ready = "1";
  return { show, end: () => watch.disconnect() };
}
