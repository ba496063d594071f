/**
 * Minimum and maximum of each bucket in order of time, so that spikes are kept: out[2b], out[2b+1] for bucket b.
 * `out.length` is even; fewer samples than buckets repeat.
 */
export function minMaxInto(out: Float32Array, samples: Float32Array): void {
  const buckets = out.length / 2;
  for (let bucket = 0; bucket < buckets; bucket++) {
    const from = Math.floor((bucket * samples.length) / buckets);
    const to = Math.max(from + 1, Math.floor(((bucket + 1) * samples.length) / buckets));
    let lowest = from;
    let highest = from;
    for (let i = from + 1; i < to; i++) {
      if (samples[i]! < samples[lowest]!) lowest = i;
      if (samples[i]! > samples[highest]!) highest = i;
    }
    out[2 * bucket] = samples[Math.min(lowest, highest)]!;
    out[2 * bucket + 1] = samples[Math.max(lowest, highest)]!;
  }
}
