import { hashOf } from "@ictal/base/canonical";
import { ConfigError } from "@ictal/base/errors";
import {
  allowedInWords,
  checkOptions,
  choice,
  defaultsOf,
  flag,
  names,
  number,
  type Option,
  orNull,
} from "../base/option-table.js";
import { LARGEST_ORDER } from "./butterworth.js";
import { checkChannels, REFERENCES, type Reference } from "./montages.js";

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
  /**
   * The channels, in this order, instead of those of the reference, which is then "recorded" or "average": electrodes ("C3"), pairs
   * ("FP1-F7"), labels of other signals. @default those of the reference: the 19 electrodes
   */
  readonly channels?: readonly string[] | undefined;
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
  /** A second frequency that a notch of the same quality removes, or null for none. @default null */
  readonly secondNotchHz: number | null;
  /**
   * Whose mean and standard deviation normalise a channel: those of the filtered signal, or those of the recording before
   * resampling and filters, whose whole mean is then the offset. "recorded" holds the recording in memory. @default "filtered"
   */
  readonly statistics: "filtered" | "recorded";
  /**
   * Instead of mean and standard deviation over the recording: median and interquartile range over the past, of so many whole
   * seconds at most (`createRunningNormalization`). @default the whole recording
   */
  readonly memorySeconds?: number | undefined;
}

export const CHAIN_OPTIONS = {
  targetRateHz: number({
    default: 256,
    above: 0,
    unit: "Hz",
    description: "Sample rate of the cache and of the detector's input, to which every recording is resampled.",
  }),
  lowCutHz: number({ default: 0.5, above: 0, unit: "Hz", description: "Lower edge of the band-pass filter." }),
  highCutHz: number({ default: 120, above: 0, unit: "Hz", description: "Upper edge of the band-pass filter." }),
  filterOrder: number({
    default: 3,
    isWhole: true,
    least: 1,
    most: LARGEST_ORDER,
    description: "Order of the Butterworth band-pass as scipy counts it: the filter has twice as many poles.",
  }),
  notchHz: orNull(
    number({ default: 60, above: 0, unit: "Hz", description: "Mains frequency that the notch filter removes." }),
  ),
  notchQ: number({
    default: 30,
    above: 0,
    description: "Quality factor of the notch filter: frequency over bandwidth.",
  }),
  phase: choice(["causal", "zero"], {
    default: "causal",
    description:
      "causal filters see the past only, as streaming and latency figures need; zero runs them both ways (zero-phase).",
  }),
  reference: choice(REFERENCES, {
    default: "recorded",
    description:
      "Montage: electrodes as recorded, against their common average, the bipolar TCP chains of 20 or 22 pairs, or the 18 pairs of the double banana (CHB-MIT).",
  }),
  channels: names({
    description:
      "Channels of the cache and inputs of the detector, in this order: electrodes (C3), pairs (FP1-F7) or labels of other signals; by default those of preprocessing.reference.",
  }),
  missing: choice(["interpolate", "reject"], {
    default: "interpolate",
    description: "A recording that lacks electrodes is filled in by spherical splines (and flagged), or excluded.",
  }),
  clip: number({
    default: 10,
    above: 0,
    unit: "standard deviations",
    description: "Bound at which the normalised signal is clipped.",
  }),
  normalize: flag({
    default: true,
    description: "Subtract each channel's mean over the recording and divide by its standard deviation.",
  }),
  resample: choice(["polyphase", "fourier"], {
    default: "polyphase",
    description: "Resample by a polyphase filter, block by block, or by one Fourier transform of the whole recording.",
  }),
  offsetSeconds: number({
    default: 1,
    least: 0,
    unit: "s",
    description: "Each channel starts with its mean over this long subtracted, so that the filters meet no step.",
  }),
  secondNotchHz: {
    ...orNull(number({ above: 0, unit: "Hz", description: "Second frequency that a notch filter removes." })),
    default: null,
  } satisfies Option<number | null, null>,
  statistics: choice(["filtered", "recorded"], {
    default: "filtered",
    description: "Normalise by mean and standard deviation of the filtered signal, or of the recording as it was.",
  }),
  memorySeconds: number({
    isWhole: true,
    least: 10,
    most: 3600,
    unit: "s",
    description:
      "Normalise by median and interquartile range of the past, so many seconds of it, instead of mean and standard deviation of the whole recording.",
  }),
};

