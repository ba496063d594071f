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
 * Parameters that share an optimizer rule, laid end to end in one vector: the optimizer is then a dozen operations per
 * group instead of a dozen per array.
 */
export interface ParameterGroup {
  readonly name: "decayed" | "spared";
  readonly weightDecay: number;
  readonly size: number;
  readonly members: readonly GroupMember[];
}

function groupOf(name: ParameterGroup["name"], weightDecay: number, specs: readonly ParameterSpec[]): ParameterGroup {
  let size = 0;
  const members = specs.map((spec) => {
    const member = { spec, offset: size, size: sizeOf(spec.shape) };
    size += member.size;
    return member;
  });
  return { name, weightDecay, size, members };
}

/** Weights with decay, and biases, norms, A_log, D and dt_bias without; `decayAll` decays everything, as the reference. */
export function parameterGroups(
  specs: readonly ParameterSpec[],
  options: { weightDecay: number; decayAll?: boolean },
): ParameterGroup[] {
  const isDecayed = ({ kind }: ParameterSpec) => options.decayAll === true || kind === "weight";
  return [
    groupOf("decayed", options.weightDecay, specs.filter(isDecayed)),
    groupOf(
      "spared",
      0,
      specs.filter((spec) => !isDecayed(spec)),
    ),
  ].filter(({ size }) => size > 0);
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

/** The arrays of a group as tensors cut from its vector, in the order of its members. */
export function cutGroup(group: ParameterGroup, flat: Tensor): Tensor[] {
  return group.members.map(({ spec, offset, size }) => tf.reshape(tf.slice(flat, [offset], [size]), [...spec.shape]));
}
