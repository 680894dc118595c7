import { describe, expect, test } from "vitest";
import type { Extent, Point } from "../messages";
import { copied, countText, Drawing, fine, MOST_POINTS, nudged, wholeTicks } from "../strokes";

const EXTENT: Extent = [-4, 4, -2, 2];

function drawn(points: Point[], width = 0.4): Drawing {
  const drawing = new Drawing([]);
  drawing.begin(points[0], width, 0.01);
  for (const point of points.slice(1)) drawing.add(point);
  return drawing;
}

describe("a stroke", () => {
  test("keeps points a quarter of its width apart, and its tip", () => {
    const drawing = drawn([
      [0, 0],
      [0.05, 0],
      [0.1, 0],
      [0.15, 0],
    ]);
    drawing.end();
    expect(drawing.done).toEqual([
      {
        width: 0.4,
        points: [
          [0, 0],
          [0.1, 0],
          [0.15, 0],
        ],
      },
    ]);
  });

  test("keeps no finer points than can be seen", () => {
    const drawing = new Drawing([]);
    drawing.begin([0, 0], 0.4, 1);
    drawing.add([0.9, 0]);
    expect(drawing.now?.points).toEqual([[0, 0]]);
  });

  test("may be a single point", () => {
    const drawing = drawn([[1, 1]]);
    drawing.end();
    expect(drawing.done[0].points).toEqual([[1, 1]]);
  });

  test("is seen up to the brush before it ends", () => {
    const drawing = drawn([
      [0, 0],
      [0.05, 0],
    ]);
    expect(drawing.seen()[0].points).toEqual([
      [0, 0],
      [0.05, 0],
    ]);
    expect(drawing.done).toEqual([]);
  });

  test("that is dropped leaves nothing", () => {
    const drawing = drawn([
      [0, 0],
      [1, 0],
    ]);
    drawing.drop();
    drawing.end();
    drawing.add([2, 0]);
    expect(drawing.seen()).toEqual([]);
  });

  test("that is full goes on in another, where it was", () => {
    const points = Array.from({ length: MOST_POINTS + 10 }, (_, i): Point => [i, 0]);
    const drawing = drawn(points);
    drawing.end();
    expect(drawing.done.every((stroke) => stroke.points.length <= MOST_POINTS)).toBe(true);
    expect(drawing.done[1].points[0]).toEqual(drawing.done[0].points.at(-1));
    expect(drawing.done[1].points.at(-1)).toEqual(points.at(-1));
  });
});

test("undo brings back what was cleared, once", () => {
  const drawing = drawn([[0, 0]]);
  drawing.end();
  const before = copied(drawing.done);
  expect(drawing.clear()).toBe(true);
  drawing.begin([1, 1], 0.4, 0.01);
  drawing.end();
  expect([drawing.undo(), drawing.done.length]).toEqual([true, 0]); // first the stroke after it
  expect(drawing.undo()).toBe(true);
  expect(drawing.done).toEqual(before);
  expect([drawing.undo(), drawing.undo()]).toEqual([true, false]);
});

test("undo and clear tell whether there was something", () => {
  const drawing = drawn([[0, 0]]);
  drawing.end();
  expect([drawing.undo(), drawing.undo()]).toEqual([true, false]);
  expect(drawing.clear()).toBe(false);
});

test("strokes that were handed in are not written to", () => {
  const strokes = [{ width: 1, points: [[0, 0] as Point] }];
  const drawing = new Drawing(strokes);
  drawing.done[0].points.push([1, 1]);
  drawing.clear();
  expect(strokes).toEqual([{ width: 1, points: [[0, 0]] }]);
});

test("the brush goes by arrow keys, two at once diagonally, and stays on the pad", () => {
  expect(nudged([0, 0], [[1, 0]], 0.1, EXTENT)).toEqual([0.1, 0]);
  const diagonal: Point[] = [
    [-1, 0],
    [0, 1],
  ];
  expect(nudged([0, 0], diagonal, 0.1, EXTENT)).toEqual([-0.1, 0.1]);
  expect(nudged([4, 2], [[1, 0]], 1, EXTENT)).toEqual([4, 2]);
  expect(fine(0.12345)).toBe(0.123);
});

test("ticks are whole numbers with room for their names", () => {
  expect(wholeTicks(-4, 4, 400)).toEqual([-4, -3, -2, -1, 0, 1, 2, 3, 4]);
  expect(wholeTicks(-4, 4, 150)).toEqual([-4, -2, 0, 2, 4]);
  expect(wholeTicks(0, 2, 4000)).toEqual([0, 1, 2]);
});

test("how much is drawn", () => {
  expect([0, 1, 2].map(countText)).toEqual(["nothing drawn yet", "1 stroke", "2 strokes"]);
});
