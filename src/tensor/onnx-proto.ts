/**
 * ONNX models as protobuf bytes. Field numbers are those of onnx.proto3 (ONNX 1.14); only the messages that a traced
 * graph needs are written.
 */
import { PbfWriter } from "pbf";

/** Element types we write, with their number in `TensorProto.DataType`. */
export const ELEMENT_TYPE = { float32: 1, int32: 6, int64: 7, bool: 9 } as const;
export type ElementType = keyof typeof ELEMENT_TYPE;

/** An attribute: an integer, a list of integers, a string, or a float (wrapped, since 1 and 1.0 look alike here). */
export type Attribute = number | readonly number[] | string | { readonly float: number };

export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** A tensor that is part of the model; `bytes` are its little-endian elements in row-major order. */
export interface Initializer {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

/** An input or output of the model. */
export interface ValueInfo {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
}

export interface OnnxModel {
  readonly name: string;
  readonly opset: number;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly Initializer[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
}

/** Version 8 of the ONNX file format is the one that goes with opset 18. */
const IR_VERSION = 8;
const ATTRIBUTE_FLOAT = 1;
const ATTRIBUTE_INT = 2;
const ATTRIBUTE_STRING = 3;
const ATTRIBUTE_INTS = 7;

function writeAttribute([name, value]: [string, Attribute], pbf: PbfWriter): void {
  pbf.writeStringField(1, name);
  if (typeof value === "number") {
    pbf.writeVarintField(3, value);
    pbf.writeVarintField(20, ATTRIBUTE_INT);
  } else if (typeof value === "string") {
    pbf.writeBytesField(4, Buffer.from(value));
    pbf.writeVarintField(20, ATTRIBUTE_STRING);
  } else if ("float" in value) {
    pbf.writeFloatField(2, value.float);
    pbf.writeVarintField(20, ATTRIBUTE_FLOAT);
  } else {
    for (const item of value) pbf.writeVarintField(8, item);
    pbf.writeVarintField(20, ATTRIBUTE_INTS);
  }
}

function writeNode(node: OnnxNode, pbf: PbfWriter): void {
  for (const input of node.inputs) pbf.writeStringField(1, input);
  for (const output of node.outputs) pbf.writeStringField(2, output);
  pbf.writeStringField(4, node.op);
  for (const entry of Object.entries(node.attributes)) pbf.writeMessage(5, writeAttribute, entry);
}

function writeInitializer({ name, type, shape, bytes }: Initializer, pbf: PbfWriter): void {
  for (const length of shape) pbf.writeVarintField(1, length);
  pbf.writeVarintField(2, ELEMENT_TYPE[type]);
  pbf.writeStringField(8, name);
  pbf.writeBytesField(9, bytes);
}

function writeDimension(length: number, pbf: PbfWriter): void {
  pbf.writeVarintField(1, length);
}

function writeShape(shape: readonly number[], pbf: PbfWriter): void {
  for (const length of shape) pbf.writeMessage(1, writeDimension, length);
}

function writeTensorType(info: ValueInfo, pbf: PbfWriter): void {
  pbf.writeVarintField(1, ELEMENT_TYPE[info.type]);
  pbf.writeMessage(2, writeShape, info.shape);
}

function writeValueInfo(info: ValueInfo, pbf: PbfWriter): void {
  pbf.writeStringField(1, info.name);
  pbf.writeMessage(2, (inner: ValueInfo, type: PbfWriter) => type.writeMessage(1, writeTensorType, inner), info);
}

function writeGraph(model: OnnxModel, pbf: PbfWriter): void {
  for (const node of model.nodes) pbf.writeMessage(1, writeNode, node);
  pbf.writeStringField(2, model.name);
  for (const initializer of model.initializers) pbf.writeMessage(5, writeInitializer, initializer);
  for (const info of model.inputs) pbf.writeMessage(11, writeValueInfo, info);
  for (const info of model.outputs) pbf.writeMessage(12, writeValueInfo, info);
}

function writeOpset(opset: number, pbf: PbfWriter): void {
  pbf.writeStringField(1, ""); // the default ONNX domain
  pbf.writeVarintField(2, opset);
}

function writeText([key, value]: [string, string], pbf: PbfWriter): void {
  pbf.writeStringField(1, key);
  pbf.writeStringField(2, value);
}

/** An `.onnx` file with texts about itself (`metadata_props`): fields of a protobuf message may follow in any order. */
export function withMetadata(bytes: Uint8Array, metadata: Readonly<Record<string, string>>): Uint8Array {
  const pbf = new PbfWriter();
  for (const entry of Object.entries(metadata)) pbf.writeMessage(14, writeText, entry);
  return Buffer.concat([bytes, pbf.finish()]);
}

/** The bytes of an `.onnx` file. */
export function encodeModel(model: OnnxModel): Uint8Array {
  const pbf = new PbfWriter();
  pbf.writeVarintField(1, IR_VERSION);
  pbf.writeStringField(2, "ictal");
  pbf.writeMessage(7, writeGraph, model);
  pbf.writeMessage(8, writeOpset, model.opset);
  return pbf.finish();
}
