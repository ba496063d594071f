import { elementAt } from "../base/lookup.js";
import type { GraphBuilder } from "./graph.js";

/** An ONNX value and its shape. */
export interface Core {
  readonly name: string;
  readonly shape: readonly number[];
}

/** The value that another one is a reshape and transpose of. */
export interface Source {
  readonly value: Core;
  /** Its axes longer than 1, in the order that they have in the value derived from it. */
  readonly axes: readonly number[];
}

/** A value, and which of its axes are, in order, those of the value derived from it. */
export interface Layout {
  readonly core: Core;
  readonly axes: readonly number[];
}

export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((length, i) => length === b[i]);
}

function longAxes(shape: readonly number[]): number[] {
  return shape.flatMap((length, axis) => (length === 1 ? [] : [axis]));
}

function longLengths(shape: readonly number[]): number[] {
  return shape.filter((length) => length !== 1);
}

const CHANNELS_LAST = [0, 2, 3, 1];

/** Folds the reshapes and transposes of one graph: a chain of them that cancels out adds no node. */
export class TransposeFolding {
  /** What a value was reshaped from. */
  readonly #reshapedFrom = new Map<string, Core>();
  /** What a value was transposed from; axes of length 1 may have been added or removed since. */
  readonly #transposedFrom = new Map<string, Source>();

  constructor(readonly graph: GraphBuilder) {}

  /** The value that `value` is a transpose of: itself, unless transposes produced it. */
  source(value: Core): Source {
    return this.#transposedFrom.get(value.name) ?? { value, axes: longAxes(value.shape) };
  }

  /** What `value` was transposed from, when that is an image [B, C, H, W] and `value` the same with channels last. */
  layout(value: Core): Layout | undefined {
    const before = this.#transposedFrom.get(value.name);
    if (!before || before.value.shape.length !== value.shape.length) return undefined;
    const long = [...before.axes];
    const short = before.value.shape.flatMap((length, axis) => (length === 1 ? [axis] : []));
    const axes = value.shape.flatMap((length) => (length === 1 ? short : long).shift() ?? []);
    return sameShape(axes, CHANNELS_LAST) ? { core: before.value, axes } : undefined;
  }

  /** The name of `value` in row-major order under another shape of equal size. */
  reshaped(value: Core, shape: readonly number[]): string {
    const origin = this.#reshapedFrom.get(value.name) ?? value;
    if (sameShape(origin.shape, shape)) return origin.name;
    const name = this.graph.add("Reshape", [origin.name, this.graph.integers(shape)]);
    this.#reshapedFrom.set(name, origin);
    const before = this.#transposedFrom.get(value.name);
    if (before && sameShape(longLengths(value.shape), longLengths(shape))) this.#transposedFrom.set(name, before);
    return name;
  }

  /** The name of `value` with its axes in the order `permutation`. */
  transposed(value: Core, permutation: readonly number[]): string {
    const source = this.source(value);
    const long = longAxes(value.shape);
    const axes = permutation
      .filter((axis) => long.includes(axis))
      .map((axis) => elementAt(source.axes, long.indexOf(axis)));
    const shape = permutation.map((axis) => elementAt(value.shape, axis));
    if (axes.every((axis, i) => i === 0 || axis > elementAt(axes, i - 1))) return this.reshaped(source.value, shape);
    const name = this.graph.add("Transpose", [value.name], { perm: permutation });
    this.#transposedFrom.set(name, { value: source.value, axes });
    return name;
  }
}
