import { expect, test } from "vitest";
import { ours } from "../keys";

const key = (name: string, more = {}) => ({ key: name, ctrlKey: false, metaKey: false, ...more });

test("single keys are the panel's; with Ctrl or Cmd only those that edit what is typed or drawn", () => {
  expect(["a", "Enter", " ", "ArrowUp"].map((name) => ours(key(name)))).toEqual([true, true, true, true]);
  expect([ours(key("s", { ctrlKey: true })), ours(key("s", { metaKey: true }))]).toEqual([false, false]);
  expect(ours(key("Enter", { ctrlKey: true }))).toBe(false);
  expect([ours(key("z", { ctrlKey: true })), ours(key("V", { metaKey: true }))]).toEqual([true, true]);
});
