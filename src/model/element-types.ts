/** Numbers of other types than float32, as files of weights hold them. */

/** A type of numbers: its bytes, and one element of a little-endian view as a number. */
export interface ElementType {
  readonly bytes: number;
  readonly read: (view: DataView, at: number) => number;
}

const scratch = new DataView(new ArrayBuffer(4));

/** The float32 whose upper half these 16 bits are. */
function bfloat16(bits: number): number {
  scratch.setUint32(0, bits << 16, true);
  return scratch.getFloat32(0, true);
}

/** IEEE 754 binary16. */
function float16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** By the names of safetensors. 64-bit integers become the nearest double. */
export const ELEMENT_TYPES: Readonly<Record<string, ElementType>> = {
  F64: { bytes: 8, read: (view, at) => view.getFloat64(at, true) },
  F32: { bytes: 4, read: (view, at) => view.getFloat32(at, true) },
  F16: { bytes: 2, read: (view, at) => float16(view.getUint16(at, true)) },
  BF16: { bytes: 2, read: (view, at) => bfloat16(view.getUint16(at, true)) },
  I64: { bytes: 8, read: (view, at) => Number(view.getBigInt64(at, true)) },
  I32: { bytes: 4, read: (view, at) => view.getInt32(at, true) },
  I16: { bytes: 2, read: (view, at) => view.getInt16(at, true) },
  I8: { bytes: 1, read: (view, at) => view.getInt8(at) },
  U8: { bytes: 1, read: (view, at) => view.getUint8(at) },
  BOOL: { bytes: 1, read: (view, at) => view.getUint8(at) },
};

/** Where the elements of a tensor lie in its storage, in elements, as PyTorch's views have it. */
export interface StridedLayout {
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly offset: number;
}

/** Number of elements of a shape. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** Strides of a row-major tensor. */
export function rowMajorStrides(shape: readonly number[]): number[] {
  const strides: number[] = [];
  let step = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = step;
    step *= shape[axis] ?? 1;
  }
  return strides;
}

/** One after the last element of the storage that a layout reaches; 0 for an empty tensor. */
export function reachOf({ shape, strides, offset }: StridedLayout): number {
  if (elementCount(shape) === 0) return 0;
  return shape.reduce((end, length, axis) => end + (length - 1) * (strides[axis] ?? 0), offset) + 1;
}

/** The elements of a view in row-major order, rounded to float32; a copy. The storage has to reach far enough (`reachOf`). */
export function gatherElements(storage: Uint8Array, type: ElementType, layout: StridedLayout): Float32Array {
  const { shape, strides, offset } = layout;
  const out = new Float32Array(elementCount(shape));
  const view = new DataView(storage.buffer, storage.byteOffset, storage.byteLength);
  const isRowMajor = rowMajorStrides(shape).every((step, axis) => step === strides[axis] || shape[axis] === 1);
  if (isRowMajor) {
    for (let i = 0; i < out.length; i++) out[i] = type.read(view, (offset + i) * type.bytes);
    return out;
  }
  const index = new Array<number>(shape.length).fill(0);
  let at = offset;
  for (let i = 0; i < out.length; i++) {
    out[i] = type.read(view, at * type.bytes);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis] = (index[axis] ?? 0) + 1;
      at += strides[axis] ?? 0;
      if ((index[axis] ?? 0) < (shape[axis] ?? 0)) break;
      at -= (strides[axis] ?? 0) * (shape[axis] ?? 0);
      index[axis] = 0;
    }
  }
  return out;
}
