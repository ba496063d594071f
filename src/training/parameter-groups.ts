import type { ParameterSpec, ParameterValues } from "../model/parameters.js";
import { sizeOf } from "../tensor/program.js";
import { type Tensor, tf } from "../tensor/tf.js";

/** One array within a group. */
export interface GroupMember {
  readonly spec: ParameterSpec;
  readonly offset: number;
  readonly size: number;
}

/**
 * Parameters that share an optimizer rule, concatenated into one vector. Large ones have a vector of their own: they need no
 * copy, and an optimizer's dozen passes find it in the processor's cache. One vector of all small ones saves a dozen
 * operations for each.
 */
export interface ParameterGroup {
  readonly name: string;
  readonly weightDecay: number;
  readonly size: number;
  readonly members: readonly GroupMember[];
}

/** Values from which on an array is large: at a quarter of a megabyte a pass over it takes longer than starting an operation. */
const LARGE = 65_536;

function groupOf(name: string, weightDecay: number, specs: readonly ParameterSpec[]): ParameterGroup {
  let size = 0;
  const members = specs.map((spec) => {
    const member = { spec, offset: size, size: sizeOf(spec.shape) };
    size += member.size;
    return member;
  });
  return { name, weightDecay, size, members };
}

/** Groups of the arrays under one rule: each large one, then the small ones together. */
function groupsOf(rule: "decayed" | "spared", weightDecay: number, specs: readonly ParameterSpec[]): ParameterGroup[] {
  const isLarge = ({ shape }: ParameterSpec) => sizeOf(shape) >= LARGE;
  const large = specs.filter(isLarge).map((spec) => groupOf(`${rule}/${spec.name}`, weightDecay, [spec]));
  const small = specs.filter((spec) => !isLarge(spec));
  return small.length > 0 ? [...large, groupOf(rule, weightDecay, small)] : large;
}

/** Weights with decay, and biases, norms, A_log, D and dt_bias without; `decayAll` decays everything, as the reference. */
export function parameterGroups(
  specs: readonly ParameterSpec[],
  options: { weightDecay: number; decayAll?: boolean | undefined },
): ParameterGroup[] {
  const isDecayed = ({ kind }: ParameterSpec) => options.decayAll === true || kind === "weight";
  return [
    ...groupsOf("decayed", options.weightDecay, specs.filter(isDecayed)),
    ...groupsOf(
      "spared",
      0,
      specs.filter((spec) => !isDecayed(spec)),
    ),
  ];
}

/** The vector of a group from values by name (a copy); arrays that are absent become zeros. */
export function packGroup(group: ParameterGroup, values: Readonly<ParameterValues>): Float32Array {
  const flat = new Float32Array(group.size);
  for (const { spec, offset } of group.members) {
    const array = values[spec.name];
    if (array) flat.set(array, offset);
  }
  return flat;
}

/** Values by name from the vector of a group: copies. */
export function unpackGroup(group: ParameterGroup, flat: Float32Array): ParameterValues {
  return Object.fromEntries(
    group.members.map(({ spec, offset, size }) => [spec.name, flat.slice(offset, offset + size)]),
  );
}

/** The arrays of a group as slices of its vector, in the order of its members. */
export function splitGroup(group: ParameterGroup, flat: Tensor): Tensor[] {
  const [only, ...others] = group.members;
  if (only && others.length === 0) return [tf.reshape(flat, [...only.spec.shape])];
  return group.members.map(({ spec, offset, size }) => tf.reshape(tf.slice(flat, [offset], [size]), [...spec.shape]));
}
