/** A complex Fourier transform of one length, planned once; `inverse` carries no factor 1/length. */
export interface Fourier {
  readonly length: number;
  /** In place: `re` and `im` of `length` values become sum x[n] exp(-2 pi i k n / length). */
  forwardInto(re: Float64Array, im: Float64Array): void;
  /** In place, with exp(+2 pi i k n / length) and no division by the length. */
  inverseInto(re: Float64Array, im: Float64Array): void;
}

/** cos and sin of 2 pi k / length for k below `count`. */
function circle(length: number, count: number): { cos: Float64Array; sin: Float64Array } {
  const cos = new Float64Array(count);
  const sin = new Float64Array(count);
  for (let k = 0; k < count; k++) {
    cos[k] = Math.cos((2 * Math.PI * k) / length);
    sin[k] = Math.sin((2 * Math.PI * k) / length);
  }
  return { cos, sin };
}

function bitReversal(length: number): Uint32Array {
  const order = new Uint32Array(length);
  for (let i = 1; i < length; i++) order[i] = (order[i >> 1]! >> 1) | (i & 1 ? length >> 1 : 0);
  return order;
}

function permute(x: Float64Array, order: Uint32Array): void {
  for (let i = 0; i < order.length; i++) {
    const j = order[i]!;
    if (j <= i) continue;
    const kept = x[i]!;
    x[i] = x[j]!;
    x[j] = kept;
  }
}

/** Radix-2 transform of a power of two. */
function planPowerOfTwo(length: number): Fourier {
  const { cos, sin } = circle(length, length / 2);
  const order = bitReversal(length);
  const forwardInto = (re: Float64Array, im: Float64Array) => {
    permute(re, order);
    permute(im, order);
    for (let half = 1; half < length; half *= 2) {
      const stride = length / (2 * half);
      for (let block = 0; block < length; block += 2 * half) {
        for (let k = 0, t = 0; k < half; k++, t += stride) {
          const a = block + k;
          const b = a + half;
          const c = cos[t]!;
          const s = sin[t]!;
          const realPart = re[b]! * c + im[b]! * s;
          const imaginaryPart = im[b]! * c - re[b]! * s;
          re[b] = re[a]! - realPart;
          im[b] = im[a]! - imaginaryPart;
          re[a]! += realPart;
          im[a]! += imaginaryPart;
        }
      }
    }
  };
  return { length, forwardInto, inverseInto: (re, im) => forwardInto(im, re) };
}

/** Bluestein's transform of any length: a convolution with a chirp, done in a power of two. */
function planChirp(length: number): Fourier {
  let size = 1;
  while (size < 2 * length - 1) size *= 2;
  const inner = planPowerOfTwo(size);
  const { cos, sin } = circle(2 * length, 2 * length);
  const turn = new Uint32Array(length); // n^2 mod 2 * length, kept whole by adding 2n + 1 each step
  for (let n = 1; n < length; n++) turn[n] = (turn[n - 1]! + 2 * n - 1) % (2 * length);
  const chirpRe = new Float64Array(size);
  const chirpIm = new Float64Array(size);
  for (let n = 0; n < length; n++) {
    chirpRe[n] = chirpRe[(size - n) % size] = cos[turn[n]!]!;
    chirpIm[n] = chirpIm[(size - n) % size] = sin[turn[n]!]!;
  }
  inner.forwardInto(chirpRe, chirpIm);
  const workRe = new Float64Array(size);
  const workIm = new Float64Array(size);
  const forwardInto = (re: Float64Array, im: Float64Array) => {
    workRe.fill(0, length);
    workIm.fill(0, length);
    for (let n = 0; n < length; n++) {
      const c = cos[turn[n]!]!;
      const s = sin[turn[n]!]!;
      workRe[n] = re[n]! * c + im[n]! * s;
      workIm[n] = im[n]! * c - re[n]! * s;
    }
    inner.forwardInto(workRe, workIm);
    for (let k = 0; k < size; k++) {
      const a = workRe[k]!;
      const b = workIm[k]!;
      workRe[k] = a * chirpRe[k]! - b * chirpIm[k]!;
      workIm[k] = a * chirpIm[k]! + b * chirpRe[k]!;
    }
    inner.inverseInto(workRe, workIm);
    for (let k = 0; k < length; k++) {
      const c = cos[turn[k]!]! / size;
      const s = sin[turn[k]!]! / size;
      re[k] = workRe[k]! * c + workIm[k]! * s;
      im[k] = workIm[k]! * c - workRe[k]! * s;
    }
  };
  return { length, forwardInto, inverseInto: (re, im) => forwardInto(im, re) };
}

/** Plan a transform of `length` (1 or more): radix 2 for powers of two, Bluestein's chirp for the rest. */
export function planFourier(length: number): Fourier {
  if (!Number.isInteger(length) || length < 1 || length > 2 ** 29)
    throw new RangeError(`invalid transform length: ${length}`);
  return (length & (length - 1)) === 0 ? planPowerOfTwo(length) : planChirp(length);
}
