import { expect, test } from "vitest";
import { classValue } from "../theme";

test("classes are found by the number that they are named after", () => {
  expect([classValue("7", 0), classValue("ring", 3)]).toEqual([7, 3]);
});
