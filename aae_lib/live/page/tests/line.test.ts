import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { lineToKernel } from "../line";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function line() {
  const posted: { do: string; ticket?: string }[] = [];
  const told: string[] = [];
  const kernel = lineToKernel(
    (message) => posted.push(message as { do: string }),
    (news) => told.push(news),
  );
  return { posted, told, ...kernel };
}

test("a wish that is served at once is no news but that", () => {
  const { posted, told, send, served } = line();
  send({ do: "play" });
  served(posted[0].ticket ?? "");
  vi.advanceTimersByTime(3000);
  expect(told).toEqual(["served"]);
});

test("a wish without an answer is told within a second, and again when it is served", () => {
  const { posted, told, send, heard, served, waits } = line();
  send({ do: "pause" });
  heard(); // a picture comes, and says nothing of the wish
  vi.advanceTimersByTime(1000);
  expect(told).toEqual(["busy"]);
  expect(waits()).toBe(true);
  served(posted[0].ticket ?? "");
  expect([told, waits()]).toEqual([["busy", "served"], false]);
});

test("the last ticket stands for all before it, and another view's for none", () => {
  const { posted, told, send, served, waits } = line();
  send({ do: "scrub", at: 1 });
  send({ do: "scrub", at: 2 });
  served(line().posted[0]?.ticket ?? "another view's.2");
  expect(waits()).toBe(true);
  served(posted[1].ticket ?? "");
  expect([told, waits()]).toEqual([["served"], false]);
});

test("what no person has asked for bears no ticket", () => {
  const { posted, send, waits } = line();
  send({ do: "hello" });
  send({ do: "seen", n: 4 });
  send({ do: "point", run: null });
  expect(posted.map(({ ticket }) => ticket)).toEqual([undefined, undefined, undefined]);
  expect(waits()).toBe(false);
});

test("a line that is cut, or silent for six seconds, is told", () => {
  const told: string[] = [];
  const cut = lineToKernel(
    () => {
      throw new Error("disposed");
    },
    (news) => told.push(news),
  );
  cut.send({ do: "play" });
  expect(told).toEqual(["silent"]);
  const quiet = line();
  quiet.send({ do: "hello" });
  vi.advanceTimersByTime(6000);
  expect(quiet.told).toEqual(["silent"]);
});
