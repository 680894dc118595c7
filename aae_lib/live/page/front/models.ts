// The four models of the page: what models.js holds, ready to use, and what to say of each.

import { bytesOf, type Decode, decoder, float16 } from "./decoder";
import { normal, type Point, type Random, ring } from "./prior";

/** What `python tools/make_front.py` writes into models.js. */
export interface Stored {
  sizes: number[];
  labels: string;
  colours: string[];
  models: Record<string, { centre: Point; half: number; codes: string; weights: string }>;
}

export interface Model {
  name: string;
  title: string;
  says: string;
  centre: Point; // of the square that is shown
  half: number; // and half its side
  codes: Float32Array; // x, y of each test image
  decode: Decode;
  draw(uniform: Random): Point; // a sample of the prior
}

const TOLD: { name: string; title: string; says: string; draw: Model["draw"] }[] = [
  {
    name: "ae",
    title: "Autoencoder",
    says:
      "Nobody told it where codes may lie. Zeros and ones went far out; draws from N(0, I) land in the crowded middle and " +
      "are hardly ever either.",
    draw: normal,
  },
  {
    name: "vae",
    title: "VAE",
    says:
      "A variational autoencoder: noise on every code, and a KL term that pulls each one towards N(0, I). The gaps close, " +
      "and digits blend where they meet.",
    draw: normal,
  },
  {
    name: "gaussian",
    title: "AAE, Gaussian",
    says:
      "An adversarial autoencoder: a discriminator learns to tell codes from draws of N(0, I), and the encoder learns to " +
      "make that impossible. The cloud takes the prior's shape.",
    draw: normal,
  },
  {
    name: "ring",
    title: "AAE, ring",
    says:
      "The same game with another prior: ten Gaussians on a ring, and labels that say which digit belongs to which arm. " +
      "Only samples of the prior were needed, no formula.",
    draw: ring,
  },
];

export function modelsOf(stored: Stored): Model[] {
  return TOLD.map((told) => {
    const { centre, half, codes, weights } = stored.models[told.name];
    return {
      ...told,
      centre,
      half,
      codes: float16(bytesOf(codes)),
      decode: decoder(stored.sizes, float16(bytesOf(weights))),
    };
  });
}

/** How often each digit occurs among the k codes nearest to a place. */
export function neighbours(codes: Float32Array, labels: Uint8Array, [x, y]: Point, k: number): number[] {
  const distance = (i: number) => (codes[2 * i] - x) ** 2 + (codes[2 * i + 1] - y) ** 2;
  const nearest = Array.from(labels, (_, i) => [distance(i), labels[i]]).sort(([a], [b]) => a - b);
  const counts = new Array<number>(10).fill(0);
  for (const [, label] of nearest.slice(0, k)) counts[label] += 1;
  return counts;
}

export const mostOften = (counts: number[]): number => counts.indexOf(Math.max(...counts));
