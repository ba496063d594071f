import { ConfigError } from "@ictal/base/errors";

/**
 * Second-order sections, row-major [section, 6] as b0 b1 b2 a0 a1 a2 with a0 = 1 (the layout of scipy's `sos`).
 */
export type Sections = Float64Array;

/** Highest filter order; beyond it float64 poles of a low edge run together. */
export const LARGEST_ORDER = 12;

interface Complex {
  readonly re: number;
  readonly im: number;
}

const complex = (re: number, im = 0): Complex => ({ re, im });
const add = (a: Complex, b: Complex) => complex(a.re + b.re, a.im + b.im);
const scale = (a: Complex, factor: number) => complex(a.re * factor, a.im * factor);
const multiply = (a: Complex, b: Complex) => complex(a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re);
const divide = (a: Complex, b: Complex) => scale(multiply(a, complex(b.re, -b.im)), 1 / (b.re * b.re + b.im * b.im));
const distance = (a: Complex, b: Complex) => Math.hypot(a.re - b.re, a.im - b.im);

function squareRoot(a: Complex): Complex {
  const radius = Math.hypot(a.re, a.im);
  const re = Math.sqrt((radius + Math.abs(a.re)) / 2);
  if (re === 0) return complex(0);
  const im = a.im / (2 * re);
  return a.re >= 0 ? complex(re, im) : complex(Math.abs(im), a.im < 0 ? -re : re);
}

/** Poles of the analogue low-pass prototype with edge 1 rad/s; exactly real where the angle is pi. */
function prototypePoles(order: number): Complex[] {
  return Array.from({ length: order }, (_, k) => {
    const step = 2 * k - order + 1;
    if (step === 0) return complex(-1);
    const angle = (Math.PI * step) / (2 * order);
    return complex(-Math.cos(angle), -Math.sin(angle));
  });
}

interface Design {
  readonly poles: Complex[];
  readonly zeros: number[];
  readonly gain: number;
}

/** An analogue filter with `zeroCount` zeros at 0 by the bilinear transform at sample rate 2; the rest go to -1. */
function bilinear(poles: Complex[], zeroCount: number, gain: number): Design {
  const four = complex(4); // twice the sample rate of 2
  const denominator = poles.reduce((product, pole) => multiply(product, add(four, scale(pole, -1))), complex(1));
  return {
    poles: poles.map((pole) => divide(add(four, pole), add(four, scale(pole, -1)))),
    zeros: [...Array(zeroCount).fill(1), ...Array(poles.length - zeroCount).fill(-1)],
    gain: gain * divide(complex(4 ** zeroCount), denominator).re,
  };
}

/** Poles of a band-pass or band-stop made of low-pass poles `p`: p ± sqrt(p² - centre²). */
function splitPoles(poles: Complex[], centre: number): Complex[] {
  const split = poles.map((pole) => {
    const root = squareRoot(add(multiply(pole, pole), complex(-centre * centre)));
    return { above: add(pole, root), below: add(pole, scale(root, -1)) };
  });
  return [...split.map(({ above }) => above), ...split.map(({ below }) => below)];
}

const isReal = (pole: Complex) => Math.abs(pole.im) <= 100 * Number.EPSILON * Math.hypot(pole.re, pole.im);

/** Take from `list` the item of least `cost`, the first among equals. RangeError on an empty list. */
function takeLeast<T>(list: T[], cost: (item: T) => number): T {
  const costs = list.map(cost);
  const [taken] = list.splice(costs.indexOf(Math.min(...costs)), 1);
  if (taken === undefined) throw new RangeError("invalid filter: fewer zeros than poles");
  return taken;
}

/**
 * Pair poles with the nearest zeros (all real), the poles nearest the unit twiddles last, and the gain in the first
 * section: the rule of scipy's `zpk2sos(pairing="nearest")`.
 */
function pairSections({ poles, zeros, gain }: Design): Sections {
  const upper = poles.filter((pole) => !isReal(pole) && pole.im > 0);
  const reals = poles.filter(isReal).map(({ re }) => complex(re));
  const pool = [...upper, ...reals.sort((a, b) => a.re - b.re)];
  const zeroPool = [...zeros].sort((a, b) => a - b);
  if (reals.length % 2 === 1) {
    pool.push(complex(0));
    zeroPool.push(0);
  }
  const worst = (pole: Complex) => Math.abs(1 - Math.hypot(pole.re, pole.im));
  const count = Math.ceil(poles.length / 2);
  const sections = new Float64Array(6 * count);
  for (let s = count - 1; s >= 0; s--) {
    const first = takeLeast(pool, worst);
    let second = complex(first.re, -first.im);
    if (isReal(first)) second = takeLeast(pool, (pole) => (isReal(pole) ? worst(pole) : Number.POSITIVE_INFINITY));
    const nearestZero = () => takeLeast(zeroPool, (zero) => distance(complex(zero), first));
    const [z1, z2] = [nearestZero(), nearestZero()];
    const a = [1, -(first.re + second.re), multiply(first, second).re];
    sections.set([1, -(z1 + z2), z1 * z2, ...a], 6 * s);
  }
  return sections.map((value, k) => (k < 3 ? value * gain : value));
}

