import assert from "node:assert/strict";
import { createRandom } from "../../src/base/random.js";
import { openExecutor } from "../../src/tensor/open.js";
import { type Executor, type Feed, type Program, sizeOf, type TensorSpec } from "../../src/tensor/program.js";

export const float = (...shape: number[]): TensorSpec => ({ shape, dtype: "float32" });
export const int = (...shape: number[]): TensorSpec => ({ shape, dtype: "int32" });
export const bool = (...shape: number[]): TensorSpec => ({ shape, dtype: "bool" });

/** Seeded standard normal values. */
export function normals(count: number, seed: number): Float32Array {
  const random = createRandom(seed, "test");
  return Float32Array.from({ length: count }, (_, i) => random.normal(i));
}

/** Seeded values for every input of a program: normals, small integers, or coin throws. */
export function randomFeeds(inputs: Program["inputs"], seed = 1): Record<string, Feed> {
  return Object.fromEntries(Object.entries(inputs).map(([name, spec], i) => [name, randomFeed(spec, seed * 100 + i)]));
}

function randomFeed({ shape, dtype }: TensorSpec, seed: number): Feed {
  const values = normals(sizeOf(shape), seed);
  if (dtype === "float32") return values;
  if (dtype === "int32") return Int32Array.from(values, (value) => Math.round(value * 3));
  return Uint8Array.from(values, (value) => Number(value > 0));
}

/** Greatest difference of two arrays, as a share of the greatest magnitude in `expected`. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  assert.equal(actual.length, expected.length);
  let difference = 0;
  let scale = 1e-30;
  for (let i = 0; i < expected.length; i++) {
    if (Object.is(actual[i], expected[i]) || actual[i] === expected[i]) continue;
    assert.ok(
      Number.isFinite(actual[i]!) && Number.isFinite(expected[i]!),
      `at ${i}: ${actual[i]} against ${expected[i]}`,
    );
    difference = Math.max(difference, Math.abs(actual[i]! - expected[i]!));
  }
  for (let i = 0; i < expected.length; i++)
    if (Number.isFinite(expected[i]!)) scale = Math.max(scale, Math.abs(expected[i]!));
  return difference / scale;
}

/** Compile, run once, free. */
export async function runOnce(
  executor: Executor,
  program: Program,
  feeds: Record<string, Feed>,
): Promise<Record<string, Feed>> {
  const compiled = await executor.compile(program);
  try {
    return await compiled.run(feeds);
  } finally {
    await compiled.dispose();
  }
}

const executors = new Map<string, Promise<Executor>>();

/** An executor shared by the tests of one file. */
export function sharedExecutor(name: string): Promise<Executor> {
  const known = executors.get(name) ?? openExecutor(name, { threads: 2 });
  executors.set(name, known);
  return known;
}

/** The executor whose kernels are compared with the cpu backend; a machine with a GPU can name another. */
export const TRACED = process.env.ICTAL_TEST_EXECUTOR ?? "onnx-cpu";

/** Graphics cards take sines, logarithms and products with fewer digits. */
const LEAST_TOLERANCE = TRACED === "onnx-cpu" ? 0 : 2e-3;

/** Assert that the traced program gives what tfjs's cpu backend gives. */
export async function assertTraced(program: Program, feeds: Record<string, Feed>, tolerance = 2e-6): Promise<void> {
  const expected = await runOnce(await sharedExecutor("cpu"), program, feeds);
  const actual = await runOnce(await sharedExecutor(TRACED), program, feeds);
  assert.deepEqual(Object.keys(actual).sort(), Object.keys(expected).sort());
  for (const [name, values] of Object.entries(expected)) {
    assert.equal(actual[name]!.constructor, values.constructor, `${program.name}: type of ${name}`);
    const error = relativeError(actual[name]!, values);
    assert.ok(
      error <= Math.max(tolerance, LEAST_TOLERANCE),
      `${program.name}: ${name} differs by ${error.toExponential(2)}, allowed ${tolerance}`,
    );
  }
}
