// Hot loops: `!` marks indices that the loop bounds keep inside the arrays.
/** A complex Fourier transform of one length, prepared once; not to be shared between threads (it owns work space). */
export interface Fourier {
  readonly length: number;
  /** In place: `re` and `im` of `length` values become sum x[n] exp(-2 pi i k n / length). */
  forwardInto(re: Float64Array, im: Float64Array): void;
  /** In place, with exp(+2 pi i k n / length) and no division by the length. */
  inverseInto(re: Float64Array, im: Float64Array): void;
}

interface TwiddleFactors {
  readonly cos: Float64Array;
  readonly sin: Float64Array;
}

/** cos and sin of 2 pi k / length for k = 0 .. length - 1. */
function twiddleFactors(length: number): TwiddleFactors {
  const cos = new Float64Array(length);
  const sin = new Float64Array(length);
  for (let k = 0; k < length; k++) {
    cos[k] = Math.cos((2 * Math.PI * k) / length);
    sin[k] = Math.sin((2 * Math.PI * k) / length);
  }
  return { cos, sin };
}

/** Factors 5, 3, 4 and at most one 2 whose product is `length`, or undefined where another prime is left. */
function factorsOf(length: number): Radix[] | undefined {
  const factors: Radix[] = [];
  let rest = length;
  for (const factor of [5, 3, 4, 2] as const) {
    while (rest % factor === 0) {
      factors.push(factor);
      rest /= factor;
    }
  }
  return rest === 1 ? factors : undefined;
}

/** Factors 4 and at most one 2 whose product is `size`, a power of two. */
function powersOfTwo(size: number): Radix[] {
  return size >= 4 ? [4, ...powersOfTwo(size / 4)] : size === 2 ? [2] : [];
}

/** One pass of the self-sorting transform: `radix` parts of the input, each `span * stride` long, are combined. */
type Pass = (
  outRe: Float64Array,
  outIm: Float64Array,
  re: Float64Array,
  im: Float64Array,
  span: number,
  stride: number,
  twiddles: TwiddleFactors,
) => void;

const radix2Pass: Pass = (outRe, outIm, re, im, span, stride, { cos, sin }) => {
  const part = span * stride;
  for (let p = 0; p < span; p++) {
    const c = cos[p * stride]!;
    const s = sin[p * stride]!;
    let o = 2 * p * stride;
    for (let i = p * stride; i < (p + 1) * stride; i++, o++) {
      const dRe = re[i]! - re[i + part]!;
      const dIm = im[i]! - im[i + part]!;
      outRe[o] = re[i]! + re[i + part]!;
      outIm[o] = im[i]! + im[i + part]!;
      outRe[o + stride] = dRe * c + dIm * s;
      outIm[o + stride] = dIm * c - dRe * s;
    }
  }
};

const radix3Pass: Pass = (outRe, outIm, re, im, span, stride, { cos, sin }) => {
  const part = span * stride;
  const height = Math.sqrt(3) / 2;
  for (let p = 0; p < span; p++) {
    const [c1, s1] = [cos[p * stride]!, sin[p * stride]!];
    const [c2, s2] = [cos[2 * p * stride]!, sin[2 * p * stride]!];
    let o = 3 * p * stride;
    for (let i = p * stride; i < (p + 1) * stride; i++, o++) {
      const sumRe = re[i + part]! + re[i + 2 * part]!;
      const sumIm = im[i + part]! + im[i + 2 * part]!;
      const turnRe = height * (im[i + part]! - im[i + 2 * part]!);
      const turnIm = -height * (re[i + part]! - re[i + 2 * part]!);
      const midRe = re[i]! - sumRe / 2;
      const midIm = im[i]! - sumIm / 2;
      outRe[o] = re[i]! + sumRe;
      outIm[o] = im[i]! + sumIm;
      outRe[o + stride] = (midRe + turnRe) * c1 + (midIm + turnIm) * s1;
      outIm[o + stride] = (midIm + turnIm) * c1 - (midRe + turnRe) * s1;
      outRe[o + 2 * stride] = (midRe - turnRe) * c2 + (midIm - turnIm) * s2;
      outIm[o + 2 * stride] = (midIm - turnIm) * c2 - (midRe - turnRe) * s2;
    }
  }
};

const radix4Pass: Pass = (outRe, outIm, re, im, span, stride, { cos, sin }) => {
  const part = span * stride;
  for (let p = 0; p < span; p++) {
    const [c1, s1] = [cos[p * stride]!, sin[p * stride]!];
    const [c2, s2] = [cos[2 * p * stride]!, sin[2 * p * stride]!];
    const [c3, s3] = [cos[3 * p * stride]!, sin[3 * p * stride]!];
    let o = 4 * p * stride;
    for (let i = p * stride; i < (p + 1) * stride; i++, o++) {
      const aRe = re[i]! + re[i + 2 * part]!;
      const aIm = im[i]! + im[i + 2 * part]!;
      const bRe = re[i]! - re[i + 2 * part]!;
      const bIm = im[i]! - im[i + 2 * part]!;
      const cRe = re[i + part]! + re[i + 3 * part]!;
      const cIm = im[i + part]! + im[i + 3 * part]!;
      const dRe = im[i + part]! - im[i + 3 * part]!;
      const dIm = re[i + 3 * part]! - re[i + part]!;
      outRe[o] = aRe + cRe;
      outIm[o] = aIm + cIm;
      outRe[o + stride] = (bRe + dRe) * c1 + (bIm + dIm) * s1;
      outIm[o + stride] = (bIm + dIm) * c1 - (bRe + dRe) * s1;
      outRe[o + 2 * stride] = (aRe - cRe) * c2 + (aIm - cIm) * s2;
      outIm[o + 2 * stride] = (aIm - cIm) * c2 - (aRe - cRe) * s2;
      outRe[o + 3 * stride] = (bRe - dRe) * c3 + (bIm - dIm) * s3;
      outIm[o + 3 * stride] = (bIm - dIm) * c3 - (bRe - dRe) * s3;
    }
  }
};

