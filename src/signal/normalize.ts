// Hot loops: `!` marks indices that the loop bounds keep inside the arrays.
/** Samples summed around a common value before they are combined with the running moments. */
export const MOMENT_BLOCK_SAMPLES = 4096;
/** Added to every standard deviation, as the reference system does: a flat channel becomes 0 instead of a division by zero. */
export const MIN_STD = 1e-8;

/** Mean and population standard deviation of each channel over all samples seen, in the unit of the samples. */
export interface Moments {
  readonly sampleCount: number;
  /** Shape [channel]; 0 before the first sample. */
  readonly mean: Float64Array;
  /** Shape [channel]; 0 for a flat channel. */
  readonly std: Float64Array;
}

/** Collects moments block by block; the result does not depend, bit for bit, on how the recording is cut into blocks. */
export interface MomentsCollector {
  /** Take the next samples, one array per channel, all of one length. Throws RangeError on another shape. */
  push(block: readonly Float32Array[]): void;
  /** The moments of everything pushed so far; collecting may go on. */
  result(): Moments;
}

/** Mean and sum of squared distances from it. */
export interface RunningMoments {
  readonly mean: number;
  readonly squares: number;
}

/** Sums over up to 4096 samples around their first one. */
export interface BlockSums {
  readonly origin: number;
  readonly sum: number;
  readonly sumOfSquares: number;
  readonly count: number;
}

/** Moments of `before` samples combined with the sums of a block (Chan, Golub and LeVeque 1983). */
export function combineMoments(moments: RunningMoments, before: number, sums: BlockSums): RunningMoments {
  const { origin, sum, sumOfSquares, count } = sums;
  const { mean, squares } = moments;
  if (count === 0) return { mean, squares };
  const difference = origin + sum / count - mean;
  const total = before + count;
  const own = Math.max(0, sumOfSquares - (sum * sum) / count);
  return {
    mean: mean + (difference * count) / total,
    squares: squares + own + difference * difference * ((before * count) / total),
  };
}

/** Moments of `sampleCount` samples per channel as mean and population standard deviation. */
export function toMoments(channels: readonly RunningMoments[], sampleCount: number): Moments {
  return {
    sampleCount,
    mean: Float64Array.from(channels, ({ mean }) => mean),
    std: Float64Array.from(channels, ({ squares }) => Math.sqrt(squares / Math.max(1, sampleCount))),
  };
}

/** Running sums of one channel: complete blocks so far (mean, squares) and the sums of the open block around its first sample. */
interface ChannelSums {
  mean: number;
  squares: number;
  origin: number;
  sum: number;
  sumOfSquares: number;
}

function addSamples(channel: ChannelSums, samples: Float32Array, start: number, end: number, first: boolean): void {
  if (first) {
    channel.origin = samples[start]!;
    channel.sum = 0;
    channel.sumOfSquares = 0;
  }
  const { origin } = channel;
  let { sum, sumOfSquares } = channel;
  for (let i = start; i < end; i++) {
    const x = samples[i]! - origin;
    sum += x;
    sumOfSquares += x * x;
  }
  channel.sum = sum;
  channel.sumOfSquares = sumOfSquares;
}

/**
 * Collect mean and standard deviation of `channelCount` channels in one pass: sums around a local value over blocks of
 * 4096 samples counted from the start of the recording, combined by Chan's rule, so that neither an offset of any size nor
 * a long recording costs digits.
 */
export function createMoments(channelCount: number): MomentsCollector {
  const channels: ChannelSums[] = Array.from({ length: channelCount }, () => ({
    mean: 0,
    squares: 0,
    origin: 0,
    sum: 0,
    sumOfSquares: 0,
  }));
  let closed = 0;
  let open = 0;
  const close = () => {
    for (const channel of channels)
      Object.assign(channel, combineMoments(channel, closed, { ...channel, count: open }));
    closed += open;
    open = 0;
  };
  return {
    push(block) {
      const count = block[0]?.length ?? 0;
      if (block.length !== channelCount || block.some((samples) => samples.length !== count)) {
        throw new RangeError(
          `invalid block: lengths ${block.map((samples) => samples.length)} (expected ${channelCount} equal ones)`,
        );
      }
      for (let start = 0; start < count; ) {
        const end = Math.min(count, start + MOMENT_BLOCK_SAMPLES - open);
        for (const [c, samples] of block.entries()) addSamples(channels[c]!, samples, start, end, open === 0);
        open += end - start;
        if (open === MOMENT_BLOCK_SAMPLES) close();
        start = end;
      }
    },
    result() {
      const all = channels.map((channel) => combineMoments(channel, closed, { ...channel, count: open }));
      return toMoments(all, closed + open);
    },
  };
}

/** What turns one channel's microvolts into standard deviations. */
export interface Normalization {
  readonly mean: number;
  readonly std: number;
  /** Largest magnitude of the result. */
  readonly clip: number;
}

/**
 * `(x - mean) / (std + 1e-8)`, held within ± `clip`, into `out`, which may be `x` itself and is at least as long. Computed
 * in float64; NaN stays NaN.
 */
export function normalizeInto(out: Float32Array, x: Float32Array, { mean, std, clip }: Normalization): void {
  const scale = 1 / (std + MIN_STD);
  for (let i = 0; i < x.length; i++) {
    const z = (x[i]! - mean) * scale;
    out[i] = z > clip ? clip : z < -clip ? -clip : z;
  }
}

/** `normalizeInto` a new array. */
export function normalize(x: Float32Array, normalization: Normalization): Float32Array {
  const out = new Float32Array(x.length);
  normalizeInto(out, x, normalization);
  return out;
}