/** The chain of every shipped config: causal, by blocks, 19 electrodes as recorded. */
export const DEFAULT_CHAIN: ChainOptions = defaultsOf(CHAIN_OPTIONS);

/**
 * The arithmetic of the reference system: Fourier resampling of the whole recording and filters that start at rest on
 * the raw offset. Its filters are transfer functions and ours second-order sections, equal but for rounding (below 1e-6 of
 * the signal). Holds the recording in memory.
 */
export const REFERENCE_CHAIN: ChainOptions = { ...DEFAULT_CHAIN, resample: "fourier", offsetSeconds: 0 };

/**
 * As SeizureTransformer was published (Wu et al. 2025; keruiwu/SeizureTransformer, utils.py): the z-score of the whole recording, Fourier
 * resampling to 256 Hz, a causal Butterworth band-pass of order 3 from 0.5 to 120 Hz and notches at 1 and 60 Hz. There each window is
 * filtered by itself, from rest; here the recording is, so that windows do not begin with a transient. Holds the recording in memory.
 */
export const SEIZURE_TRANSFORMER_CHAIN: ChainOptions = {
  ...DEFAULT_CHAIN,
  resample: "fourier",
  secondNotchHz: 1,
  statistics: "recorded",
};

/**
 * Nothing looks ahead but the resampler: causal filters, and normalisation by what the past five minutes were like. A seizure
 * of a minute leaves the quartiles of five where they were.
 */
export const CAUSAL_CHAIN: ChainOptions = { ...DEFAULT_CHAIN, memorySeconds: 300 };

function refuse(name: string, value: unknown, allowed: string, { rule, mayBeNull }: Option): never {
  const choices = rule.kind === "choice" ? rule.values.map((each) => JSON.stringify(each)).join(", ") : allowed;
  const expected = mayBeNull ? `${choices}, or null for none` : choices;
  throw new ConfigError(`invalid ${name}: ${JSON.stringify(value)} (expected ${expected})`, {
    key: name,
    value,
    allowed: expected,
  });
}

/**
 * Check each value by itself; band edges are checked where filters are made. Throws ConfigError with the key, the value
 * and what is allowed.
 */
export function checkChainOptions(options: ChainOptions): void {
  for (const [name, each] of Object.entries(CHAIN_OPTIONS)) {
    const value = options[name as keyof ChainOptions]; // the table has the names of the options
    if (value === undefined && each.default !== undefined) refuse(name, value, allowedInWords(each), each);
  }
  checkOptions(CHAIN_OPTIONS, options, refuse);
  checkChannels(options.reference, options.channels);
}

/** Options that came after caches had been named; at their defaults they change neither names nor descriptions of caches. */
const ADDED = ["secondNotchHz", "statistics"] as const;

/** The options of a chain that decide its samples: those that were added later only where they are not at their default. */
export function decidingOptions(options: ChainOptions): Partial<ChainOptions> {
  const isDefault = (name: string) => ADDED.some((added) => added === name && options[added] === DEFAULT_CHAIN[added]);
  return Object.fromEntries(Object.entries(options).filter(([name]) => !isDefault(name)));
}

/** Names the samples a chain produces: a hash of its options and the DSP version, 64 hexadecimal digits. */
export function chainHash(options: ChainOptions): string {
  checkChainOptions(options);
  return hashOf({ dspVersion: DSP_VERSION, options: decidingOptions(options) });
}
