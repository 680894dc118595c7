// A decoder as the page has it: weights as 16-bit floats, SiLU between the layers, pixels in [0, 1].

/** The bytes of a base64 text. */
export function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
}

/** IEEE half-precision numbers, little-endian. */
export function float16(bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: bytes.length / 2 }, (_, i) => {
    const bits = view.getUint16(2 * i, true);
    const [exponent, fraction] = [(bits >> 10) & 31, bits & 1023];
    const size = exponent ? (1 + fraction / 1024) * 2 ** (exponent - 15) : (fraction / 1024) * 2 ** -14;
    return bits & 0x8000 ? -size : size;
  });
}

export type Decode = (x: number, y: number) => Float32Array;

/** An MLP of these sizes, its weights and biases one after the other, a weight's rows as in PyTorch (out, in). */
export function decoder(sizes: number[], weights: Float32Array): Decode {
  const layers: { weight: Float32Array; bias: Float32Array }[] = [];
  let at = 0;
  const take = (n: number) => {
    at += n;
    return weights.subarray(at - n, at);
  };
  for (let i = 1; i < sizes.length; i++) layers.push({ weight: take(sizes[i - 1] * sizes[i]), bias: take(sizes[i]) });
  if (at !== weights.length) throw new Error(`${weights.length} weights for a decoder that has ${at}`);

  return (x, y) => {
    let h = Float32Array.of(x, y);
    layers.forEach(({ weight, bias }, i) => {
      const last = i === layers.length - 1;
      h = bias.map((sum, row) => {
        let total = sum;
        for (let k = 0, from = row * h.length; k < h.length; k++) total += weight[from + k] * h[k];
        const gate = 1 / (1 + Math.exp(-total));
        return last ? gate : total * gate; // sigmoid: a pixel; SiLU: t · sigmoid(t)
      });
    });
    return h;
  };
}
