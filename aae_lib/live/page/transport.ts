// Transport: one toggle for play and pause, step, slow motion, reset, stop.

import { button, icon } from "./buttons";
import { type Attributes, h, setText } from "./dom";
import type { Send, State, Status } from "./messages";
import { counted, short } from "./numbers";

export const underWay = (status: Status): boolean => ["playing", "slow", "waiting"].includes(status);

export function transport(send: Send) {
  let playing = false;
  let more = 0;
  let slow = false;
  const toggle = () => send({ do: playing ? "pause" : more ? "go_on" : "play" });
  const play = button("play", "play", toggle, { class: "aae-play" });
  const slowly = button("slow", "slow motion", toggleSlow, {
    "aria-pressed": "false",
    class: "aae-rest",
    title: "one phase at a time, with a pause between two",
  });
  const plain = (name: "step" | "reset" | "stop", title: string, more: Attributes = {}) =>
    button(name, name, () => send({ do: name }), { title, ...more });
  const step = plain("step", "one phase: one update of some of the networks");
  const reset = plain("reset", "to the first step: same seed, same run");
  const stop = plain("stop", "end the thread; the trainer is free then", { class: "aae-rest" });
  const counter = h("span");
  const pace = h("small");
  const element = h(
    "div",
    { class: "aae-transport", role: "group", "aria-label": "training" },
    [play, step, slowly, reset, stop],
    h("span", { class: "aae-step" }, counter, pace),
  );

  function toggleSlow() {
    slow = !slow;
    slowly.setAttribute("aria-pressed", String(slow));
    send({ do: "slow", on: slow });
    if (slow && !playing) toggle();
  }
  /** `at` is the step that is shown. */
  function update({ status, rate, max_steps, more: steps }: State, at: number) {
    playing = underWay(status);
    more = steps;
    if (status === "slow" || status === "playing") slow = status === "slow";
    slowly.setAttribute("aria-pressed", String(slow));
    const name = playing ? "pause" : more ? "go_on" : "play";
    const text = name === "go_on" ? `go on +${counted(more)}` : name;
    if (play.textContent !== text) {
      play.dataset.do = name;
      play.replaceChildren(icon(playing ? "pause" : "play") ?? "", h("span", {}, text));
    }
    for (const one of [slowly, reset, stop]) one.disabled = status === "stopped";
    for (const one of [play, step]) one.disabled = status === "stopped" || status === "failed";
    setText(counter, `step ${counted(at)} of ${counted(max_steps)}`);
    setText(pace, playing && rate ? `${rate < 10 ? short(rate) : counted(Math.round(rate))} steps/s` : "");
  }
  return { element, update, toggle };
}
