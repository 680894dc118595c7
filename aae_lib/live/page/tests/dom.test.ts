import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { freshId, throttled } from "../dom";

describe("a braked call", () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: 10_000, toFake: ["setTimeout", "clearTimeout", "performance"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("takes only the newest, and loses none", () => {
    const call = vi.fn();
    const later = throttled(call, 40);
    for (const value of [1, 2, 3]) later(value);
    vi.advanceTimersByTime(40);
    later(4);
    vi.advanceTimersByTime(39);
    later(5);
    vi.advanceTimersByTime(100);
    expect(call.mock.calls).toEqual([[3], [5]]);
  });

  test("can be taken back", () => {
    const call = vi.fn();
    const later = throttled(call, 40);
    later();
    later.cancel();
    vi.advanceTimersByTime(100);
    expect(call).not.toHaveBeenCalled();
  });
});

test("two copies of the page in one document give different ids", async () => {
  const here = [freshId(), freshId()];
  vi.resetModules();
  const other = await import("../dom");
  expect(new Set([...here, other.freshId(), other.freshId()]).size).toBe(4);
});
