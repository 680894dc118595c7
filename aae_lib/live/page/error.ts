// What a function of the learner's raised: a box that lies over the plane, so that nothing moves, and can be folded away.

import { button } from "./buttons";
import { h, setText } from "./dom";

export function errorBox() {
  let trace = "";
  const element = h("div", { class: "aae-error", role: "alert", hidden: true });
  const fold = button("error", "", () => show(Boolean(element.hidden)), { hidden: true, "aria-expanded": "false" });

  function show(open: boolean) {
    element.hidden = !open;
    fold.setAttribute("aria-expanded", String(open));
    setText(fold, open ? "hide the error" : "show the error");
  }
  /** `now` is the traceback; "" while there is no error. */
  function update(now: string) {
    if (now === trace) return;
    trace = now;
    fold.hidden = !trace;
    element.replaceChildren(
      h("b", {}, trace.trimEnd().split("\n").at(-1)),
      h("p", {}, "Correct the function, then run the cell again."),
      h("details", {}, h("summary", {}, "the whole traceback"), h("pre", { tabindex: 0 }, trace)),
    );
    show(Boolean(trace));
  }
  return { element, fold, update };
}
