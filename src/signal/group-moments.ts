// Hot loops: `!` marks indices that the loop bounds keep inside the arrays.
import type { Kernels } from "./kernels.js";
import { combineMoments, MOMENT_BLOCK_SAMPLES, type RunningMoments } from "./normalize.js";
import { GROUP_CHANNELS } from "./polyphase.js";

/** Moments of the four channels of a group, taken right after filtering; bit for bit those of `createMoments`. */
export interface GroupMoments {
  /** Take `count` samples of `x`, shape [sample, GROUP_CHANNELS], each rounded to float32. */
  push(x: Float64Array, count: number): void;
  /** Mean and sum of squared distances from it of each channel so far. */
  result(): RunningMoments[];
}

/** Bytes of kernel memory that `createGroupMoments` takes. */
export const GROUP_MOMENTS_BYTES = 3 * GROUP_CHANNELS * 8;

/** Start collecting with `kernels`. */
export function createGroupMoments(kernels: Kernels): GroupMoments {
  const sums = kernels.float64(3 * GROUP_CHANNELS);
  let closed = 0;
  let open = 0;
  let running: RunningMoments[] = Array.from({ length: GROUP_CHANNELS }, () => ({ mean: 0, squares: 0 }));
  const combined = () =>
    running.map((moments, lane) => {
      const [origin, sum, sumOfSquares] = [sums[lane]!, sums[GROUP_CHANNELS + lane]!, sums[2 * GROUP_CHANNELS + lane]!];
      return combineMoments(moments, closed, { origin, sum, sumOfSquares, count: open });
    });
  return {
    push(x, count) {
      for (let start = 0; start < count; ) {
        const end = Math.min(count, start + MOMENT_BLOCK_SAMPLES - open);
        kernels.sumGroupInto(sums, x, start, end, open === 0);
        open += end - start;
        start = end;
        if (open < MOMENT_BLOCK_SAMPLES) continue;
        running = combined();
        closed += open;
        open = 0;
      }
    },
    result: combined,
  };
}
