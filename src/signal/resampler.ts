// Hot loops: `!` marks indices that the loop bounds keep inside the arrays.
import { UnsupportedError } from "@ictal/base/errors";
import { designPolyphase, GROUP_CHANNELS, type PolyphaseBank, polyphaseInto } from "./polyphase.js";

/** Largest numerator or denominator of a rate change: products with the length of a day stay exact. */
const LARGEST_TERM = 2 ** 28;
/** A ratio is met when it is so close: 0.02 samples at 256 Hz after 24 hours. */
const RATIO_TOLERANCE = 1e-9;
/** For rates so close to each other that no ratio of usable terms is closer: 0.2 samples at 256 Hz after 24 hours. */
const LOOSE_TOLERANCE = 1e-8;

function checkRates(rates: Readonly<Record<string, number>>): void {
  for (const [name, rate] of Object.entries(rates))
    if (!(rate > 0 && Number.isFinite(rate))) throw new RangeError(`invalid ${name}: ${rate}`);
}

/** True when both rates are the same within 1e-9, so that samples stay as they are. */
export function isSameRate(sampleRateHz: number, targetRateHz: number): boolean {
  checkRates({ sampleRateHz, targetRateHz });
  return Math.abs(targetRateHz / sampleRateHz - 1) < RATIO_TOLERANCE;
}

/**
 * `targetRateHz / sampleRateHz` in lowest terms: the first term of its continued fraction within 1e-9, which any rate has
 * (249.99, 600.615, 1017.2526 Hz); after 24 hours at 256 Hz that is at most 0.02 samples off, and 0.2 where the two rates
 * differ by a few billionths. Throws RangeError on a rate that is not positive, UnsupportedError on rates more than
 * 268 million times apart.
 */
export function rateRatio(sampleRateHz: number, targetRateHz: number): { up: number; down: number } {
  checkRates({ sampleRateHz, targetRateHz });
  const ratio = targetRateHz / sampleRateHz;
  let [up, down, upBefore, downBefore] = [1, 0, 0, 1];
  let rest = ratio;
  while (Math.max(up, down) <= LARGEST_TERM) {
    const whole = Math.floor(rest);
    [up, down, upBefore, downBefore] = [whole * up + upBefore, whole * down + downBefore, up, down];
    if (Math.max(up, down) <= LARGEST_TERM && Math.abs(up / down / ratio - 1) < RATIO_TOLERANCE) return { up, down };
    rest = 1 / (rest - whole);
  }
  if (Math.abs(upBefore / downBefore / ratio - 1) < LOOSE_TOLERANCE) return { up: upBefore, down: downBefore };
  throw new UnsupportedError(
    `cannot resample ${sampleRateHz} Hz to ${targetRateHz} Hz: the rates are too far apart; check the sample rate in the file's header`,
  );
}

/** Samples that `count` become: ceil(count * up / down), as scipy's. */
export function resampledCount(count: number, { up, down }: { up: number; down: number }): number {
  const product = count * up;
  if (product <= Number.MAX_SAFE_INTEGER) return Math.ceil(product / down);
  return Number((BigInt(count) * BigInt(up) + BigInt(down) - 1n) / BigInt(down));
}

/** Where a streaming rate change stands; the same for all channels of a recording. */
export interface ResamplerCursor {
  readonly bank: PolyphaseBank;
  /** Input samples that wait for later ones, from the first tap of the next output on: at most `taps - 1`. */
  held: number;
  phase: number;
  received: number;
  produced: number;
}

/** The start of a streaming rate change, with zeros before the recording. */
export function createCursor(bank: PolyphaseBank): ResamplerCursor {
  const { taps, halfTaps, up } = bank;
  return { bank, held: taps - 1 - Math.floor(halfTaps / up), phase: halfTaps % up, received: 0, produced: 0 };
}

/** How many outputs `count` more input samples complete. */
export function outputsReady({ bank, held, phase }: ResamplerCursor, count: number): number {
  const bases = held + count - bank.taps + 1;
  return Math.max(0, Math.ceil((bases * bank.up - phase) / bank.down));
}

/** Outputs still owed at the end of the input. */
export function outputsOwed({ bank, received, produced }: ResamplerCursor): number {
  return resampledCount(received, bank) - produced;
}

/** Advance the cursor by `count` inputs and `outputs` outputs; returns how many samples the buffer loses in front. */
export function advanceCursor(cursor: ResamplerCursor, count: number, outputs: number): number {
  const reach = cursor.phase + outputs * cursor.bank.down;
  const consumed = Math.floor(reach / cursor.bank.up);
  cursor.held += count - consumed;
  cursor.phase = reach % cursor.bank.up;
  cursor.received += count;
  cursor.produced += outputs;
  return consumed;
}

/**
 * Resample whole channels of one length by up/down: `scipy.signal.resample_poly(x, up, down)` (Kaiser 5.0 low-pass, zeros
 * beyond both ends). Returns one array of ceil(length * up / down) samples per channel; `up` and `down` need not be in
 * lowest terms. Throws RangeError when lengths differ.
 */
export function resamplePolyphase(channels: readonly ArrayLike<number>[], up: number, down: number): Float64Array[] {
  const length = channels[0]?.length ?? 0;
  if (channels.some((channel) => channel.length !== length)) throw new RangeError("invalid channels: lengths differ");
  const ratio = rateRatio(down, up);
  if (ratio.up === 1 && ratio.down === 1) return channels.map((channel) => Float64Array.from(channel));
  const bank = designPolyphase(ratio.up, ratio.down);
  const { held, phase } = createCursor(bank);
  const count = resampledCount(length, bank);
  const x = new Float64Array(GROUP_CHANNELS * (held + length + bank.taps));
  const y = new Float64Array(GROUP_CHANNELS * count);
  return channels.map((_, c) => {
    if (c % GROUP_CHANNELS === 0) {
      channels.slice(c, c + GROUP_CHANNELS).forEach((channel, lane) => {
        for (let i = 0; i < length; i++) x[GROUP_CHANNELS * (held + i) + lane] = channel[i]!;
      });
      polyphaseInto(y, count, x, phase, bank);
    }
    const lane = c % GROUP_CHANNELS;
    const out = new Float64Array(count);
    for (let i = 0; i < count; i++) out[i] = y[GROUP_CHANNELS * i + lane]!;
    return out;
  });
}
