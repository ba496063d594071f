import type { Kernels } from "./kernels.js";
import { joinMoments, type RunningMoments, STRETCH_SAMPLES } from "./normalize.js";
import { LANES } from "./polyphase.js";

/** Moments of the four lanes of a group, taken while their samples are at hand; bit for bit those of `createMoments`. */
export interface LaneMoments {
  /** Take `count` samples of `x`, shape [sample, LANES], each rounded to float32. */
  push(x: Float64Array, count: number): void;
  /** Mean and sum of squared distances from it of each lane so far. */
  result(): RunningMoments[];
}

/** Bytes of kernel memory that `createLaneMoments` takes. */
export const LANE_MOMENTS_BYTES = 3 * LANES * 8;

/** Start collecting with `kernels`. */
export function createLaneMoments(kernels: Kernels): LaneMoments {
  const sums = kernels.float64(3 * LANES);
  let closed = 0;
  let open = 0;
  let running: RunningMoments[] = Array.from({ length: LANES }, () => ({ mean: 0, squares: 0 }));
  const joined = () =>
    running.map((moments, lane) => {
      const [origin, sum, sumOfSquares] = [sums[lane]!, sums[LANES + lane]!, sums[2 * LANES + lane]!];
      return joinMoments(moments, closed, { origin, sum, sumOfSquares, count: open });
    });
  return {
    push(x, count) {
      for (let start = 0; start < count; ) {
        const end = Math.min(count, start + STRETCH_SAMPLES - open);
        kernels.sumLanesInto(sums, x, start, end, open === 0);
        open += end - start;
        start = end;
        if (open < STRETCH_SAMPLES) continue;
        running = joined();
        closed += open;
        open = 0;
      }
    },
    result: joined,
  };
}
