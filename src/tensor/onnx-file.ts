/** Networks of others in ONNX files: what they take and give, and running them. */
import { UnsupportedError } from "@ictal/base/errors";
import type { InferenceSession } from "onnxruntime-node";
import { PbfReader } from "pbf";
import { createOrtSession, PROVIDER } from "./onnx-executor.js";

/** An input or output; axes whose length is free are named by a text. */
export interface OnnxValue {
  readonly name: string;
  readonly type: string;
  readonly shape: readonly (number | string)[];
}

/** A network of one input and one or more outputs. */
export interface OnnxFile {
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /** Texts that the file says of itself (`metadata_props`). */
  readonly metadata: Readonly<Record<string, string>>;
  /** Run once: float32 `values` of `shape` into `input`; the numbers of `output` and their shape. */
  run(
    input: string,
    values: Float32Array,
    shape: readonly number[],
    output: string,
  ): Promise<{ readonly values: Float32Array; readonly shape: readonly number[] }>;
  dispose(): Promise<void>;
}

/** Field numbers of onnx.proto3: ModelProto.metadata_props, StringStringEntryProto.key and value. */
const METADATA_PROPS = 14;
const KEY = 1;
const VALUE = 2;

/** The texts that an ONNX model says of itself; a damaged file is left to the runtime to refuse. */
function metadataOf(bytes: Uint8Array): Record<string, string> {
  const entry = (tag: number, pair: [string, string], pbf: PbfReader) => {
    if (tag === KEY) pair[0] = pbf.readString();
    else if (tag === VALUE) pair[1] = pbf.readString();
  };
  const pairs: [string, string][] = [];
  try {
    new PbfReader(bytes).readFields((tag, found: [string, string][], pbf) => {
      if (tag === METADATA_PROPS) found.push(pbf.readMessage(entry, ["", ""]));
    }, pairs);
  } catch {
    return {};
  }
  return Object.fromEntries(pairs);
}

function valuesOf(metadata: readonly InferenceSession.ValueMetadata[]): OnnxValue[] {
  return metadata.map((value) =>
    value.isTensor
      ? { name: value.name, type: value.type, shape: value.shape }
      : { name: value.name, type: "no tensor", shape: [] },
  );
}

/** The executor's name where ONNX Runtime has a provider for it, else its CPU. */
function providerOf(executor: string): keyof typeof PROVIDER {
  return executor in PROVIDER ? (executor as keyof typeof PROVIDER) : "onnx-cpu";
}

/**
 * Open the bytes of an ONNX file on the device of the executor of that name. Throws an UnsupportedError with what the runtime
 * says when it cannot: another operator set, an operator of its own, weights in a file beside it.
 */
export async function openOnnxFile(bytes: Uint8Array, file: string, executor = "onnx-cpu"): Promise<OnnxFile> {
  const { ort, session } = await createOrtSession(providerOf(executor), bytes).catch((cause: Error) => {
    throw new UnsupportedError(
      `${file} cannot be opened by ONNX Runtime: ${cause.message}; expected one whole file (weights inside) of standard operators`,
      { cause },
    );
  });
  return {
    inputs: valuesOf(session.inputMetadata),
    outputs: valuesOf(session.outputMetadata),
    metadata: metadataOf(bytes),
    async run(input, values, shape, output) {
      const feeds = { [input]: new ort.Tensor("float32", values, [...shape]) };
      const found = (await session.run(feeds, [output]))[output];
      if (found?.type !== "float32")
        throw new UnsupportedError(`${file}: its output ${output} is ${found?.type ?? "absent"}; expected float32`);
      return { values: found.data as Float32Array, shape: found.dims }; // the type says so
    },
    dispose: () => session.release(),
  };
}
