// Numbers as text.

/** A number for a reader: three significant digits, a true minus sign. */
export function short(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const text = size >= 1e5 || size < 1e-4 ? value.toExponential(1) : String(Number(value.toPrecision(3)));
  return text.replace("-", "−");
}

export function decimals(value: number | null, digits: number): string {
  return value !== null && Number.isFinite(value) ? value.toFixed(digits).replace("-", "−") : "–";
}

const inThousands = new Intl.NumberFormat("en-US");
export const counted = (n: number): string => inThousands.format(n);

export const rounded = (value: number): number => Number(value.toPrecision(9)); // 0.30000000000000004 is 0.3

export const within = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

/** Equal, but for rounding to 32 bits. */
export const close = (a: number, b: number): boolean =>
  Math.abs(a - b) <= 1e-6 * Math.max(1e-3, Math.abs(a), Math.abs(b));
