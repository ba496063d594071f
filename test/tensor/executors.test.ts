import assert from "node:assert/strict";
import test from "node:test";
import { openExecutor } from "../../src/tensor/open.js";
import { batchNorm, conv1d } from "../../src/tensor/ops.js";
import type { Compiled, Program } from "../../src/tensor/program.js";
import { type Scalar, type Tensor, tf } from "../../src/tensor/tf.js";
import { bool, float, int, normals, randomFeeds, relativeError, sharedExecutor } from "./compare.js";

/** Adds `x` to a running sum; also says what the sum was before. */
const sumProgram: Program = {
  name: "running sum",
  identity: 1,
  inputs: { x: float(3), sum: float(3) },
  state: ["sum"],
  build: ({ x, sum }) => ({ before: tf.add(sum!, 0), sum: tf.add(sum!, x!) }),
};

/** Convolution, batch normalization and momentum descent: float and integer inputs, state, several outputs. */
function stepProgram(length: number): Program {
  return {
    name: "step",
    identity: { length },
    inputs: {
      x: float(4, length, 3),
      y: float(4, length, 5),
      rate: float(),
      w: float(5, 3, 5),
      g: float(5),
      m: float(5, 3, 5),
    },
    state: ["w", "g", "m"],
    build({ x, y, rate, w, g, m }) {
      const loss = (w: Tensor, g: Tensor) => {
        const hidden = batchNorm(conv1d(x!, w, { padding: "same" }), g, tf.zeros([5])).y;
        return tf.mean(tf.squaredDifference(tf.relu(hidden), y!)) as Scalar;
      };
      const { value, grads } = tf.valueAndGrads((...t: Tensor[]) => loss(t[0]!, t[1]!))([w!, g!]);
      const momentum = tf.add(tf.mul(m!, 0.9), grads[0]!);
      return {
        loss: value,
        w: tf.sub(w!, tf.mul(momentum, rate!)),
        g: tf.sub(g!, tf.mul(grads[1]!, rate!)),
        m: momentum,
      };
    },
  };
}

function stepState(): Record<string, Float32Array> {
  return { w: normals(75, 1).map((value) => value * 0.2), g: new Float32Array(5).fill(1), m: new Float32Array(75) };
}

/** Losses and final state of ten steps. */
async function tenSteps(
  compiled: Compiled,
  length: number,
): Promise<{ losses: number[]; state: Record<string, Float32Array> }> {
  compiled.setState(stepState());
  const losses: number[] = [];
  for (let i = 0; i < 10; i++) {
    const feeds = {
      x: normals(4 * length * 3, 10 + i),
      y: normals(4 * length * 5, 50 + i),
      rate: Float32Array.of(0.1),
    };
    losses.push((await compiled.run(feeds)).loss![0]!);
  }
  return { losses, state: await compiled.getState() };
}

