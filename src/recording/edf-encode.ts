import { type Ranges, type Scaling, scalingOf } from "./edf-scaling.js";
import { type EdfHeaderSpec, type EdfSignalSpec, writtenRanges } from "./edf-spec.js";

/**
 * Samples of one signal: floating-point arrays hold physical values in the signal's unit and are rounded to the nearest
 * digital value; integer arrays hold digital values and are written as they are.
 */
export type EdfSamples = Float32Array | Float64Array | Int16Array | Int32Array;

/** Encoder state of one signal; `clipped` counts its samples that were clipped to the range. */
export interface SignalEncoder {
  readonly label: string;
  readonly samplesPerRecord: number;
  readonly clip: boolean;
  readonly scaling: Scaling;
  readonly low: number;
  readonly high: number;
  clipped: number;
}

/** Encoders of the spec's signals. */
export function signalEncoders({ kind, signals, clip = false }: EdfHeaderSpec): SignalEncoder[] {
  return signals.map((signal: EdfSignalSpec) => {
    const ranges: Ranges = writtenRanges(kind, signal);
    const { label, samplesPerRecord } = signal;
    const low = Math.min(ranges.digitalMin, ranges.digitalMax);
    const high = Math.max(ranges.digitalMin, ranges.digitalMax);
    return { label, samplesPerRecord, clip, scaling: scalingOf(ranges), low, high, clipped: 0 };
  });
}

/** RangeError unless the array has one of the supported types. */
export function checkSamples(samples: unknown, label: string): asserts samples is EdfSamples {
  const isKnown =
    samples instanceof Float32Array ||
    samples instanceof Float64Array ||
    samples instanceof Int16Array ||
    samples instanceof Int32Array;
  if (isKnown) return;
  const found = samples === null || samples === undefined ? String(samples) : Object.prototype.toString.call(samples);
  throw new RangeError(
    `invalid samples of "${label}": ${found}; give physical values as Float32Array or Float64Array, digital ones as Int16Array or Int32Array`,
  );
}

/**
 * Write one record's samples of a signal, `width` bytes each, from `start` of `samples` on. RangeError, with the index
 * counted from the file's sample `firstSample`, on NaN or, without `clip`, a value out of range.
 */
export function encodeSamplesInto(
  out: Uint8Array,
  outStart: number,
  width: 2 | 3,
  samples: EdfSamples,
  start: number,
  encoder: SignalEncoder,
  firstSample: number,
): void {
  const { low, high, samplesPerRecord } = encoder;
  const { gain, offset } = encoder.scaling;
  const isDigital = samples instanceof Int16Array || samples instanceof Int32Array;
  let position = outStart;
  for (let i = start; i < start + samplesPerRecord; i++) {
    let digital = isDigital ? samples[i]! : Math.round(samples[i]! / gain - offset);
    if (!(digital >= low && digital <= high))
      digital = clipped(samples[i]!, digital, isDigital, encoder, firstSample + i - start);
    out[position] = digital & 0xff;
    out[position + 1] = (digital >> 8) & 0xff;
    if (width === 3) out[position + 2] = (digital >> 16) & 0xff;
    position += width;
  }
}

/** The nearest limit of the range for a value outside it, counted; RangeError without `clip` and for NaN. */
function clipped(value: number, digital: number, isDigital: boolean, encoder: SignalEncoder, place: number): number {
  const { label, low, high, scaling } = encoder;
  if (Number.isNaN(digital)) {
    throw new RangeError(
      `invalid samples of "${label}": sample ${place} is ${value}, which cannot be stored; fill or remove such samples`,
    );
  }
  if (!encoder.clip) {
    const ends = [low, high].map((end) => (isDigital ? end : scaling.gain * (scaling.offset + end)));
    const range = `${isDigital ? "digital" : "physical"} range ${Math.min(...ends)} to ${Math.max(...ends)}`;
    throw new RangeError(
      `invalid samples of "${label}": sample ${place} is ${value}, outside the ${range}; give a wider range, or clip: true`,
    );
  }
  encoder.clipped += 1;
  return digital < low ? low : high;
}
