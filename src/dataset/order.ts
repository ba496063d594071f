import { createRandom } from "../base/random.js";

/** Order of `count` items in an epoch: a permutation that depends on `seed` and `epoch` alone. */
export function epochOrder(count: number, seed: number, epoch: number): Uint32Array {
  if (!Number.isInteger(count) || count < 0) throw new RangeError(`invalid count: ${count}`);
  if (!Number.isInteger(epoch) || epoch < 0) throw new RangeError(`invalid epoch: ${epoch}`);
  return createRandom(seed, `epoch ${epoch}`).permutation(count);
}
