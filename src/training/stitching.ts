/**
 * How overlapping windows are stitched: overlap-add of the mean, of a mean weighted towards the middle of each window, the
 * maximum, or each value from the window that ends soonest after it, so that none waits for a later one.
 */
export type Stitching = "mean" | "triangular" | "max" | "soonest";

/** Weight of position `i` of `count` in a window. */
export function stitchingWeight(method: Stitching, i: number, count: number): number {
  if (method !== "triangular") return 1;
  return Math.min(i + 0.5, count - i - 0.5) / (count / 2);
}

/** Accumulates the probabilities of one recording from its windows. */
export interface Stitcher {
  /**
   * Add the probabilities of the window that starts at logit `start`; what extends past the end is discarded. Windows come in
   * order.
   */
  add(start: number, probabilities: Float32Array): void;
  /** One probability per logit; NaN where no window was added. */
  finish(): Float32Array;
}

/** Add to the `sums` and `weights` from position `start` on the first `count` probabilities of a window. */
function addWindow(
  method: Stitching,
  { sums, weights }: { readonly sums: Float32Array; readonly weights: Float32Array },
  start: number,
  probabilities: Float32Array,
  count: number,
): void {
  for (let i = 0; i < count; i++) {
    const at = start + i;
    if (method === "max" || method === "soonest") {
      const isFirst = weights[at] === 0;
      if (isFirst) sums[at] = probabilities[i]!;
      else if (method === "max") sums[at] = Math.max(sums[at]!, probabilities[i]!);
      weights[at] = 1;
    } else {
      const weight = stitchingWeight(method, i, probabilities.length);
      sums[at] = sums[at]! + weight * probabilities[i]!;
      weights[at] = weights[at]! + weight;
    }
  }
}

/** Stitches the windows of a recording of `logitCount` logits. */
export function createStitcher(method: Stitching, logitCount: number): Stitcher {
  const sums = new Float32Array(logitCount);
  const weights = new Float32Array(logitCount);
  return {
    add(start, probabilities) {
      addWindow(method, { sums, weights }, start, probabilities, Math.min(probabilities.length, logitCount - start));
    },
    finish: () => sums.map((sum, i) => sum / weights[i]!),
  };
}

/** Accumulates the probabilities of a recording that is still running, in the memory of two windows. */
export interface RunningStitcher {
  /** Add the first `count` probabilities of the window that starts at logit `start`; what was taken stays as it was. */
  add(start: number, probabilities: Float32Array, count: number): void;
  /** The probabilities up to logit `end`, to which no later window will add. */
  take(end: number): Float32Array;
}

/** A `createStitcher` of unknown length for windows of `windowLogits`; what was taken is not kept. */
export function createRunningStitcher(method: Stitching, windowLogits: number): RunningStitcher {
  const room = { sums: new Float32Array(3 * windowLogits), weights: new Float32Array(3 * windowLogits) };
  let taken = 0;
  let base = 0; // logit of the first place
  return {
    add(start, probabilities, count) {
      if (start + count - base > room.sums.length) {
        for (const values of [room.sums, room.weights]) {
          values.copyWithin(0, taken - base);
          values.fill(0, values.length - (taken - base));
        }
        base = taken;
      }
      const skipped = Math.max(0, base - start); // taken already
      if (method === "soonest" && skipped > 0)
        addWindow(method, room, 0, probabilities.subarray(skipped), count - skipped);
      else addWindow(method, room, start - base, probabilities, count);
    },
    take(end) {
      const out = Float32Array.from({ length: end - taken }, (_, i) => {
        const at = taken - base + i;
        return room.sums[at]! / room.weights[at]!;
      });
      taken = end;
      return out;
    },
  };
}

/**
 * Starts of the windows laid over a recording, in samples: every stride, and a last one that ends at the recording's end
 * (rounded up to whole logits), so that only recordings shorter than a window are padded by more than a logit.
 */
export function windowStarts(
  sampleCount: number,
  windowSamples: number,
  strideSamples: number,
  logitSamples: number,
): number[] {
  const starts: number[] = [];
  let start = 0;
  for (; start + windowSamples <= sampleCount; start += strideSamples) starts.push(start);
  const covered = starts.length === 0 ? 0 : start - strideSamples + windowSamples;
  if (covered >= sampleCount) return starts;
  const last = Math.max(0, sampleCount - windowSamples);
  starts.push(Math.ceil(last / logitSamples) * logitSamples);
  return starts;
}

/**
 * Probabilities at `rateHz` from probabilities at a rate that is a whole multiple of it: the mean of each group; the
 * last group may be short.
 */
export function downsampleProbabilities(probability: Float32Array, group: number): Float32Array {
  if (group === 1) return probability;
  const out = new Float32Array(Math.ceil(probability.length / group));
  for (let i = 0; i < out.length; i++) {
    const end = Math.min(probability.length, (i + 1) * group);
    let sum = 0;
    for (let j = i * group; j < end; j++) sum += probability[j]!;
    out[i] = sum / (end - i * group);
  }
  return out;
}
