import { expect, test } from "vitest";
import { whoMoved } from "../networks";

test("who moved is told, and who stayed", () => {
  const networks = ["encoder", "decoder", "discriminator"];
  const phase = { name: "generator", colour: "#EE3377", moves: ["encoder"] };
  expect(whoMoved(networks, undefined, {})).toBe("Press step: one phase at a time.");
  expect(whoMoved(networks, phase, { encoder: 0.0123, decoder: 0, discriminator: 0 })).toBe(
    "Phase generator moved encoder by 0.0123; decoder and discriminator stayed.",
  );
  expect(whoMoved(["encoder"], phase, { encoder: 1 })).toBe("Phase generator moved encoder by 1.");
  expect(whoMoved(["encoder"], phase, {})).toBe("Phase generator moved nothing; encoder stayed.");
});