for (const name of ["onnx-cpu", "cpu"]) {
  test(`${name} carries state from run to run and returns only what is not state`, async () => {
    const compiled = await (await sharedExecutor(name)).compile(sumProgram);
    const given = Float32Array.of(1, 2, 3);
    compiled.setState({ sum: given });
    given.fill(9);
    assert.deepEqual(await compiled.run({ x: Float32Array.of(1, 1, 1) }), { before: Float32Array.of(1, 2, 3) });
    const second = await compiled.run({ x: Float32Array.of(0, 0, 5) });
    assert.deepEqual(second, { before: Float32Array.of(2, 3, 4) });
    const state = await compiled.getState();
    assert.deepEqual(state, { sum: Float32Array.of(2, 3, 9) });
    state.sum!.fill(0);
    await compiled.run({ x: Float32Array.of(0, 0, 0) });
    assert.deepEqual(second, { before: Float32Array.of(2, 3, 4) }, "an earlier result is not overwritten");
    assert.deepEqual(await compiled.getState(), { sum: Float32Array.of(2, 3, 9) });
    await compiled.dispose();
  });

  test(`${name} runs calls that are not awaited one after another`, async () => {
    const compiled = await (await sharedExecutor(name)).compile(sumProgram);
    compiled.setState({ sum: new Float32Array(3) });
    const runs = [1, 2, 3].map((value) => compiled.run({ x: new Float32Array(3).fill(value) }));
    assert.throws(() => compiled.setState({ sum: new Float32Array(3) }), /setState while a run is pending/);
    assert.deepEqual(
      (await Promise.all(runs)).map((result) => result.before![0]),
      [0, 1, 3],
    );
    await compiled.dispose();
  });

  test(`${name} drops the next value of a state when the output that decides it is 0`, async () => {
    const compiled = await (await sharedExecutor(name)).compile({
      name: "gated sums",
      identity: 1,
      inputs: { x: float(3), gate: float(), gated: float(3), free: float(3), fixed: float(3) },
      state: ["gated", "free", "fixed"],
      conditionalState: { gated: "open" },
      build: ({ x, gate, gated, free, fixed }) => ({
        open: tf.mul(gate!, 2),
        gated: tf.add(gated!, x!),
        free: tf.add(free!, x!),
        fixed: fixed!,
      }),
    });
    compiled.setState({ gated: new Float32Array(3), free: new Float32Array(3), fixed: new Float32Array(3).fill(4) });
    const one = Float32Array.of(1, 1, 1);
    await compiled.run({ x: one, gate: Float32Array.of(1) });
    assert.deepEqual(await compiled.run({ x: one.map(() => Number.NaN), gate: Float32Array.of(0) }), {
      open: Float32Array.of(0),
    });
    assert.deepEqual(await compiled.getState(), {
      gated: one,
      free: one.map(() => Number.NaN),
      fixed: one.map(() => 4),
    });
    await compiled.run({ x: one, gate: Float32Array.of(1) });
    assert.deepEqual((await compiled.getState()).gated, Float32Array.of(2, 2, 2));
    await compiled.dispose();
  });

  test(`${name} refuses a deciding output that is not there, or a decided name that is not state`, async () => {
    const executor = await sharedExecutor(name);
    const kept = (conditionalState: Record<string, string>) => async () => {
      const compiled = await executor.compile({ ...sumProgram, conditionalState });
      compiled.setState({ sum: new Float32Array(3) });
      await compiled.run({ x: new Float32Array(3) });
    };
    await assert.rejects(kept({ sum: "open" }), /keeps state sum when open is 0, but returns no float32 scalar/);
    await assert.rejects(kept({ sum: "before" }), /keeps state sum when before is 0, but returns no float32 scalar/);
    await assert.rejects(kept({ total: "before" }), /conditionalState names total, which is not state/);
  });

  test(`${name} keeps the state of two compilations of one program apart`, async () => {
    const executor = await sharedExecutor(name);
    const [first, second] = [await executor.compile(sumProgram), await executor.compile(sumProgram)];
    first.setState({ sum: new Float32Array(3) });
    second.setState({ sum: new Float32Array(3).fill(7) });
    await first.run({ x: new Float32Array(3).fill(1) });
    assert.deepEqual((await second.getState()).sum, new Float32Array(3).fill(7));
    assert.equal(first.programHash, second.programHash);
    await Promise.all([first.dispose(), second.dispose()]);
  });

  test(`${name} says what is wrong with feeds and state`, async () => {
    const compiled = await (await sharedExecutor(name)).compile(sumProgram);
    await assert.rejects(compiled.run({ x: new Float32Array(3) }), /state sum has no value yet; call setState first/);
    await assert.rejects(compiled.getState(), /state sum has no value yet/);
    assert.throws(() => compiled.setState({ total: new Float32Array(3) }), /has no state total/);
    assert.throws(
      () => compiled.setState({ sum: new Float32Array(4) }),
      /sum has 4 values, but its shape \[3\] holds 3/,
    );
    compiled.setState({ sum: new Float32Array(3) });
    await assert.rejects(compiled.run({}), /input x is not fed/);
    await assert.rejects(compiled.run({ x: new Int32Array(3) }), /input x expects a Float32Array/);
    await assert.rejects(compiled.run({ x: new Float32Array(2) }), /input x has 2 values/);
    await assert.rejects(
      compiled.run({ x: new Float32Array(3), sum: new Float32Array(3) }),
      /sum is state; set it by setState/,
    );
    await assert.rejects(compiled.run({ x: new Float32Array(3), z: new Float32Array(3) }), /has no input z/);
    await compiled.dispose();
    await compiled.dispose();
    await assert.rejects(compiled.run({ x: new Float32Array(3) }), /is disposed/);
    assert.throws(() => compiled.setState({}), /is disposed/);
  });

  test(`${name} takes and gives int32 and bool tensors, inputs returned as they are, and one tensor under two names`, async () => {
    const compiled = await (await sharedExecutor(name)).compile({
      name: "types",
      identity: 1,
      inputs: { n: int(2, 2), q: bool(2), x: float(0, 3), s: float() },
      build: ({ n, q, x, s }) => {
        const twice = tf.mul(n!, tf.scalar(2, "int32"));
        return { n: n!, q: tf.logicalNot(q!), twice, again: twice, x: x!, constant: tf.fill([2], 3), s: s! };
      },
    });
    const fed = {
      n: Int32Array.of(1, -2, 3, 4),
      q: Uint8Array.of(1, 0),
      x: new Float32Array(0),
      s: Float32Array.of(5),
    };
    const result = await compiled.run(fed);
    const twice = Int32Array.of(2, -4, 6, 8);
    const constant = Float32Array.of(3, 3);
    assert.deepEqual(result, { ...fed, q: Uint8Array.of(0, 1), twice, again: twice, constant });
    assert.notEqual(result.n!.buffer, fed.n.buffer);
    await compiled.dispose();
  });

  test(`${name} leaves no tensor behind, neither after a run nor after a build that fails`, async () => {
    const executor = await openExecutor(name);
    const before = tf.memory().numTensors;
    const compiled = await executor.compile(stepProgram(9));
    await tenSteps(compiled, 9);
    const failing: Program = {
      ...sumProgram,
      identity: 2,
      build: ({ x, sum }) => {
        tf.grad((t) => {
          tf.square(t);
          throw new Error("on purpose");
        })(x!);
        return { sum: sum! };
      },
    };
    await assert.rejects(async () => {
      const broken = await executor.compile(failing);
      broken.setState({ sum: new Float32Array(3) });
      await broken.run({ x: new Float32Array(3) });
    }, /on purpose/);
    await executor.dispose();
    assert.equal(tf.memory().numTensors, before);
    assert.equal(tf.getBackend(), "cpu");
    await assert.rejects(compiled.getState(), /is disposed/);
  });

  test(`${name} refuses programs that contradict themselves`, async () => {
    const executor = await sharedExecutor(name);
    await assert.rejects(executor.compile({ ...sumProgram, state: ["total"] }), /state total is not among its inputs/);
    await assert.rejects(
      executor.compile({ ...sumProgram, inputs: { x: float(3), sum: int(3) } }),
      /state sum is int32/,
    );
    await assert.rejects(
      executor.compile({ ...sumProgram, inputs: { x: float(-1), sum: float(3) } }),
      /invalid shape of input x: \[-1\]/,
    );
    const run = async (build: Program["build"]) => {
      const compiled = await executor.compile({ ...sumProgram, identity: build.toString(), build });
      compiled.setState({ sum: new Float32Array(3) });
      await compiled.run({ x: new Float32Array(3) });
    };
    await assert.rejects(
      run(({ x }) => ({ y: x! })),
      /does not return its state sum/,
    );
    await assert.rejects(
      run(({ x }) => ({ sum: tf.slice(x!, 0, 2) })),
      /returns state sum as float32 \[2\], but it is declared float32 \[3\]/,
    );
    await assert.rejects(
      run(() => ({})),
      /returns no tensor/,
    );
  });
}

