// AssemblyScript; reference implementation: polyphaseInto in ../polyphase.ts.
/**
 * `count` outputs of a group at `out` from the samples at `x`: output j is the product of the row of its phase with `taps`
 * samples. Two outputs a turn, four independent sums, each in ascending order of the samples; `taps` is even.
 */
export function polyphase(
  out: usize,
  count: i32,
  x: usize,
  phase: i32,
  up: i32,
  down: i32,
  taps: i32,
  rows: i32,
  bank: usize,
): void {
  const isExact = rows === up;
  const rowsPerPhase = <f64>rows / <f64>up;
  const step: usize = (<usize>(down / up)) << 5;
  const phaseStep = down % up;
  const rowBytes = (<usize>taps) << 3;
  let base = x;
  let row = phase;
  for (let left = count; left > 0; left -= 2) {
    let c0 = bank + <usize>(isExact ? row : <i32>Math.floor(<f64>row * rowsPerPhase)) * rowBytes;
    let x0 = base;
    base += step;
    row += phaseStep;
    if (row >= up) {
      row -= up;
      base += 32;
    }
    const isPair = left > 1;
    let c1 = isPair ? bank + <usize>(isExact ? row : <i32>Math.floor(<f64>row * rowsPerPhase)) * rowBytes : c0; // the last of an odd count is worked out twice
    let x1 = isPair ? base : x0;
    if (isPair) {
      base += step;
      row += phaseStep;
      if (row >= up) {
        row -= up;
        base += 32;
      }
    }
    let s01 = f64x2.splat(0);
    let s23 = f64x2.splat(0);
    let t01 = f64x2.splat(0);
    let t23 = f64x2.splat(0);
    const end = c0 + rowBytes;
    while (c0 < end) {
      const even0 = v128.load64_splat(c0);
      const even1 = v128.load64_splat(c1);
      s01 = f64x2.add(s01, f64x2.mul(even0, v128.load(x0)));
      s23 = f64x2.add(s23, f64x2.mul(even0, v128.load(x0, 16)));
      t01 = f64x2.add(t01, f64x2.mul(even1, v128.load(x1)));
      t23 = f64x2.add(t23, f64x2.mul(even1, v128.load(x1, 16)));
      const odd0 = v128.load64_splat(c0, 8);
      const odd1 = v128.load64_splat(c1, 8);
      s01 = f64x2.add(s01, f64x2.mul(odd0, v128.load(x0, 32)));
      s23 = f64x2.add(s23, f64x2.mul(odd0, v128.load(x0, 48)));
      t01 = f64x2.add(t01, f64x2.mul(odd1, v128.load(x1, 32)));
      t23 = f64x2.add(t23, f64x2.mul(odd1, v128.load(x1, 48)));
      c0 += 16;
      c1 += 16;
      x0 += 64;
      x1 += 64;
    }
    v128.store(out, s01);
    v128.store(out, s23, 16);
    if (isPair) {
      v128.store(out, t01, 32);
      v128.store(out, t23, 48);
    }
    out += 64;
  }
}
