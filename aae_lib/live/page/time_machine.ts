// The time machine: a slider over the steps that can be looked back at, and forks from there.

import { button } from "./buttons";
import { h, setText, throttled } from "./dom";
import type { Send, State } from "./messages";
import { counted } from "./numbers";

export function timeMachine(send: Send, forked: boolean) {
  const scrubSoon = throttled((at: number) => {
    sent = true;
    send({ do: "scrub", at });
  }, 50);
  let marks: number[] = [];
  let held = false;
  let awaited: number | null = null; // sent, or about to be
  let sent = false;
  const release = () => {
    held = false;
  };
  const range = h("input", {
    type: "range",
    class: "aae-scrub aae-range",
    min: 0,
    max: 0,
    step: 1,
    value: 0,
    "aria-label": "look back at an earlier step",
    oninput: moved,
    onpointerdown: () => {
      held = true;
    },
    onpointerup: release,
    onpointercancel: release,
    onlostpointercapture: release,
  });
  const text = h("output", { class: "aae-when" });
  const live = button("live", "back to now", () => {
    scrubSoon.cancel();
    awaited = null;
    send({ do: "live" });
  });
  const fork = button("fork", "fork from here", () => send({ do: "fork" }), { title: "a second run from this step" });
  const join = forked && button("join_runs", "drop the fork", () => send({ do: "join_runs" }));
  const element = h(
    "div",
    { class: "aae-time aae-rest", role: "group", "aria-label": "time machine" },
    h("span", { class: "aae-name" }, "look back"),
    [range, text, join, h("div", { class: "aae-ways" }, live, fork)],
  );

  function moved() {
    awaited = Number(range.value);
    sent = false;
    scrubSoon(awaited);
    say();
  }
  function say() {
    const place = Number(range.value);
    const step = counted(marks[place] ?? 0);
    range.setAttribute("aria-valuetext", `step ${step}`);
    range.style.setProperty("--at", String(marks.length > 1 ? place / (marks.length - 1) : 1));
    setText(text, marks.length > 1 ? `step ${step}` : "nothing yet");
  }
  function update({ marks: kept, at, status }: State, settled: boolean) {
    marks = kept;
    range.max = String(Math.max(0, marks.length - 1));
    range.disabled = marks.length < 2 || status === "stopped";
    if (awaited === at || (settled && sent)) awaited = null;
    if (!held && awaited === null) range.value = String(at ?? marks.length - 1);
    say();
    live.hidden = fork.hidden = at === null;
  }
  return { element, update };
}
