// Samples of the priors that the page knows, as aae_lib.priors defines them.

export type Point = [x: number, y: number];
export type Random = () => number;

/** Uniform numbers in [0, 1), the same for the same seed (mulberry32). */
export function random(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Two independent numbers of N(0, 1), by Box and Muller. */
export function normal(uniform: Random): Point {
  const [radius, angle] = [Math.sqrt(-2 * Math.log(1 - uniform())), 2 * Math.PI * uniform()];
  return [radius * Math.cos(angle), radius * Math.sin(angle)];
}

/** priors.GaussianRing(10): z = R(2πc/10) (2.5 + 0.5 ε₁, 0.15 ε₂). */
export function ring(uniform: Random): Point {
  const angle = (2 * Math.PI * Math.floor(10 * uniform())) / 10;
  const [e1, e2] = normal(uniform);
  const [along, across] = [2.5 + 0.5 * e1, 0.15 * e2];
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return [along * cos - across * sin, along * sin + across * cos];
}
