import { createRandom } from "../../src/base/random.js";
import { createDetector } from "../../src/model/detector.js";
import { mamba2, mamba2Specs } from "../../src/model/mamba2.js";
import { initialValues, type ParameterValues } from "../../src/model/parameters.js";
import { batchNorm } from "../../src/tensor/ops.js";
import { type Feed, type Program, sizeOf, type TensorSpec } from "../../src/tensor/program.js";
import { type Scalar, type Tensor, type Tensor4D, tf } from "../../src/tensor/tf.js";
import { createPredictProgram } from "../../src/training/predict-program.js";
import { createTrainProgram, initialState } from "../../src/training/train-program.js";

/** A program to time, the same mathematics as the work of this name in step_peer.py. */
export interface Work {
  readonly program: Program;
  /** Made anew by each call, so that nothing holds it. */
  state(): Record<string, Float32Array>;
  readonly feeds: Record<string, Feed>;
  /** Runs of the program that make one measurement. */
  readonly runs: number;
}

const random = createRandom(1, "step bench");
const normals = (count: number, scale = 1) => Float32Array.from({ length: count }, (_, i) => scale * random.normal(i));
const spec = (...shape: number[]): TensorSpec => ({ shape, dtype: "float32" });
const WINDOW = 15360;

function fullDetector() {
  const detector = createDetector({ name: "seizure_detector", residualDropout: 0, mambaDropout: 0 });
  const values = (): ParameterValues => initialValues([...detector.parameters, ...detector.buffers], 1);
  return { detector, values };
}

/** Forward, backward, clip and AdamW of the full detector, two windows of 60 s. */
function detectorStep(): Work {
  const { detector, values } = fullDetector();
  const made = createTrainProgram(detector, { batchSize: 2, sampleCount: WINDOW });
  const labels = Float32Array.from({ length: 2 * WINDOW }, (_, i) => (random.uniform(i) < 0.3 ? 1 : 0));
  return {
    program: made.program,
    state: () => made.packState(initialState(detector, values())),
    feeds: {
      x: normals(2 * detector.inputChannels * WINDOW),
      labels,
      mask: new Float32Array(2 * WINDOW).fill(1),
      ...made.feeds({ seed: 1, step: 0, updates: 0, learningRate: 3e-4 }),
    },
    runs: 1,
  };
}

/** The full detector in evaluation over one hour, window by window. */
function hour(): Work {
  const { detector, values } = fullDetector();
  const { program, packState } = createPredictProgram(detector, 1, WINDOW);
  return {
    program,
    state: () => packState(values()),
    feeds: { x: normals(detector.inputChannels * WINDOW) },
    runs: 60,
  };
}

/** Forward and backward of one Mamba-2 block in one direction at the reference's size. */
function mambaBlock(): Work {
  const shape = { modelSize: 512, stateSize: 16, convolution: 4, expand: 2, headSize: 64, chunk: 64 };
  const specs = mamba2Specs("block", shape);
  const names = specs.map(({ name }) => name);
  const program: Program = {
    name: "mamba block",
    identity: shape,
    inputs: {
      u: spec(4, 960, 512),
      pull: spec(4, 960, 512),
      ...Object.fromEntries(specs.map((each) => [each.name, spec(...each.shape)])),
    },
    state: names,
    build(inputs) {
      const { value, grads } = tf.valueAndGrads((u, ...list) => {
        const named = Object.fromEntries(names.map((name, i) => [name, list[i] as Tensor]));
        const y = mamba2(tf.transpose(u as Tensor, [2, 0, 1]), named, "block", shape);
        return tf.sum(tf.mul(tf.transpose(y, [1, 2, 0]), inputs.pull!)) as Scalar;
      })([inputs.u!, ...names.map((name) => inputs[name]!)]);
      const gradients = Object.fromEntries(["u", ...names].map((name, i) => [`d ${name}`, grads[i]!]));
      return { value, ...gradients, ...Object.fromEntries(names.map((name) => [name, inputs[name]!])) };
    },
  };
  const feeds = { u: normals(4 * 960 * 512), pull: normals(4 * 960 * 512) };
  return { program, state: () => initialValues(specs, 1), feeds, runs: 1 };
}

const LAYERS = 4;

/** Four convolutions with batch norm and ReLU, squared error and gradient descent; about 14 GFLOP. */
function convolutions(): Work {
  const shapes: Record<string, number[]> = { head: [1, 1, 64, 1] };
  for (let layer = 0; layer < LAYERS; layer++) {
    Object.assign(shapes, { [`filter${layer}`]: [1, 5, 64, 64], [`scale${layer}`]: [64], [`offset${layer}`]: [64] });
  }
  const names = Object.keys(shapes);
  const forward = (p: Record<string, Tensor>, x: Tensor, y: Tensor): Scalar => {
    let h = x;
    for (let layer = 0; layer < LAYERS; layer++) {
      const convolved = tf.conv2d(h as Tensor4D, p[`filter${layer}`] as Tensor4D, 1, "same");
      h = tf.relu(batchNorm(convolved, p[`scale${layer}`]!, p[`offset${layer}`]!).y);
    }
    return tf.mean(tf.squaredDifference(tf.conv2d(h as Tensor4D, p.head as Tensor4D, 1, "same"), y));
  };
  const program: Program = {
    name: "convolution net",
    identity: shapes,
    inputs: {
      x: spec(8, 1, 3840, 64),
      y: spec(8, 1, 3840, 1),
      ...Object.fromEntries(names.map((name) => [name, spec(...shapes[name]!)])),
    },
    state: names,
    build(inputs) {
      const ofList = (...list: Tensor[]) =>
        forward(Object.fromEntries(names.map((name, i) => [name, list[i]!])), inputs.x!, inputs.y!);
      const { value, grads } = tf.valueAndGrads(ofList)(names.map((name) => inputs[name]!));
      const next = names.map((name, i) => [name, tf.sub(inputs[name]!, tf.mul(grads[i]!, 0.01))]);
      return { loss: value, ...Object.fromEntries(next) };
    },
  };
  const initial = (name: string) => {
    const size = sizeOf(shapes[name]!);
    return shapes[name]!.length > 1
      ? normals(size, Math.sqrt(2 / 320))
      : new Float32Array(size).fill(name.startsWith("scale") ? 1 : 0);
  };
  return {
    program,
    state: () => Object.fromEntries(names.map((name) => [name, initial(name)])),
    feeds: { x: normals(8 * 3840 * 64), y: normals(8 * 3840) },
    runs: 1,
  };
}

/** What step.bench.ts measures, by name. */
export const WORKS: Readonly<Record<string, () => Work>> = {
  convolutions,
  mamba: mambaBlock,
  detector: detectorStep,
  hour,
};