/** Edges in hertz; without one of them the filter is a low-pass or a high-pass. */
export interface BandEdges {
  readonly lowCutHz?: number | undefined;
  readonly highCutHz?: number | undefined;
}

function checkDesign(order: number, { lowCutHz, highCutHz }: BandEdges, sampleRateHz: number): void {
  if (!Number.isInteger(order) || order < 1 || order > LARGEST_ORDER) {
    throw new RangeError(`invalid filterOrder: ${order} (1 to ${LARGEST_ORDER})`);
  }
  const nyquist = sampleRateHz / 2;
  const allowed = `above 0 and below ${nyquist} Hz, half of the sample rate ${sampleRateHz} Hz`;
  for (const [key, value] of Object.entries({ lowCutHz, highCutHz })) {
    if (value === undefined || (value > 0 && value < nyquist)) continue;
    throw new ConfigError(`invalid ${key}: ${value} (expected ${allowed})`, { key, value, allowed });
  }
  if (lowCutHz !== undefined && highCutHz !== undefined && lowCutHz >= highCutHz) {
    const message = `invalid lowCutHz: ${lowCutHz} (expected below highCutHz ${highCutHz})`;
    throw new ConfigError(message, { key: "lowCutHz", value: lowCutHz, allowed: `below ${highCutHz}` });
  }
}

/**
 * Butterworth band-pass (both edges), high-pass (`lowCutHz` alone) or low-pass (`highCutHz` alone) of `order` (1 to 12;
 * a band-pass has twice as many poles) by the bilinear transform with prewarped edges; the values and section order of
 * `scipy.signal.butter(..., output="sos")`. Throws ConfigError when an edge is not inside (0, sampleRateHz / 2).
 */
export function butterworth(order: number, edges: BandEdges, sampleRateHz: number): Sections {
  checkDesign(order, edges, sampleRateHz);
  const warp = (hertz: number) => 4 * Math.tan((Math.PI * hertz) / sampleRateHz);
  const poles = prototypePoles(order);
  const { lowCutHz, highCutHz } = edges;
  if (lowCutHz !== undefined && highCutHz !== undefined) {
    const width = warp(highCutHz) - warp(lowCutHz);
    const centre = Math.sqrt(warp(lowCutHz) * warp(highCutHz));
    const halves = poles.map((pole) => scale(pole, width / 2));
    return pairSections(bilinear(splitPoles(halves, centre), order, width ** order));
  }
  if (lowCutHz !== undefined) {
    const edge = complex(warp(lowCutHz));
    return pairSections(
      bilinear(
        poles.map((pole) => divide(edge, pole)),
        order,
        1,
      ),
    );
  }
  if (highCutHz === undefined) throw new RangeError("a filter needs lowCutHz, highCutHz or both");
  const edge = warp(highCutHz);
  return pairSections(
    bilinear(
      poles.map((pole) => scale(pole, edge)),
      0,
      edge ** order,
    ),
  );
}

/**
 * One section that removes `notchHz` with quality `quality` (centre over -3 dB width); the values of
 * `scipy.signal.iirnotch`. Throws ConfigError when the frequency is not inside (0, sampleRateHz / 2).
 */
export function notch(notchHz: number, quality: number, sampleRateHz: number): Sections {
  const nyquist = sampleRateHz / 2;
  if (!(notchHz > 0 && notchHz < nyquist)) {
    const allowed = `above 0 and below ${nyquist} Hz, half of the sample rate ${sampleRateHz} Hz`;
    throw new ConfigError(`invalid notchHz: ${notchHz} (expected ${allowed})`, {
      key: "notchHz",
      value: notchHz,
      allowed,
    });
  }
  if (!(quality > 0))
    throw new ConfigError(`invalid notchQ: ${quality} (expected above 0)`, { key: "notchQ", value: quality });
  const omega = (2 * Math.PI * notchHz) / sampleRateHz;
  const gain = 1 / (1 + Math.tan(omega / quality / 2));
  const middle = -2 * gain * Math.cos(omega);
  return Float64Array.of(gain, middle, gain, 1, middle, 2 * gain - 1);
}

/** Sections of several filters as one cascade, in the order given. */
export function cascade(...filters: readonly Sections[]): Sections {
  const all = new Float64Array(filters.reduce((length, sections) => length + sections.length, 0));
  let at = 0;
  for (const sections of filters) {
    all.set(sections, at);
    at += sections.length;
  }
  return all;
}
