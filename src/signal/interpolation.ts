// Hot loops: `!` marks indices that the loop bounds keep inside the arrays.
import { electrodeCosine, type ScalpElectrode } from "./electrodes.js";

/** Order m of the spherical spline; 4 gives a smooth potential. */
const STIFFNESS = 4;
const LEGENDRE_TERMS = 50;
/** Added to the diagonal, as MNE does, so that noise in one electrode is not fitted exactly. */
const REGULARIZATION = 1e-5;

/** Perrin's g of the cosine of an angle: a Legendre series with terms (2n+1) / (4 pi (n(n+1))^m). */
export function splineKernel(cosine: number): number {
  let before = 1; // P0
  let current = cosine; // P1
  let sum = 0;
  for (let n = 1; n <= LEGENDRE_TERMS; n++) {
    sum += ((2 * n + 1) / (4 * Math.PI * (n * (n + 1)) ** STIFFNESS)) * current;
    const next = ((2 * n + 1) * cosine * current - n * before) / (n + 1);
    before = current;
    current = next;
  }
  return sum;
}

/** Solve the square system `matrix * x = right` by elimination with row pivoting; both arguments are overwritten. */
function solveInPlace(matrix: Float64Array[], right: Float64Array): void {
  const size = matrix.length;
  for (let column = 0; column < size; column++) {
    let pivot = column;
    for (let row = column + 1; row < size; row++) {
      if (Math.abs(matrix[row]![column]!) > Math.abs(matrix[pivot]![column]!)) pivot = row;
    }
    [matrix[column], matrix[pivot]] = [matrix[pivot]!, matrix[column]!];
    [right[column], right[pivot]] = [right[pivot]!, right[column]!];
    for (let row = column + 1; row < size; row++) {
      const factor = matrix[row]![column]! / matrix[column]![column]!;
      for (let k = column; k < size; k++) matrix[row]![k]! -= factor * matrix[column]![k]!;
      right[row]! -= factor * right[column]!;
    }
  }
  for (let row = size - 1; row >= 0; row--) {
    let sum = right[row]!;
    for (let k = row + 1; k < size; k++) sum -= matrix[row]![k]! * right[k]!;
    right[row] = sum / matrix[row]![row]!;
  }
}

/**
 * Weights that give the potential at each of `missing` from the `present` electrodes by spherical splines (Perrin et
 * al. 1989; stiffness 4, 50 Legendre terms, regularisation 1e-5, as MNE's `interpolate_bads`).
 * Returns one row per missing electrode, shape [missing, present]; every row sums to 1. Throws RangeError when
 * `present` is empty.
 */
export function interpolationWeights(
  present: readonly ScalpElectrode[],
  missing: readonly ScalpElectrode[],
): Float64Array[] {
  if (present.length === 0) throw new RangeError("invalid present electrodes: none to interpolate from");
  const size = present.length + 1;
  return missing.map((target) => {
    // The system is symmetric, so the row of weights solves the same system with the target's kernel on the right.
    const matrix = present.map((a, row) => {
      const line = Float64Array.from([...present.map((b) => splineKernel(electrodeCosine(a, b))), 1]);
      line[row]! += REGULARIZATION;
      return line;
    });
    matrix.push(new Float64Array(size).fill(1, 0, size - 1));
    const right = Float64Array.from([...present.map((a) => splineKernel(electrodeCosine(target, a))), 1]);
    solveInPlace(matrix, right);
    return right.slice(0, size - 1);
  });
}
