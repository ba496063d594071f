// Hot loops: `!` marks indices that the loop bounds keep inside the arrays.
/** Logistic regression with a ridge penalty, by Newton's method. */
import { requireCounts, requireNumbers } from "@ictal/base/options";

export interface LogisticOptions {
  /** Penalty on half the squared length of the coefficients of standardised features; the intercept is free. @default 20 */
  readonly ridge?: number | undefined;
  /** Let both classes weigh the same in sum, however many rows each has. @default true */
  readonly balanced?: boolean | undefined;
}

/** A fitted model: the probability of class 1 is the sigmoid of `intercept` plus coefficients times standardised features. */
export interface LogisticModel {
  /** Shape [feature]. */
  readonly coefficients: Float64Array;
  readonly intercept: number;
  /** Of the training rows, shape [feature]. */
  readonly mean: Float64Array;
  /** Population standard deviation of the training rows, 1 for a constant feature; shape [feature]. */
  readonly scale: Float64Array;
}

const MOST_STEPS = 100;
const TOLERANCE = 1e-10;

const sigmoid = (value: number) => 1 / (1 + Math.exp(-value));

/** Solves a x = b for a symmetric positive definite a, shape [n, n], by Cholesky's factors, which replace it. */
function solve(a: Float64Array, b: Float64Array): Float64Array {
  const n = b.length;
  for (let j = 0; j < n; j++) {
    for (let k = 0; k < j; k++) for (let i = j; i < n; i++) a[i * n + j]! -= a[i * n + k]! * a[j * n + k]!;
    const pivot = Math.sqrt(a[j * n + j]!);
    for (let i = j; i < n; i++) a[i * n + j]! /= pivot;
  }
  const x = b.slice();
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < i; k++) x[i]! -= a[i * n + k]! * x[k]!;
    x[i]! /= a[i * n + i]!;
  }
  for (let i = n - 1; i >= 0; i--) {
    for (let k = i + 1; k < n; k++) x[i]! -= a[k * n + i]! * x[k]!;
    x[i]! /= a[i * n + i]!;
  }
  return x;
}

/** Mean and deviation of each column of rows [row, feature]. */
function standardOf(rows: readonly Float64Array[], features: number): Pick<LogisticModel, "mean" | "scale"> {
  const mean = new Float64Array(features);
  const scale = new Float64Array(features);
  for (const row of rows) for (let f = 0; f < features; f++) mean[f]! += row[f]! / rows.length;
  for (const row of rows) for (let f = 0; f < features; f++) scale[f]! += (row[f]! - mean[f]!) ** 2 / rows.length;
  return { mean, scale: scale.map((variance) => (variance > 0 ? Math.sqrt(variance) : 1)) };
}

interface Problem {
  /** Standardised, with a last column of ones. */
  readonly x: readonly Float64Array[];
  readonly y: ArrayLike<number>;
  readonly weights: Float64Array;
  readonly ridge: number;
}

const product = (row: Float64Array, beta: Float64Array) => row.reduce((sum, value, f) => sum + value * beta[f]!, 0);

/** The penalised negative logarithm of the likelihood. */
function lossOf({ x, y, weights, ridge }: Problem, beta: Float64Array): number {
  let loss = 0;
  for (const [r, row] of x.entries()) {
    const z = product(row, beta);
    loss += weights[r]! * (Math.max(z, 0) - z * y[r]! + Math.log1p(Math.exp(-Math.abs(z))));
  }
  const last = beta.length - 1;
  return loss + (ridge / 2) * beta.reduce((sum, value, f) => (f === last ? sum : sum + value * value), 0);
}

/** Newton's step from beta: what to subtract. */
function stepOf({ x, y, weights, ridge }: Problem, beta: Float64Array): Float64Array {
  const n = beta.length;
  const gradient = beta.map((value, f) => (f === n - 1 ? 0 : ridge * value));
  const hessian = new Float64Array(n * n);
  for (let f = 0; f < n - 1; f++) hessian[f * n + f] = ridge;
  hessian[n * n - 1] = TOLERANCE; // keeps the intercept's pivot above 0 where every probability is 0 or 1
  for (const [r, row] of x.entries()) {
    const p = sigmoid(product(row, beta));
    const residual = weights[r]! * (p - y[r]!);
    const curvature = weights[r]! * p * (1 - p);
    for (let i = 0; i < n; i++) {
      gradient[i]! += residual * row[i]!;
      for (let j = 0; j <= i; j++) hessian[i * n + j]! += curvature * row[i]! * row[j]!;
    }
  }
  return solve(hessian, gradient);
}

/** The coefficients of least loss; steps that do not lower it are halved. */
function minimise(problem: Problem, features: number): Float64Array {
  let beta: Float64Array = new Float64Array(features + 1);
  let loss = lossOf(problem, beta);
  for (let i = 0; i < MOST_STEPS; i++) {
    const step = stepOf(problem, beta);
    let share = 1;
    let next = beta.map((value, f) => value - step[f]!);
    let lower = lossOf(problem, next);
    while (lower > loss && share > 1e-6) {
      share /= 2;
      next = beta.map((value, f) => value - share * step[f]!);
      lower = lossOf(problem, next);
    }
    const gain = loss - lower;
    if (gain < 0) return beta;
    [beta, loss] = [next, lower];
    if (gain <= TOLERANCE * Math.max(1, Math.abs(loss))) return beta;
  }
  return beta;
}

/**
 * Fit by Newton's method (iteratively reweighted least squares) on standardised features; with `balanced` the weights, and the penalty
 * are those of scikit-learn's LogisticRegression(C=1/ridge, class_weight="balanced"). Labels `y` are 0 or 1. RangeError without a row of
 * each class.
 */
export function fitLogistic(
  rows: readonly Float64Array[],
  y: ArrayLike<number>,
  { ridge = 20, balanced = true }: LogisticOptions = {},
): LogisticModel {
  requireNumbers({ ridge }, { above: 0 });
  requireCounts({ rows: rows.length });
  const ones = Array.from(y).reduce((sum, label) => sum + label, 0);
  if (ones === 0 || ones === rows.length || rows.length !== y.length)
    throw new RangeError(
      `invalid labels: ${ones} of ${rows.length} rows are of class 1; expected rows of both classes`,
    );
  const features = rows[0]?.length ?? 0;
  const { mean, scale } = standardOf(rows, features);
  const x = rows.map((row) =>
    Float64Array.from({ length: features + 1 }, (_, f) => (f === features ? 1 : (row[f]! - mean[f]!) / scale[f]!)),
  );
  const weightOf = (label: number) => (balanced ? rows.length / 2 / (label === 1 ? ones : rows.length - ones) : 1);
  const beta = minimise({ x, y, weights: Float64Array.from(y, weightOf), ridge }, features);
  return { coefficients: beta.slice(0, features), intercept: beta[features]!, mean, scale };
}

/** Probability of class 1 for a row of features. */
export function logisticProbability(
  { coefficients, intercept, mean, scale }: LogisticModel,
  row: Float64Array,
): number {
  return sigmoid(coefficients.reduce((sum, value, f) => sum + (value * (row[f]! - mean[f]!)) / scale[f]!, intercept));
}
