// AssemblyScript; reference implementations: roundGroupInto and sumGroupInto in ../kernels-typescript.ts.
/** Samples of a group as float32 rows of `rowBytes` bytes, one after another at `out`. */
export function roundGroup(out: usize, rowBytes: usize, x: usize, count: i32): void {
  const second = out + rowBytes;
  const third = second + rowBytes;
  const fourth = third + rowBytes;
  const whole = (<usize>(count & ~3)) << 2;
  let at: usize = 0;
  for (; at < whole; at += 16) {
    const ab0 = f32x4.demote_f64x2_zero(v128.load(x));
    const cd0 = f32x4.demote_f64x2_zero(v128.load(x, 16));
    const ab1 = f32x4.demote_f64x2_zero(v128.load(x, 32));
    const cd1 = f32x4.demote_f64x2_zero(v128.load(x, 48));
    const ab2 = f32x4.demote_f64x2_zero(v128.load(x, 64));
    const cd2 = f32x4.demote_f64x2_zero(v128.load(x, 80));
    const ab3 = f32x4.demote_f64x2_zero(v128.load(x, 96));
    const cd3 = f32x4.demote_f64x2_zero(v128.load(x, 112));
    const ab01 = v128.shuffle<f32>(ab0, ab1, 0, 4, 1, 5);
    const ab23 = v128.shuffle<f32>(ab2, ab3, 0, 4, 1, 5);
    const cd01 = v128.shuffle<f32>(cd0, cd1, 0, 4, 1, 5);
    const cd23 = v128.shuffle<f32>(cd2, cd3, 0, 4, 1, 5);
    v128.store(out + at, v128.shuffle<f64>(ab01, ab23, 0, 2));
    v128.store(second + at, v128.shuffle<f64>(ab01, ab23, 1, 3));
    v128.store(third + at, v128.shuffle<f64>(cd01, cd23, 0, 2));
    v128.store(fourth + at, v128.shuffle<f64>(cd01, cd23, 1, 3));
    x += 128;
  }
  for (const end = (<usize>count) << 2; at < end; at += 4) {
    store<f32>(out + at, <f32>load<f64>(x));
    store<f32>(second + at, <f32>load<f64>(x, 8));
    store<f32>(third + at, <f32>load<f64>(x, 16));
    store<f32>(fourth + at, <f32>load<f64>(x, 24));
    x += 32;
  }
}

/**
 * Add the float32 values of `count` samples of a group to `sums`, float64 [3, lane]: origin, sum of distances from it, sum
 * of their squares. `isFirst` begins anew with the first sample as origin.
 */
export function sumGroup(sums: usize, x: usize, count: i32, isFirst: bool): void {
  if (isFirst && count > 0) {
    for (let lane: usize = 0; lane < 32; lane += 8) {
      store<f64>(sums + lane, <f64>(<f32>load<f64>(x + lane)));
      store<f64>(sums + lane, 0, 32);
      store<f64>(sums + lane, 0, 64);
    }
  }
  const origin01 = v128.load(sums);
  const origin23 = v128.load(sums, 16);
  let sum01 = v128.load(sums, 32);
  let sum23 = v128.load(sums, 48);
  let squares01 = v128.load(sums, 64);
  let squares23 = v128.load(sums, 80);
  for (const end = x + ((<usize>count) << 5); x < end; x += 32) {
    const d01 = f64x2.sub(f64x2.promote_low_f32x4(f32x4.demote_f64x2_zero(v128.load(x))), origin01);
    const d23 = f64x2.sub(f64x2.promote_low_f32x4(f32x4.demote_f64x2_zero(v128.load(x, 16))), origin23);
    sum01 = f64x2.add(sum01, d01);
    sum23 = f64x2.add(sum23, d23);
    squares01 = f64x2.add(squares01, f64x2.mul(d01, d01));
    squares23 = f64x2.add(squares23, f64x2.mul(d23, d23));
  }
  v128.store(sums, sum01, 32);
  v128.store(sums, sum23, 48);
  v128.store(sums, squares01, 64);
  v128.store(sums, squares23, 80);
}
