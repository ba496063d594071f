/**
 * Calls `work` for 0 to `count - 1` in order, at most `jobs` at a time; once a result `isLast` none begins any more. Resolves
 * with the results that there are, in order; rejects with the first error, after those that ran have ended.
 */
export async function inParallel<T>(
  count: number,
  jobs: number,
  work: (index: number) => Promise<T>,
  isLast: (result: T) => boolean,
): Promise<T[]> {
  const results = new Map<number, T>();
  const errors: unknown[] = [];
  let next = 0;
  let isOver = false;
  const runner = async () => {
    while (!isOver && next < count) {
      const index = next++;
      try {
        const result = await work(index);
        results.set(index, result);
        isOver ||= isLast(result);
      } catch (error) {
        errors.push(error);
        isOver = true;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, count) }, runner));
  if (errors.length > 0) throw errors[0];
  return [...results].sort(([a], [b]) => a - b).map(([, result]) => result);
}
