import assert from "node:assert/strict";
import test from "node:test";
import { isIctalError } from "@ictal/base/errors";
import { PbfReader } from "pbf";
import { GraphBuilder } from "../../src/tensor/graph.js";
import { registerTraceKernel } from "../../src/tensor/kernels.js";
import type { Attribute } from "../../src/tensor/onnx-proto.js";
import type { Program } from "../../src/tensor/program.js";
import { type Tensor, type Tensor2D, type Tensor4D, tf } from "../../src/tensor/tf.js";
import { traceProgram } from "../../src/tensor/trace.js";
import { float, int, runOnce, sharedExecutor } from "./compare.js";

function program(inputs: Program["inputs"], build: Program["build"]): Program {
  return { name: "under test", identity: build.toString(), inputs, build };
}

/** Operators and constants of a model, by a reader of our own. */
function contents(bytes: Uint8Array): { ops: string[]; constantBytes: number[] } {
  const found = { ops: [] as string[], constantBytes: [] as number[] };
  new PbfReader(bytes).readFields((tag, _, pbf) => {
    if (tag === 7) pbf.readMessage(readGraph, found);
  }, found);
  return found;
}

function readGraph(tag: number, found: { ops: string[]; constantBytes: number[] }, pbf: PbfReader): void {
  if (tag === 1) pbf.readMessage((field, out, node) => void (field === 4 && out.ops.push(node.readString())), found);
  if (tag === 5)
    pbf.readMessage((field, out, init) => void (field === 9 && out.constantBytes.push(init.readBytes().length)), found);
}

test("a constant of one repeated value takes a few bytes, whatever its shape", () => {
  const { bytes } = traceProgram(
    program({ x: float(64, 64) }, ({ x }) => ({
      y: tf.matMul(tf.fill([64, 64], 0.5), x as Tensor2D),
      z: tf.zeros([1000]),
    })),
  );
  assert.ok(bytes.length < 600, `${bytes.length} bytes`);
});

test("broadcasting by tensors of ones computes nothing of full size before it has to", () => {
  const traced = traceProgram(
    program({ x: float(8, 100) }, ({ x }) => ({ y: tf.grad((t) => tf.mean(tf.square(t)))(x!) })),
  );
  const { ops } = contents(traced.bytes);
  assert.ok(!ops.includes("Expand") && !ops.includes("Tile"), ops.join());
});

test("adding 0 and multiplying or dividing by 1 leave no node", () => {
  const { ops } = contents(
    traceProgram(
      program({ x: float(3) }, ({ x }) => ({ y: tf.div(tf.mul(tf.sub(tf.add(0, x!), 0), tf.ones([3])), 1) })),
    ).bytes,
  );
  assert.deepEqual(ops, ["Identity"]);
});

test("what is cut at one end and padded at the other is moved by one node; what is cut and padded at one end is not", () => {
  const moved = (before: number, after: number, start: number) =>
    contents(
      traceProgram(
        program({ x: float(2, 8) }, ({ x }) => ({
          y: tf.pad(tf.slice(x!, [0, start], [2, 5]), [
            [0, 0],
            [before, after],
          ]),
        })),
      ).bytes,
    ).ops;
  assert.deepEqual(moved(3, 0, 0), ["Pad"]);
  assert.deepEqual(moved(0, 3, 3), ["Pad"]);
  assert.deepEqual(moved(1, 0, 3), ["Slice", "Pad"]);
  assert.deepEqual(moved(0, 1, 0), ["Slice", "Pad"]);
});

test("images stay channels first between convolutions, biases go into them, and views that undo each other vanish", () => {
  const traced = traceProgram(
    program({ x: float(2, 1, 8, 3), w: float(4, 3, 5), v: float(1, 1, 4, 4), b: float(4) }, ({ x, w, v, b }) => {
      const filter = tf.reshape(tf.transpose(w!, [2, 1, 0]), [1, 5, 3, 4]) as Tensor4D; // as a layer turns PyTorch's
      const h = tf.relu(tf.add(tf.conv2d(x as Tensor4D, filter, 1, "same"), b!)) as Tensor4D;
      const centred = tf.sub(h, tf.mean(h, [0, 1, 2], true)) as Tensor4D;
      return { y: tf.conv2d(tf.concat([centred, h], 2), v as Tensor4D, 1, "same") };
    }),
  );
  const { ops } = contents(traced.bytes);
  const count = (op: string) => ops.filter((each) => each === op).length;
  assert.deepEqual([count("Transpose"), count("Add"), count("Conv")], [3, 0, 2], ops.join()); // x, v and y
});

test("state that a program returns as it got it is no output of the graph", () => {
  const traced = traceProgram({
    ...program({ x: float(3), w: float(3) }, ({ x, w }) => ({ y: tf.mul(x!, w!), w: w! })),
    state: ["w"],
  });
  assert.deepEqual([traced.outputNames, traced.fixed], [["y"], ["w"]]);
});

