/** Measures of the audit's table of realism, over the electrodes of one piece of EEG, 0.5 to 40 Hz. */
import { sosfiltInto, steadyState } from "../../src/signal/biquads.js";
import { butterworth } from "../../src/signal/butterworth.js";
import { welch } from "../../src/signal/spectrum.js";

export interface EegMeasures {
  /** Slope of the log-log spectrum from 2 to 30 Hz, mean over electrodes. */
  readonly slope: number;
  readonly rmsMicrovolts: number;
  /** Mean absolute correlation of all pairs. */
  readonly correlation: number;
}

export function measuresOf(channels: readonly Float32Array[], sampleRateHz: number): EegMeasures {
  const sections = butterworth(4, { lowCutHz: 0.5, highCutHz: 40 }, sampleRateHz);
  const filtered = channels.map((samples) => {
    const x = Float64Array.from(samples);
    sosfiltInto(x, 0, x.length, sections, steadyState(sections, x[0]));
    return x;
  });
  const deviations = filtered.map((x) => Math.sqrt(dot(x, x) / x.length));
  const pairs = filtered.flatMap((a, i) =>
    filtered.slice(i + 1).map((b, k) => Math.abs(dot(a, b) / a.length / (deviations[i]! * deviations[i + 1 + k]!))),
  );
  return {
    slope: meanOf(filtered.map((x) => slopeOf(x, sampleRateHz))),
    rmsMicrovolts: meanOf(deviations),
    correlation: meanOf(pairs),
  };
}

const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

function slopeOf(x: Float64Array, sampleRateHz: number): number {
  const { frequenciesHz, power } = welch(x, { sampleRateHz });
  const points = [...frequenciesHz.keys()].filter((k) => frequenciesHz[k]! >= 2 && frequenciesHz[k]! <= 30);
  const log = points.map((k) => [Math.log10(frequenciesHz[k]!), Math.log10(power[k]!)] as const);
  const meanX = meanOf(log.map(([a]) => a));
  const meanY = meanOf(log.map(([, b]) => b));
  const spread = log.reduce((sum, [a]) => sum + (a - meanX) ** 2, 0);
  return log.reduce((sum, [a, b]) => sum + (a - meanX) * (b - meanY), 0) / spread;
}

/** Quartiles by linear interpolation. */
export function quartilesOf(values: readonly number[]): [number, number, number] {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number) => {
    const position = share * (sorted.length - 1);
    const below = sorted[Math.floor(position)]!;
    return below + (sorted[Math.ceil(position)]! - below) * (position - Math.floor(position));
  };
  return [at(0.25), at(0.5), at(0.75)];
}
