/** The numbers that test/reference/imported.py fills networks with. */
import type { ParameterSpec } from "../../src/model/parameters.js";

/** Uniform numbers in [-1, 1) that depend on name and index alone: FNV-1a of the name, then MurmurHash3's finaliser. */
export function noise(name: string, count: number): Float64Array {
  let seed = 2166136261;
  for (const byte of new TextEncoder().encode(name)) seed = Math.imul(seed ^ byte, 16777619) >>> 0;
  const out = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    let h = (Math.imul(i, 0x9e3779b1) + seed) >>> 0;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    h ^= h >>> 16;
    out[i] = (h >>> 0) / 2 ** 31 - 1;
  }
  return out;
}

/** The value of a parameter or buffer. */
export function noisyWeight({ name, shape }: Pick<ParameterSpec, "name" | "shape">): Float32Array {
  const u = noise(
    name,
    shape.reduce((product, length) => product * length, 1),
  );
  if (name.endsWith("running_var") || (name.includes(".norm") && name.endsWith(".weight")))
    return Float32Array.from(u, (value) => 1 + 0.1 * value);
  const inputs = shape.slice(1).reduce((product, length) => product * length, 1);
  const scale = shape.length > 1 ? Math.sqrt(3 / inputs) : 0.05;
  return Float32Array.from(u, (value) => value * scale);
}
