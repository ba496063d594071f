/** Filters of the viewer, not the model's; null switches one off. */
export interface ViewFilters {
  readonly highPassHz: number | null;
  readonly lowPassHz: number | null;
  readonly notchHz: number | null;
}

const NOTCH_QUALITY = 15;

/** A second-order section by the bilinear transform: b0 b1 b2 a1 a2, for the numerator n0 + n1 s + n2 s². */
function section(edgeHz: number, rateHz: number, quality: number, [n0, n1, n2]: readonly number[]): number[] {
  const k = Math.tan((Math.PI * edgeHz) / rateHz);
  const norm = 1 / (1 + k / quality + k * k);
  const [low, middle, high] = [n0! * k * k, n1! * k, n2!];
  return [
    (high + middle + low) * norm,
    2 * (low - high) * norm,
    (high - middle + low) * norm,
    2 * (k * k - 1) * norm,
    (1 - k / quality + k * k) * norm,
  ];
}

/** Second-order Butterworth high-pass and low-pass and a notch of quality 15, those below half the sampling rate. */
export function filterSections({ highPassHz, lowPassHz, notchHz }: ViewFilters, rateHz: number): number[][] {
  const fits = (edge: number | null): edge is number => edge !== null && edge > 0 && edge < rateHz / 2;
  return [
    ...(fits(highPassHz) ? [section(highPassHz, rateHz, Math.SQRT1_2, [0, 0, 1])] : []),
    ...(fits(lowPassHz) ? [section(lowPassHz, rateHz, Math.SQRT1_2, [1, 0, 0])] : []),
    ...(fits(notchHz) ? [section(notchHz, rateHz, NOTCH_QUALITY, [1, 0, 1])] : []),
  ];
}

/** Run `x` in place through sections that rest on its first value, forward in time. */
export function filterInPlace(x: Float32Array, sections: readonly (readonly number[])[]): void {
  for (const [b0, b1, b2, a1, a2] of sections as readonly [number, number, number, number, number][]) {
    const input = x[0] ?? 0;
    const rest = input * ((b0 + b1 + b2) / (1 + a1 + a2));
    let u = rest - b0 * input;
    let v = b2 * input - a2 * rest;
    for (let i = 0; i < x.length; i++) {
      const value = x[i]!;
      const out = b0 * value + u;
      u = b1 * value - a1 * out + v;
      v = b2 * value - a2 * out;
      x[i] = out;
    }
  }
}