test("equal constants are stored once and what no output needs is excluded", () => {
  const values = Array.from({ length: 100 }, (_, i) => i);
  const traced = traceProgram(
    program({ x: float(100) }, ({ x }) => {
      tf.exp(tf.mul(x!, tf.tensor1d(values.map((value) => -value))));
      return { y: tf.mul(tf.add(x!, tf.tensor1d(values)), tf.tensor1d(values)) };
    }),
  );
  const { ops, constantBytes } = contents(traced.bytes);
  assert.deepEqual(ops, ["Add", "Mul"]);
  assert.equal(traced.nodeCount, 2);
  assert.deepEqual(constantBytes, [400]);
});

test("GraphBuilder stores integer lists once", () => {
  const graph = new GraphBuilder();
  assert.equal(graph.integers([1, 2]), graph.integers([1, 2]));
  assert.notEqual(graph.integers([1, 2]), graph.integers([2, 1]));
  assert.notEqual(
    graph.constant(Float32Array.of(1), "float32", []),
    graph.constant(Float32Array.of(1), "float32", [1]),
  );
});

test("GraphBuilder takes nodes for one only when every attribute is the same number", () => {
  const graph = new GraphBuilder();
  const numbers = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 1e-45, 1];
  const attributes: Record<string, Attribute>[] = [
    ...numbers.map((float) => ({ a: { float } })),
    ...numbers.map((number) => ({ a: number })),
    ...numbers.map((number) => ({ a: [number] })),
    { a: "NaN" },
    { a: [1, 1] },
    {},
    { a: 1, b: 1 },
  ];
  const made = () => attributes.map((each) => graph.add("Op", ["x"], each));
  const first = made();
  assert.equal(new Set(first).size, attributes.length);
  assert.deepEqual(made(), first);
  assert.notEqual(graph.add("Op", ["x,y"]), graph.add("Op", ["x", "y"]));
});

test("the same program gives the same bytes", () => {
  const traced = () => traceProgram(program({ x: float(2, 3) }, ({ x }) => ({ y: tf.softmax(tf.mul(x!, 2)) }))).bytes;
  assert.deepEqual(traced(), traced());
});

test("a kernel that cannot be traced is named, with what to do", () => {
  const unknown = program({ x: float(4, 4) }, ({ x }) => ({ y: tf.topk(x!, 2).values }));
  assert.throws(
    () => traceProgram(unknown),
    (error) =>
      isIctalError(error, "UnsupportedError") &&
      /kernel TopK, .*registerTraceKernel\("TopK", …\).*executor "cpu"/.test(error.message),
  );
  assert.equal(tf.getBackend(), "cpu");
  assert.equal(tf.memory().numTensors, 0);
});

test("registerTraceKernel(name, record) adds a kernel", async () => {
  const sinhc = program({ x: float(3) }, ({ x }) => ({ y: tf.engine().runKernel("Atanh", { x: x! }) as Tensor }));
  assert.throws(() => traceProgram(sinhc), /kernel Atanh/);
  registerTraceKernel("Atanh", (backend, inputs) => backend.elementwise("Atanh", [inputs.x!], "float32"));
  const { y } = await runOnce(await sharedExecutor("onnx-cpu"), sinhc, { x: Float32Array.of(0, 0.5, -0.5) });
  assert.ok(Math.abs(y![1]! - Math.atanh(0.5)) < 1e-6);
});

test("reading a value while tracing is refused with what to do instead", () => {
  const reading = program({ x: float(2) }, ({ x }) => ({ y: tf.mul(x!, x!.dataSync()[0]!) }));
  assert.throws(
    () => traceProgram(reading),
    /reads the value of a tensor .* compute with tensorflow.js operations instead/,
  );
});

test("tracing within a build is refused", () => {
  const inner = program({ x: float(2) }, ({ x }) => ({ y: x! }));
  const outer = program({ x: float(2) }, ({ x }) => {
    traceProgram(inner);
    return { y: x! };
  });
  assert.throws(() => traceProgram(outer), /compiled inside another program's build/);
  assert.equal(traceProgram(inner).nodeCount, 1, "and leaves the tracer usable");
});

test("string tensors are refused", () => {
  assert.throws(
    () => traceProgram(program({ x: int(2) }, () => ({ y: tf.tensor(["a", "b"]) }))),
    /cannot hold string tensors/,
  );
});

test("tensors made outside a program become constants of it and stay usable", async () => {
  const outside = tf.tensor1d([1, 2, 4]);
  const kept: Tensor[] = [];
  const build: Program["build"] = ({ x }) => {
    if (kept.length === 0) kept.push(tf.keep(tf.tensor1d([0, 1, 0])), tf.keep(tf.ones([3])));
    return { y: tf.add(tf.mul(x!, outside), tf.add(kept[0]!, kept[1]!)) };
  };
  const x = Float32Array.of(1, 1, 1);
  for (const name of ["onnx-cpu", "cpu", "onnx-cpu"]) {
    const executor = await sharedExecutor(name);
    const { y } = await runOnce(executor, { ...program({ x: float(3) }, build), identity: Math.random() }, { x });
    assert.deepEqual(y, Float32Array.of(2, 4, 5), name);
  }
  assert.deepEqual(Array.from(outside.dataSync()), [1, 2, 4]);
  tf.dispose([outside, ...kept]);
  assert.equal(tf.memory().numTensors, 0);
});
