// Hot loops: `!` marks indices that the loop bounds keep inside the arrays.
/**
 * Augmentations of one window, each optional. Every draw is a pure function of (seed, epoch, position in the epoch), so
 * neither order of reading nor resumption changes a sample.
 */
import { checkOptions } from "../base/option-table.js";
import { createRandom, philoxInto, type Random } from "../base/random.js";
import { AUGMENT_OPTIONS, type Augmentations } from "./augment-options.js";
import { shiftFrequencies } from "./frequency-shift.js";

export type { Augmentations };

/** The draws of one window, before it is read. */
export interface AugmentationDraw {
  /** To be added to the window's start. */
  readonly shiftSamples: number;
  readonly factor: number;
  /** Channels set to zero. */
  readonly dropped: readonly number[];
  /** Standard deviation of the noise; 0 for none. */
  readonly noise: number;
  readonly noiseKeys: readonly [number, number];
  /** 0 for none. */
  readonly frequencyShiftHz: number;
}

/** Draws per epoch; made once per epoch. */
export type Augmenter = (position: number, channelCount: number) => AugmentationDraw;

// Counters of one window: 0 shift, 1 factor, 2 sign, 3 and 4 noise keys, 5 frequency, from 8 one per channel.
const COUNTERS_PER_WINDOW = 4096;
const FIRST_CHANNEL_COUNTER = 8;

/** Throws a RangeError on numbers that cannot be. */
export function checkAugmentations(augmentations: Augmentations): void {
  checkOptions(AUGMENT_OPTIONS, augmentations);
}

function drawFactor(random: Random, base: number, { amplitudeScale = [1, 1], signFlip = 0 }: Augmentations): number {
  const [low, high] = amplitudeScale;
  const scale = low + (high - low) * random.uniform(base + 1);
  return random.uniform(base + 2) < signFlip ? -scale : scale;
}

/** The draws of an epoch. Throws a RangeError on invalid values. */
export function createAugmenter(options: Augmentations, seed: number, epoch: number, sampleRateHz: number): Augmenter {
  checkAugmentations(options);
  const random = createRandom(seed, `augment ${epoch}`);
  const reach = Math.round((options.timeShiftSeconds ?? 0) * sampleRateHz);
  return (position, channelCount) => {
    const base = position * COUNTERS_PER_WINDOW;
    const channels = Array.from({ length: channelCount }, (_, channel) => channel);
    const isDropped = (channel: number) =>
      random.uniform(base + FIRST_CHANNEL_COUNTER + channel) < (options.channelDropout ?? 0);
    return {
      shiftSamples: random.integer(base, 2 * reach + 1) - reach,
      factor: drawFactor(random, base, options),
      dropped: options.channelDropout ? channels.filter(isDropped) : [],
      noise: options.noise ?? 0,
      frequencyShiftHz: (options.frequencyShiftHz ?? 0) * (2 * random.uniform(base + 5) - 1),
      noiseKeys: [random.uint32(base + 3), random.uint32(base + 4)],
    };
  };
}

const randomBits = new Uint32Array(4);

/** Add Gaussian noise: each Philox block gives two Box-Muller pairs. */
function addNoise(window: Float32Array, std: number, [key0, key1]: readonly [number, number]): void {
  for (let i = 0; i < window.length; i += 4) {
    philoxInto(randomBits, key0, key1, i >>> 2, 0);
    for (let pair = 0; pair < 4 && i + pair < window.length; pair += 2) {
      const radius = std * Math.sqrt(-2 * Math.log((randomBits[pair]! + 0.5) / 0x100000000));
      const angle = (2 * Math.PI * randomBits[pair + 1]!) / 0x100000000;
      window[i + pair]! += radius * Math.cos(angle);
      if (i + pair + 1 < window.length) window[i + pair + 1]! += radius * Math.sin(angle);
    }
  }
}

/** Apply a draw in place to `window` (`[channel, sample]`), except the time shift, which is applied when the window is read. */
export function augmentInto(
  window: Float32Array,
  channelCount: number,
  draw: AugmentationDraw,
  sampleRateHz: number,
): void {
  const sampleCount = window.length / channelCount;
  const rowOf = (channel: number) => window.subarray(channel * sampleCount, (channel + 1) * sampleCount);
  if (draw.frequencyShiftHz !== 0)
    for (let channel = 0; channel < channelCount; channel++)
      shiftFrequencies(rowOf(channel), draw.frequencyShiftHz, sampleRateHz);
  if (draw.factor !== 1) for (let i = 0; i < window.length; i++) window[i]! *= draw.factor;
  if (draw.noise > 0) addNoise(window, draw.noise, draw.noiseKeys);
  for (const channel of draw.dropped) rowOf(channel).fill(0);
}
