import { hashOf } from "@ictal/base/canonical";
import { ConfigError } from "@ictal/base/errors";
import { DEFAULTS } from "../base/defaults.js";
import { LARGEST_ORDER } from "./butterworth.js";
import { REFERENCES, type Reference } from "./montages.js";

/** Incremented whenever the same options would give other samples, so that caches of earlier arithmetic are not reused. */
export const DSP_VERSION = 1;

/** How a recording is processed from the electrodes to the model's channels. */
export interface ChainOptions {
  /** @default 256 */
  readonly targetRateHz: number;
  /** Lower edge of the band-pass. @default 0.5 */
  readonly lowCutHz: number;
  /** Upper edge of the band-pass. @default 120 */
  readonly highCutHz: number;
  /** Order of the Butterworth band-pass (as scipy counts: twice as many poles). @default 3 */
  readonly filterOrder: number;
  /** Mains frequency to remove, or null for no notch. @default 60 */
  readonly notchHz: number | null;
  /** @default 30 */
  readonly notchQ: number;
  /** Filters that see the past only, or run both ways over the whole recording. @default "causal" */
  readonly phase: "causal" | "zero";
  /** @default "recorded" */
  readonly reference: Reference;
  /** Missing electrodes: interpolated by spherical splines, or the recording is excluded. @default "interpolate" */
  readonly missing: "interpolate" | "reject";
  /** Bound of the normalised signal in standard deviations. @default 10 */
  readonly clip: number;
  /** Divide each channel by its standard deviation over the recording, after its mean is subtracted. @default true */
  readonly normalize: boolean;
  /** Polyphase filter by blocks, or one Fourier transform of the whole recording. @default "polyphase" */
  readonly resample: "polyphase" | "fourier";
  /**
   * The mean of each channel over its first seconds, so many, is subtracted, so that the filters, which start at rest, meet
   * no step; 0 subtracts nothing. A shorter recording gives its whole mean. @default 1
   */
  readonly offsetSeconds: number;
}

/** The chain of every shipped config: causal, by blocks, 19 electrodes as recorded. */
export const DEFAULT_CHAIN: ChainOptions = {
  targetRateHz: DEFAULTS.preprocessing.sampling_rate,
  lowCutHz: DEFAULTS.preprocessing.bandpass[0],
  highCutHz: DEFAULTS.preprocessing.bandpass[1],
  filterOrder: DEFAULTS.preprocessing.filter_order,
  notchHz: DEFAULTS.preprocessing.notch_freq,
  notchQ: DEFAULTS.preprocessing.notch_q,
  phase: DEFAULTS.preprocessing.phase,
  reference: DEFAULTS.preprocessing.reference,
  missing: DEFAULTS.preprocessing.missing_electrodes,
  clip: DEFAULTS.preprocessing.clip,
  normalize: DEFAULTS.preprocessing.normalize,
  resample: "polyphase",
  offsetSeconds: 1,
};

/**
 * The arithmetic of the reference system: Fourier resampling of the whole recording and filters that start at rest on
 * the raw offset. Its filters are transfer functions and ours second-order sections, equal but for rounding (below 1e-6 of
 * the signal). Holds the recording in memory.
 */
export const REFERENCE_CHAIN: ChainOptions = { ...DEFAULT_CHAIN, resample: "fourier", offsetSeconds: 0 };

const CHOICES: Readonly<Record<string, readonly unknown[]>> = {
  phase: ["causal", "zero"],
  reference: REFERENCES,
  missing: ["interpolate", "reject"],
  normalize: [true, false],
  resample: ["polyphase", "fourier"],
};

const POSITIVE = ["targetRateHz", "lowCutHz", "highCutHz", "filterOrder", "notchQ", "clip"] as const;

function refuse(key: string, value: unknown, allowed: string): never {
  throw new ConfigError(`invalid ${key}: ${JSON.stringify(value)} (expected ${allowed})`, { key, value, allowed });
}

/**
 * Check each value by itself; band edges are checked where filters are made. Throws ConfigError with the key, the value
 * and what is allowed.
 */
export function checkChainOptions(options: ChainOptions): void {
  for (const [key, allowed] of Object.entries(CHOICES)) {
    const value = options[key as keyof ChainOptions];
    if (!allowed.includes(value)) refuse(key, value, allowed.map((choice) => JSON.stringify(choice)).join(", "));
  }
  for (const key of POSITIVE) {
    if (!(Number.isFinite(options[key]) && options[key] > 0)) refuse(key, options[key], "a number above 0");
  }
  const { notchHz } = options;
  if (notchHz !== null && !(Number.isFinite(notchHz) && notchHz > 0)) {
    refuse("notchHz", notchHz, "a number above 0, or null for no notch");
  }
  if (!Number.isInteger(options.filterOrder) || options.filterOrder > LARGEST_ORDER) {
    refuse("filterOrder", options.filterOrder, `a whole number from 1 to ${LARGEST_ORDER}`);
  }
  if (!(Number.isFinite(options.offsetSeconds) && options.offsetSeconds >= 0)) {
    refuse("offsetSeconds", options.offsetSeconds, "0 or a number above 0");
  }
}

/** Names the samples a chain produces: a hash of its options and the DSP version, 64 hexadecimal digits. */
export function chainHash(options: ChainOptions): string {
  checkChainOptions(options);
  return hashOf({ dspVersion: DSP_VERSION, options });
}
