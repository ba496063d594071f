import { UnsupportedError } from "@ictal/base/errors";
import { elementAt } from "../base/lookup.js";
import { type Elements, expanded, isConstantFill } from "./elements.js";
import { GraphBuilder } from "./graph.js";
import { type Attribute, ELEMENT_TYPE } from "./onnx-proto.js";
import { ARRAY_OF, elementType, sizeOf, type TensorSpec } from "./program.js";
import {
  type DataId,
  type DataType,
  type KernelBackend,
  type NamedAttrMap,
  type NamedTensorInfoMap,
  type TensorInfo,
  tf,
} from "./tf.js";
import { type Core, type Layout, type Source, sameShape, TransposeFolding } from "./transpose-folding.js";

/**
 * What the backend knows of a tensor. The tensor's value is its core, broadcast to the tensor's shape (NumPy's rules):
 * a tensor of ones has a core of shape [], so nothing of full size is stored or computed until a kernel needs it.
 * A constant keeps its values, a computed tensor the name of its ONNX value.
 */
interface Value {
  readonly coreShape: readonly number[];
  readonly elements?: Elements;
  /** Elements of the tensor, not of the core. */
  readonly size: number;
  name?: string;
  references: number;
}

/** A kernel that a program calls while it is traced. */
export interface KernelCall {
  /** Its name in tfjs. */
  readonly kernelName: string;
  readonly inputs: NamedTensorInfoMap;
  readonly attributes: NamedAttrMap;
  readonly outputs: TensorInfo | TensorInfo[];
  /** Whether a tensor is the same in every run: made by the program and not from its inputs. */
  isConstant(tensor: TensorInfo): boolean;
}

/** Called for every kernel call of a program, in order. */
export type KernelObserver = (call: KernelCall) => void;

/** An execution provider of ONNX Runtime. */
export type Provider = "cpu" | "cuda" | "webgpu";

/** The ONNX value that a tensor is a slice of. */
interface SliceOrigin {
  readonly from: string;
  readonly shape: readonly number[];
  readonly starts: readonly number[];
}

/** The shape of an elementwise result. */
export function broadcastShape(shapes: readonly (readonly number[])[]): number[] {
  return shapes.reduce<number[]>((a, b) => tf.backend_util.assertAndGetBroadcastShape(a, [...b]), []);
}

/**
 * A tfjs backend that computes nothing: its kernels append ONNX nodes to `graph`. One instance serves one trace.
 * Tensors that live on another backend (made outside the program) are read from there and become constants.
 */
export class TraceBackend implements KernelBackend {
  readonly graph = new GraphBuilder();
  /** By tensor that is a slice of another with steps of 1: the name and shape of that one and where the slice begins. */
  readonly slices = new Map<DataId, SliceOrigin>();
  readonly #values = new Map<DataId, Value>();
  readonly #folding = new TransposeFolding(this.graph);

  constructor(
    readonly observe?: KernelObserver,
    /** What the graph is for; undefined for any. */
    readonly provider?: Provider,
  ) {}

  /** A tensor that the caller of the graph provides under `name`. */
  input(name: string, spec: TensorSpec): TensorInfo {
    return this.computed(name, spec.shape, spec.dtype);
  }

  /** The tensor `core` broadcast to `shape`; `core` already has that shape unless its own shape is given. */
  computed(core: string, shape: readonly number[], dtype: DataType, coreShape: readonly number[] = shape): TensorInfo {
    return this.#register({ coreShape: [...coreShape], name: core, references: 1, size: sizeOf(shape) }, shape, dtype);
  }

  /** A constant tensor with one value everywhere. */
  filled(value: number, shape: readonly number[], dtype: DataType): TensorInfo {
    const elements = ARRAY_OF[elementType(dtype)].of(value);
    return this.#register({ coreShape: [], elements, references: 1, size: sizeOf(shape) }, shape, dtype);
  }

  /** The tensor in row-major order under another shape of equal size. */
  reshaped(tensor: TensorInfo, shape: readonly number[]): TensorInfo {
    if (sameShape(tensor.shape, shape)) return this.shared(tensor);
    const refilled = this.refilled(tensor, shape);
    if (refilled) return refilled;
    return this.computed(
      this.#folding.reshaped({ name: this.dense(tensor), shape: tensor.shape }, shape),
      shape,
      tensor.dtype,
    );
  }

  /** The tensor with its axes in the order `permutation`. */
  transposed(tensor: TensorInfo, permutation: readonly number[]): TensorInfo {
    const shape = permutation.map((axis) => elementAt(tensor.shape, axis));
    if (permutation.every((axis, i) => axis === i)) return this.shared(tensor);
    const refilled = this.refilled(tensor, shape);
    if (refilled) return refilled;
    const name = this.#folding.transposed({ name: this.dense(tensor), shape: tensor.shape }, permutation);
    return this.computed(name, shape, tensor.dtype);
  }

