// Mouse, pen, finger and keys over the plane, in units of the view: -1 to 1, y upwards.

import type { Point } from "./prior";

const STRIDE = 0.03; // of an arrow key; four times that with shift
const ARROWS: Record<string, Point> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

export interface Acts {
  cursor(): Point;
  point(at: Point, byKey: boolean): void; // something points here
  draw(stroke: Point[]): void; // a path grows
  drawn(): void; // it is complete
  mark(begins: boolean): void; // by key: a path begins or ends here
  leave(): void; // nothing points any more
  toggle(): void; // the space bar
}

const clamp = (t: number) => Math.min(1, Math.max(-1, t));

/** Call `acts` for what a person does on the plane. */
export function follow(plane: HTMLElement, acts: Acts): void {
  let stroke: Point[] | null = null;

  const at = (event: PointerEvent): Point => {
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
      const point: Point = [clamp(u + far * arrow[0]), clamp(v + far * arrow[1])];
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