const COS_72 = Math.cos((2 * Math.PI) / 5);
const SIN_72 = Math.sin((2 * Math.PI) / 5);
const COS_144 = Math.cos((4 * Math.PI) / 5);
const SIN_144 = Math.sin((4 * Math.PI) / 5);

const radix5Pass: Pass = (outRe, outIm, re, im, span, stride, { cos, sin }) => {
  const part = span * stride;
  for (let p = 0; p < span; p++) {
    const [c1, s1] = [cos[p * stride]!, sin[p * stride]!];
    const [c2, s2] = [cos[2 * p * stride]!, sin[2 * p * stride]!];
    const [c3, s3] = [cos[3 * p * stride]!, sin[3 * p * stride]!];
    const [c4, s4] = [cos[4 * p * stride]!, sin[4 * p * stride]!];
    let o = 5 * p * stride;
    for (let i = p * stride; i < (p + 1) * stride; i++, o++) {
      const outerRe = re[i + part]! + re[i + 4 * part]!;
      const outerIm = im[i + part]! + im[i + 4 * part]!;
      const innerRe = re[i + 2 * part]! + re[i + 3 * part]!;
      const innerIm = im[i + 2 * part]! + im[i + 3 * part]!;
      const outerTurnRe = im[i + part]! - im[i + 4 * part]!;
      const outerTurnIm = re[i + 4 * part]! - re[i + part]!;
      const innerTurnRe = im[i + 2 * part]! - im[i + 3 * part]!;
      const innerTurnIm = re[i + 3 * part]! - re[i + 2 * part]!;
      const aRe = re[i]! + COS_72 * outerRe + COS_144 * innerRe;
      const aIm = im[i]! + COS_72 * outerIm + COS_144 * innerIm;
      const bRe = SIN_72 * outerTurnRe + SIN_144 * innerTurnRe;
      const bIm = SIN_72 * outerTurnIm + SIN_144 * innerTurnIm;
      const cRe = re[i]! + COS_144 * outerRe + COS_72 * innerRe;
      const cIm = im[i]! + COS_144 * outerIm + COS_72 * innerIm;
      const dRe = SIN_144 * outerTurnRe - SIN_72 * innerTurnRe;
      const dIm = SIN_144 * outerTurnIm - SIN_72 * innerTurnIm;
      outRe[o] = re[i]! + outerRe + innerRe;
      outIm[o] = im[i]! + outerIm + innerIm;
      outRe[o + stride] = (aRe + bRe) * c1 + (aIm + bIm) * s1;
      outIm[o + stride] = (aIm + bIm) * c1 - (aRe + bRe) * s1;
      outRe[o + 2 * stride] = (cRe + dRe) * c2 + (cIm + dIm) * s2;
      outIm[o + 2 * stride] = (cIm + dIm) * c2 - (cRe + dRe) * s2;
      outRe[o + 3 * stride] = (cRe - dRe) * c3 + (cIm - dIm) * s3;
      outIm[o + 3 * stride] = (cIm - dIm) * c3 - (cRe - dRe) * s3;
      outRe[o + 4 * stride] = (aRe - bRe) * c4 + (aIm - bIm) * s4;
      outIm[o + 4 * stride] = (aIm - bIm) * c4 - (aRe - bRe) * s4;
    }
  }
};

const PASSES = { 2: radix2Pass, 3: radix3Pass, 4: radix4Pass, 5: radix5Pass } as const;

type Radix = keyof typeof PASSES;

/** The self-sorting projected-radix transform (Stockham) of a length with no prime factor above 5. */
function createMixedRadix(length: number, factors: readonly Radix[]): Fourier {
  const twiddles = twiddleFactors(length);
  const work: [Float64Array, Float64Array] = [new Float64Array(length), new Float64Array(length)];
  const forwardInto = (re: Float64Array, im: Float64Array) => {
    let from: [Float64Array, Float64Array] = [re, im];
    let to = work;
    let stride = 1;
    for (const radix of factors) {
      PASSES[radix](to[0], to[1], from[0], from[1], length / (stride * radix), stride, twiddles);
      [from, to] = [to, from];
      stride *= radix;
    }
    if (from[0] === re) return;
    re.set(from[0]);
    im.set(from[1]);
  };
  return { length, forwardInto, inverseInto: (re, im) => forwardInto(im, re) };
}

/** Bluestein's transform of any length: a convolution with a chirp, done in a power of two. */
function createBluestein(length: number): Fourier {
  let size = 1;
  while (size < 2 * length - 1) size *= 2;
  const inner = createMixedRadix(size, powersOfTwo(size));
  const { cos, sin } = twiddleFactors(2 * length);
  const turn = new Uint32Array(length); // n^2 mod 2 * length, kept small by adding 2n - 1 each step
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

/**
 * Prepare a transform of `length` (1 to 2^28): radices 5, 3, 4, 2 where they divide it all, Bluestein's chirp otherwise (some
 * six times slower). Throws RangeError on other lengths.
 */
export function createFourier(length: number): Fourier {
  if (!Number.isInteger(length) || length < 1 || length > 2 ** 28)
    throw new RangeError(`invalid transform length: ${length}`);
  const factors = factorsOf(length);
  return factors ? createMixedRadix(length, factors) : createBluestein(length);
}
