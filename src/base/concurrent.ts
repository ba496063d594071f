import { requireCounts } from "@ictal/base/options";

/**
 * `work` over `items`, at most `limit` (1 or more) at a time, started in order; results in the order of `items`. The first error, or
 * the reason of `signal`, stops new starts and is thrown once all started calls have settled.
 */
export async function mapConcurrent<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T, index: number) => Promise<R>,
  signal?: AbortSignal,
): Promise<R[]> {
  requireCounts({ concurrency: limit });
  const results = new Array<R>(items.length);
  const queue = items.entries();
  let failed = false;
  const worker = async () => {
    try {
      for (const [index, item] of queue) {
        if (failed) return;
        signal?.throwIfAborted();
        results[index] = await work(item, index);
      }
    } catch (error) {
      failed = true;
      throw error;
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: Math.min(limit, items.length) }, worker));
  const broken = ends.find((end): end is PromiseRejectedResult => end.status === "rejected");
  if (broken) throw broken.reason;
  return results;
}