test("ten training steps on onnx-cpu follow those on cpu", async () => {
  for (const length of [16, 17]) {
    const program = stepProgram(length);
    const traced = await tenSteps(await (await sharedExecutor("onnx-cpu")).compile(program), length);
    const eager = await tenSteps(await (await sharedExecutor("cpu")).compile(program), length);
    assert.ok(relativeError(traced.losses, eager.losses) < 1e-5);
    for (const name of program.state!) assert.ok(relativeError(traced.state[name]!, eager.state[name]!) < 1e-4, name);
    assert.ok(traced.losses.at(-1)! < traced.losses[0]!, "descent lowers the loss");
  }
});

test("onnx-cpu gives the same bits run after run, in a second session, and with one thread as with two", async () => {
  const length = 700;
  const program = stepProgram(length);
  const results = [];
  for (const threads of [1, 2, 2]) {
    const executor = await openExecutor("onnx-cpu", { threads });
    const compiled = await executor.compile(program);
    results.push(await tenSteps(compiled, length), await tenSteps(compiled, length));
    await executor.dispose();
  }
  for (const result of results) assert.deepEqual(result, results[0]);
});

test("a training run that is interrupted and carried on with its state gives the same bits", async () => {
  const program = stepProgram(20);
  const executor = await sharedExecutor("onnx-cpu");
  const feeds = (i: number) => ({ x: normals(240, i), y: normals(400, 90 + i), rate: Float32Array.of(0.05) });
  const whole = await executor.compile(program);
  whole.setState(stepState());
  for (let i = 0; i < 10; i++) await whole.run(feeds(i));
  const first = await executor.compile(program);
  first.setState(stepState());
  for (let i = 0; i < 5; i++) await first.run(feeds(i));
  const second = await executor.compile(program);
  second.setState(await first.getState());
  for (let i = 5; i < 10; i++) await second.run(feeds(i));
  assert.deepEqual(await second.getState(), await whole.getState());
});

test("cpu and onnx-cpu may run at the same time, since neither relies on the current tfjs backend", async () => {
  const program = stepProgram(11);
  const compiled = await Promise.all(
    ["cpu", "onnx-cpu"].map(async (name) => (await sharedExecutor(name)).compile(program)),
  );
  const [eager, traced] = await Promise.all(compiled.map((each) => tenSteps(each, 11)));
  assert.ok(relativeError(traced!.losses, eager!.losses) < 1e-5);
});

test("the random feeds of these tests are the same in every run", () => {
  assert.deepEqual(randomFeeds({ x: float(4) }), randomFeeds({ x: float(4) }));
});
