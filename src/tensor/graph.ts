import { sha256 } from "@ictal/base/canonical";
import {
  type Attribute,
  type ElementType,
  encodeModel,
  type Initializer,
  type OnnxNode,
  type ValueInfo,
} from "./onnx-proto.js";

/**
 * The operator set of every traced graph: the first in which all reductions take their axes as an input, and old enough
 * that each execution provider of ONNX Runtime implements it.
 */
export const OPSET = 18;

type Elements = Float32Array | Int32Array | Uint8Array | BigInt64Array;

function bytesOf(values: Elements): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** A value of the graph that is an output of it, under the name in `info`. */
export interface Output {
  readonly info: ValueInfo;
  readonly value: string;
}

/**
 * The nodes with each output value renamed. A value that no node produces (an input, a constant) or that is an output
 * twice goes through an Identity node instead, which is a copy at run time.
 */
function withNamedOutputs(nodes: readonly OnnxNode[], outputs: readonly Output[]): OnnxNode[] {
  const produced = new Set(nodes.flatMap((node) => node.outputs));
  const renamed = new Map<string, string>();
  const copies: OnnxNode[] = [];
  for (const { info, value } of outputs) {
    if (produced.has(value) && !renamed.has(value)) renamed.set(value, info.name);
    else copies.push({ op: "Identity", inputs: [value], outputs: [info.name], attributes: {} });
  }
  const rename = (name: string) => renamed.get(name) ?? name;
  return [...nodes, ...copies].map((node) => ({
    ...node,
    inputs: node.inputs.map(rename),
    outputs: node.outputs.map(rename),
  }));
}

/** The nodes and initializers on which `outputs` depend, in their old order. */
function reachable(nodes: readonly OnnxNode[], outputs: Iterable<string>): { nodes: OnnxNode[]; names: Set<string> } {
  const names = new Set(outputs);
  const kept: OnnxNode[] = [];
  for (const node of [...nodes].reverse()) {
    if (!node.outputs.some((name) => names.has(name))) continue;
    kept.push(node);
    for (const input of node.inputs) names.add(input);
  }
  return { nodes: kept.reverse(), names };
}

/** An attribute as JSON in which all values differ; JSON itself has one for NaN and the infinities, and one for both zeros. */
function distinctAttribute(value: Attribute): unknown {
  const text = (number: number) => (Object.is(number, -0) ? "-0" : String(number));
  if (typeof value === "number") return { number: text(value) };
  if (typeof value === "string") return value;
  return "float" in value ? { float: text(value.float) } : { numbers: value.map(text) };
}

/** An ONNX graph under construction. Equal constants and equal nodes are stored once; what no output needs is excluded from the bytes. */
export class GraphBuilder {
  readonly #nodes: OnnxNode[] = [];
  readonly #initializers = new Map<string, Initializer>();
  /** Outputs by what produces them: every operator written here is a function of its inputs. */
  readonly #known = new Map<string, string>();
  readonly #producers = new Map<string, OnnxNode>();
  #serial = 0;

  #name(prefix: string): string {
    this.#serial += 1;
    return `${prefix}${this.#serial}`;
  }

  /**
   * The name of the one output of a node, appended unless an equal one is there. An empty input name omits the input.
   */
  add(op: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>> = {}): string {
    const key = JSON.stringify([
      op,
      inputs,
      Object.entries(attributes).map(([name, value]) => [name, distinctAttribute(value)]),
    ]);
    const known = this.#known.get(key);
    if (known) return known;
    const output = this.#name("t");
    this.#known.set(key, output);
    const node = { op, inputs, outputs: [output], attributes };
    this.#nodes.push(node);
    this.#producers.set(output, node);
    return output;
  }

  /** The node that produces a value; undefined for an input or a constant. */
  producer(name: string): OnnxNode | undefined {
    return this.#producers.get(name);
  }

  /** The name of a constant; the values are copied. */
  constant(values: Elements, type: ElementType, shape: readonly number[]): string {
    const bytes = bytesOf(values);
    const key = `${type}[${shape}]${bytes.byteLength <= 64 ? Buffer.from(bytes).toString("hex") : sha256(bytes)}`;
    const known = this.#initializers.get(key);
    if (known) return known.name;
    const name = this.#name("c");
    this.#initializers.set(key, { name, type, shape: [...shape], bytes: bytes.slice() });
    return name;
  }

  /** The name of a one-dimensional int64 constant: a shape, axes, starts, … */
  integers(values: readonly number[]): string {
    return this.constant(BigInt64Array.from(values, BigInt), "int64", [values.length]);
  }

  /** The bytes of an ONNX model with these inputs and outputs, and how many nodes it keeps. */
  encode(
    name: string,
    inputs: readonly ValueInfo[],
    outputs: readonly Output[],
  ): { bytes: Uint8Array; nodeCount: number } {
    const infos = outputs.map(({ info }) => info);
    const { nodes, names } = reachable(
      withNamedOutputs(this.#nodes, outputs),
      infos.map((info) => info.name),
    );
    const initializers = [...this.#initializers.values()].filter((initializer) => names.has(initializer.name));
    const bytes = encodeModel({ name, opset: OPSET, nodes, initializers, inputs, outputs: infos });
    return { bytes, nodeCount: nodes.length };
  }
}
