/**
 * Counter-based random numbers: every value is a pure function of (seed, stream, counter), so order of use, number of
 * workers and resumption never change a result. The mixer is Philox-4x32-10 (Salmon et al., SC 2011, "Parallel random
 * numbers: as easy as 1, 2, 3"): key = (seed, hash of the stream name), counter = (low, high, high half of the seed,
 * its sign), both 0 for seeds from 0 to 2^32 - 1.
 */
export interface Random {
  /** Uniform 32-bit unsigned integer at `counter` (a non-negative safe integer). */
  uint32(counter: number): number;
  /** Uniform in [0, 1) with 32 bits of resolution. */
  uniform(counter: number): number;
  /** Standard normal (Box-Muller on two words of one block). */
  normal(counter: number): number;
  /** Uniform integer in [0, bound), unbiased to 2^-53. */
  integer(counter: number, bound: number): number;
  /** Fisher-Yates permutation of 0..count-1. */
  permutation(count: number): Uint32Array;
  /** An independent generator under a further name. */
  stream(name: string): Random;
}

const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;
const W0 = 0x9e3779b9;
const W1 = 0xbb67ae85;

function mulHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const cross = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = (cross & 0xffff) + aLow * bHigh;
  return (aHigh * bHigh + Math.floor(cross / 65536) + Math.floor(carry / 65536)) >>> 0;
}

/** One Philox-4x32-10 block into `out` (four 32-bit words). */
export function philoxInto(out: Uint32Array, key0: number, key1: number, c0: number, c1: number, c2 = 0, c3 = 0): void {
  let k0 = key0 >>> 0;
  let k1 = key1 >>> 0;
  let x0 = c0 >>> 0;
  let x1 = c1 >>> 0;
  let x2 = c2 >>> 0;
  let x3 = c3 >>> 0;
  for (let round = 0; round < 10; round++) {
    const high0 = mulHigh(M0, x0);
    const low0 = Math.imul(M0, x0) >>> 0;
    const high1 = mulHigh(M1, x2);
    const low1 = Math.imul(M1, x2) >>> 0;
    x0 = (high1 ^ x1 ^ k0) >>> 0;
    x1 = low1;
    x2 = (high0 ^ x3 ^ k1) >>> 0;
    x3 = low0;
    k0 = (k0 + W0) >>> 0;
    k1 = (k1 + W1) >>> 0;
  }
  out[0] = x0;
  out[1] = x1;
  out[2] = x2;
  out[3] = x3;
}

function hashName(name: string, start: number): number {
  let hash = start >>> 0; // FNV-1a, 32 bit
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193) >>> 0;
  return hash;
}

/**
 * A generator for `seed`, any safe integer, and the stream called `name`. Different seeds are different generators: the
 * low half of the seed's size is in the key, its high half and its sign are in words of the counter that nothing else uses.
 */
export function createRandom(seed: number, name = ""): Random {
  if (!Number.isSafeInteger(seed)) throw new RangeError(`invalid seed: ${seed}; expected a whole number within 2^53`);
  const size = Math.abs(seed);
  const key0 = size % 0x100000000;
  const high = Math.floor(size / 0x100000000);
  const sign = seed < 0 ? 1 : 0;
  const key1 = hashName(name, 0x811c9dc5);
  const block = new Uint32Array(4);
  const fill = (counter: number) =>
    philoxInto(block, key0, key1, counter >>> 0, Math.floor(counter / 0x100000000), high, sign);
  const random: Random = {
    uint32(counter) {
      fill(counter);
      return block[0]!;
    },
    uniform(counter) {
      fill(counter);
      return block[0]! / 0x100000000;
    },
    normal(counter) {
      fill(counter);
      const radius = Math.sqrt(-2 * Math.log((block[0]! + 0.5) / 0x100000000));
      return radius * Math.cos((2 * Math.PI * block[1]!) / 0x100000000);
    },
    integer(counter, bound) {
      if (!(bound >= 1)) throw new RangeError(`invalid bound: ${bound}`);
      fill(counter);
      const fraction = (block[0]! * 0x200000 + (block[1]! >>> 11)) / 0x20000000000000; // 53 bits
      return Math.floor(fraction * bound);
    },
    permutation(count) {
      const order = Uint32Array.from({ length: count }, (_, i) => i);
      for (let i = count - 1; i > 0; i--) {
        const j = random.integer(i, i + 1);
        const swapped = order[i]!;
        order[i] = order[j]!;
        order[j] = swapped;
      }
      return order;
    },
    stream: (child) => createRandom(seed, `${name}/${child}`),
  };
  return random;
}
