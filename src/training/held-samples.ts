/** The newest samples of a signal that comes in parts, `[channel][sample]`, in memory that does not grow. */
export interface HeldSamples {
  /** Samples per channel so far. */
  readonly sampleCount: number;
  /** Take the next samples, one array per channel, at most `partSamples` of them. */
  push(rows: readonly Float32Array[], from: number, to: number): void;
  /**
   * Fill `out` (`[channel, windowSamples]`) with samples from `start` on, zeros after the newest. RangeError for samples that
   * are no longer held: those before the newest `windowSamples`.
   */
  windowInto(out: Float32Array, start: number): void;
}

/** Holds the newest `windowSamples` of `channelCount` channels, pushed in parts of at most `partSamples`. */
export function holdSamples(channelCount: number, windowSamples: number, partSamples: number): HeldSamples {
  const capacity = 2 * windowSamples + partSamples;
  const rows = Array.from({ length: channelCount }, () => new Float32Array(capacity));
  let first = 0; // position of the first held sample in the signal
  let count = 0;
  return {
    get sampleCount() {
      return first + count;
    },
    push(incoming, from, to) {
      if (count + to - from > capacity) {
        const kept = Math.min(count, windowSamples);
        for (const row of rows) row.copyWithin(0, count - kept, count);
        first += count - kept;
        count = kept;
      }
      for (const [channel, row] of rows.entries()) row.set(incoming[channel]?.subarray(from, to) ?? [], count);
      count += to - from;
    },
    windowInto(out, start) {
      if (start < first) throw new RangeError(`invalid start: ${start}; samples are held from ${first} on`);
      const valid = Math.min(windowSamples, first + count - start);
      for (const [channel, row] of rows.entries()) {
        const at = channel * windowSamples;
        out.set(row.subarray(start - first, start - first + valid), at);
        out.fill(0, at + valid, at + windowSamples);
      }
    },
  };
}