  /** The node whose result the tensor is, but for its shape and the order of its axes; undefined for an input or constant. */
  source(tensor: TensorInfo): Source {
    return this.#folding.source({ name: this.dense(tensor), shape: tensor.shape });
  }

  /** The tensor with its elements converted; to bool, whatever is not 0 is true. */
  cast(tensor: TensorInfo, dtype: DataType): TensorInfo {
    return this.elementwise("Cast", [tensor], dtype, { to: ELEMENT_TYPE[elementType(dtype)] });
  }

  /** The tensor broadcast to the common shape of `operands`, with nothing computed. */
  broadcast(tensor: TensorInfo, operands: readonly TensorInfo[]): TensorInfo {
    return this.widened(tensor, broadcastShape(operands.map((operand) => operand.shape)));
  }

  /** The tensor broadcast to `shape`, with nothing computed. */
  widened(tensor: TensorInfo, shape: readonly number[]): TensorInfo {
    return this.#register({ ...this.#value(tensor), references: 1, size: sizeOf(shape) }, shape, tensor.dtype);
  }

  /** The same value under another shape of equal size, if that costs nothing: only for tensors of one repeated value. */
  refilled(tensor: TensorInfo, shape: readonly number[]): TensorInfo | undefined {
    const value = this.#value(tensor);
    if (sizeOf(value.coreShape) !== 1) return undefined;
    if (value.elements)
      return this.#register({ ...value, coreShape: [], references: 1, size: sizeOf(shape) }, shape, tensor.dtype);
    const core = this.core(tensor);
    const name = core.shape.length === 0 ? core.name : this.graph.add("Reshape", [core.name, this.graph.integers([])]);
    return this.#register({ coreShape: [], name, references: 1, size: sizeOf(shape) }, shape, tensor.dtype);
  }

  /** Another tensor of the same value. */
  shared(tensor: TensorInfo): TensorInfo {
    const value = this.#value(tensor);
    return this.#register({ ...value, references: 1 }, tensor.shape, tensor.dtype);
  }

  /** The value of a constant tensor whose elements are all equal, else undefined. */
  constantFill(tensor: TensorInfo): number | undefined {
    const { elements } = this.#value(tensor);
    return elements?.length === 1 ? elements[0] : undefined;
  }

  /** Whether the tensor is the same in every run. */
  isConstant(tensor: TensorInfo): boolean {
    return this.#value(tensor).elements !== undefined;
  }

  /** The smallest ONNX value that broadcasts to the tensor. */
  core(tensor: TensorInfo): Core {
    const value = this.#value(tensor);
    if (value.name === undefined) {
      if (value.elements === undefined) throw new RangeError("invalid tensor: neither a constant nor computed");
      value.name = this.graph.constant(value.elements, elementType(tensor.dtype), value.coreShape);
    }
    return { name: value.name, shape: value.coreShape };
  }

  /** The name of the ONNX value that has exactly the tensor's shape. */
  dense(tensor: TensorInfo): string {
    const core = this.core(tensor);
    if (sameShape(core.shape, tensor.shape)) return core.name;
    return this.graph.add("Expand", [core.name, this.graph.integers(tensor.shape)]);
  }

  /** The name of a scalar constant. */
  scalar(value: number, dtype: DataType = "float32"): string {
    const type = elementType(dtype);
    return this.graph.constant(ARRAY_OF[type].of(value), type, []);
  }

