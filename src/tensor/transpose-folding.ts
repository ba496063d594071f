import type { GraphBuilder } from "./graph.js";

/** An ONNX value and its shape. */
export interface Core {
  readonly name: string;
  readonly shape: readonly number[];
}

/** Where a value comes from when it is another one reshaped and turned. */
export interface Source {
  readonly value: Core;
  /** Its axes longer than 1 in the order in which they follow each other in the value that was made from it. */
  readonly axes: readonly number[];
}

/** A value and which of its axes are, in order, those of the value that was made from it. */
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

/** Reshapes and transposes of one graph: a chain of them that undoes itself leaves no node behind. */
export class Views {
  /** What a value was reshaped from. */
  readonly #unshaped = new Map<string, Core>();
  /** What a value was turned from; axes of length 1 may have come and gone since. */
  readonly #unturned = new Map<string, Source>();

  constructor(readonly graph: GraphBuilder) {}

  /** Where `value` comes from: itself, unless transposes made it. */
  source(value: Core): Source {
    return this.#unturned.get(value.name) ?? { value, axes: longAxes(value.shape) };
  }

  /** What `value` was turned from, when that is an image [B, C, H, W] and it the same with channels last. */
  layout(value: Core): Layout | undefined {
    const turned = this.#unturned.get(value.name);
    if (!turned || turned.value.shape.length !== value.shape.length) return undefined;
    const long = [...turned.axes];
    const short = turned.value.shape.flatMap((length, axis) => (length === 1 ? [axis] : []));
    const axes = value.shape.map((length) => (length === 1 ? short.shift()! : long.shift()!));
    return sameShape(axes, CHANNELS_LAST) ? { core: turned.value, axes } : undefined;
  }

  /** The name of `value` in row-major order under another shape of equal size. */
  reshaped(value: Core, shape: readonly number[]): string {
    const origin = this.#unshaped.get(value.name) ?? value;
    if (sameShape(origin.shape, shape)) return origin.name;
    const name = this.graph.add("Reshape", [origin.name, this.graph.integers(shape)]);
    this.#unshaped.set(name, origin);
    const turned = this.#unturned.get(value.name);
    if (turned && sameShape(longLengths(value.shape), longLengths(shape))) this.#unturned.set(name, turned);
    return name;
  }

  /** The name of `value` with its axes in the order `permutation`. */
  transposed(value: Core, permutation: readonly number[]): string {
    const source = this.source(value);
    const long = longAxes(value.shape);
    const axes = permutation.filter((axis) => long.includes(axis)).map((axis) => source.axes[long.indexOf(axis)]!);
    const shape = permutation.map((axis) => value.shape[axis]!);
    if (axes.every((axis, i) => i === 0 || axis > axes[i - 1]!)) return this.reshaped(source.value, shape);
    const name = this.graph.add("Transpose", [value.name], { perm: permutation });
    this.#unturned.set(name, { value: source.value, axes });
    return name;
  }
}
