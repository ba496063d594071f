/**
 * Tail probabilities and quantiles that intervals need: regularised incomplete beta and gamma functions by their continued
 * fractions and series (NIST Digital Library of Mathematical Functions, 8.7, 8.9 and 8.17), quantiles by bisection.
 */

const EPSILON = 1e-15;
const TINY = 1e-300;
const MOST_TERMS = 10_000;

/** Coefficients of Lanczos' approximation with g = 7, relative error under 1e-13 (Godfrey, 2001). */
const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

/** Natural logarithm of the gamma function of `x` above 0. */
function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const base = x + 6.5;
  let sum = LANCZOS[0]!;
  for (let i = 1; i < LANCZOS.length; i++) sum += LANCZOS[i]! / (x - 1 + i);
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(base) - base + Math.log(sum);
}

/** Continued fraction b0 + a1/(b1 + a2/(b2 + ...)) by Lentz's method; `term` gives [a, b] of index 1, 2, ... */
function continuedFraction(first: number, term: (index: number) => readonly [a: number, b: number]): number {
  let value = first === 0 ? TINY : first;
  let c = value;
  let d = 0;
  for (let i = 1; i < MOST_TERMS; i++) {
    const [a, b] = term(i);
    d = 1 / (b + a * d || TINY);
    c = b + a / c || TINY;
    value *= c * d;
    if (Math.abs(c * d - 1) < EPSILON) break;
  }
  return value;
}

/** Regularised incomplete beta function I_x(a, b), the distribution function of Beta(a, b) at `x` in 0..1. */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - incompleteBeta(1 - x, b, a);
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x)) / a;
  const fraction = continuedFraction(1, (i) => {
    const m = i >> 1;
    const factor =
      i % 2 === 0
        ? (m * (b - m)) / ((a + 2 * m - 1) * (a + 2 * m))
        : -((a + m) * (a + b + m)) / ((a + 2 * m) * (a + 2 * m + 1));
    return [factor * x, 1];
  });
  return front / fraction;
}

/** Regularised lower incomplete gamma function P(shape, x), the distribution function of a gamma variable of scale 1. */
export function incompleteGamma(x: number, shape: number): number {
  if (x <= 0) return 0;
  const front = Math.exp(shape * Math.log(x) - x - logGamma(shape));
  if (x < shape + 1) {
    let term = 1 / shape;
    let sum = term;
    for (let i = 1; i < MOST_TERMS && term > sum * EPSILON; i++) {
      term *= x / (shape + i);
      sum += term;
    }
    return front * sum;
  }
  return 1 - front / continuedFraction(x + 1 - shape, (i) => [i * (shape - i), x + 2 * i + 1 - shape]);
}

/** The argument between `low` and `high` at which a growing function reaches `target`. */
function solve(grows: (x: number) => number, target: number, low: number, high: number): number {
  for (let i = 0; i < 200; i++) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (grows(middle) < target) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** Quantile `share` in 0.5..1 of Student's t distribution. RangeError for other shares and under one degree of freedom. */
export function studentQuantile(share: number, degreesOfFreedom: number): number {
  if (!(share >= 0.5 && share < 1)) throw new RangeError(`invalid share: ${share}; expected 0.5 to 1`);
  if (!(degreesOfFreedom >= 1)) throw new RangeError(`invalid degreesOfFreedom: ${degreesOfFreedom}`);
  // P(T <= t) = 1 - I_x(df/2, 1/2)/2 with x = df/(df + t^2), which falls from 1 at t = 0
  const x = solve((y) => incompleteBeta(y, degreesOfFreedom / 2, 0.5), 2 * (1 - share), 0, 1);
  return Math.sqrt((degreesOfFreedom * (1 - x)) / x);
}

/** Quantile `share` of Beta(a, b). */
export function betaQuantile(share: number, a: number, b: number): number {
  return solve((x) => incompleteBeta(x, a, b), share, 0, 1);
}

/** Quantile `share` of a gamma variable of the shape and scale 1. */
export function gammaQuantile(share: number, shape: number): number {
  let high = Math.max(1, 2 * shape);
  while (incompleteGamma(high, shape) < share) high *= 2;
  return solve((x) => incompleteGamma(x, shape), share, 0, high);
}