  /** Record an elementwise node on the cores of its operands; the result is broadcast to the operands' common shape. */
  elementwise(
    op: string,
    operands: readonly TensorInfo[],
    dtype: DataType,
    attributes: Readonly<Record<string, Attribute>> = {},
  ): TensorInfo {
    const shape = broadcastShape(operands.map((operand) => operand.shape));
    const layout = this.#commonLayout(operands, shape);
    const cores = layout
      ? operands.map((operand) => this.#inLayoutOf(operand, layout))
      : operands.map((operand) => this.core(operand));
    const name = this.graph.add(
      op,
      cores.map((core) => core.name),
      attributes,
    );
    if (layout) return this.inLayout({ name, shape: layout.core.shape }, layout.axes, dtype);
    return this.computed(name, shape, dtype, broadcastShape(cores.map((core) => core.shape)));
  }

  /** The layout before the transpose that produced the tensor; undefined for any other. Work done there may save the transpose. */
  layout(tensor: TensorInfo): Layout | undefined {
    const core = this.core(tensor);
    return sameShape(core.shape, tensor.shape) ? this.#folding.layout(core) : undefined;
  }

  /** The tensor whose axis i is axis `axes[i]` of the value. */
  inLayout(core: Core, axes: readonly number[], dtype: DataType): TensorInfo {
    const shape = axes.map((axis) => elementAt(core.shape, axis));
    return this.computed(this.#folding.transposed(core, axes), shape, dtype);
  }

  /** The layout of the first operand of full size that has one: to transpose the others costs less than to transpose it back. */
  #commonLayout(operands: readonly TensorInfo[], shape: readonly number[]): Layout | undefined {
    const isFull = (operand: TensorInfo) => sizeOf(this.core(operand).shape) === sizeOf(shape);
    return operands
      .filter(isFull)
      .map((operand) => this.layout(operand))
      .find(
        (layout) =>
          layout &&
          sameShape(
            layout.axes.map((axis) => elementAt(layout.core.shape, axis)),
            shape,
          ),
      );
  }

  /** The operand in that layout; broadcast axes keep their length 1. */
  #inLayoutOf(operand: TensorInfo, { axes }: Layout): Core {
    const own = this.layout(operand);
    if (own && sameShape(own.axes, axes)) return own.core;
    const core = this.core(operand);
    if (core.shape.length === 0) return core;
    const wide = [...Array<number>(axes.length - core.shape.length).fill(1), ...core.shape];
    const order = axes.map((_, i) => axes.indexOf(i));
    const name = this.#folding.transposed({ name: this.#folding.reshaped(core, wide), shape: wide }, order);
    return { name, shape: order.map((axis) => elementAt(wide, axis)) };
  }

  #register(value: Value, shape: readonly number[], dtype: DataType): TensorInfo {
    const dataId = {};
    this.#values.set(dataId, value);
    return { dataId, shape: [...shape], dtype };
  }

  #value(tensor: TensorInfo): Value {
    const known = this.#values.get(tensor.dataId);
    if (known) return known;
    const elements = tf.engine().readSync(tensor.dataId) as Elements; // from the backend on which it was made
    return this.#constant(tensor.dataId, elements, tensor.shape, tensor.dtype);
  }

  #constant(dataId: DataId, values: Elements, shape: readonly number[], dtype: DataType): Value {
    const typed = ARRAY_OF[elementType(dtype)].from(values);
    const value: Value = isConstantFill(typed)
      ? { coreShape: [], elements: typed.slice(0, 1), references: 1, size: typed.length }
      : { coreShape: [...shape], elements: typed, references: 1, size: typed.length };
    this.#values.set(dataId, value);
    return value;
  }

  // The rest is what tfjs's engine asks of a backend.

  write(values: unknown, shape: number[], dtype: DataType): DataId {
    const dataId = {};
    this.#constant(dataId, values as Elements, shape, dtype);
    return dataId;
  }

  move(dataId: DataId, values: unknown, shape: number[], dtype: DataType, references: number): void {
    this.#constant(dataId, values as Elements, shape, dtype).references = references;
  }

  readSync(dataId: DataId): Elements {
    const value = this.#values.get(dataId);
    if (value?.elements) return expanded(value.elements, value.size);
    throw new UnsupportedError(
      "a traced program reads the value of a tensor (dataSync, arraySync, data or print), but while it is traced there is none; " +
        "compute with tensorflow.js operations instead, or return the tensor as an output",
    );
  }

  async read(dataId: DataId): Promise<Elements> {
    return this.readSync(dataId);
  }

  refCount(dataId: DataId): number {
    return this.#values.get(dataId)?.references ?? 0;
  }

  incRef(dataId: DataId): void {
    const value = this.#values.get(dataId);
    if (value) value.references += 1;
  }

  disposeData(dataId: DataId, force = false): boolean {
    const value = this.#values.get(dataId);
    if (!value) return true;
    value.references -= 1;
    if (!force && value.references > 0) return false;
    this.#values.delete(dataId);
    this.slices.delete(dataId);
    return true;
  }

  numDataIds(): number {
    return this.#values.size;
  }

  memory(): { unreliable: boolean } {
    return { unreliable: true };
  }

  floatPrecision(): 32 {
    return 32;
  }

  epsilon(): number {
    return 1e-7;
  }

  timerAvailable(): boolean {
    return false;
  }

  time(): never {
    throw new UnsupportedError("a traced program cannot time its operations");
  }

  readToGPU(): never {
    throw new UnsupportedError("a traced program has no GPU tensors");
  }

  createTensorFromGPUData(): never {
    throw new UnsupportedError("a traced program has no GPU tensors");
  }

  /** Constants stay readable, for tensors that the program kept (`tf.keep`) beyond its build. */
  dispose(): void {}
}
