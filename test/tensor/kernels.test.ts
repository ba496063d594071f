import assert from "node:assert/strict";
import test from "node:test";
import { installTraceKernels, registerTraceKernel, TRACE_BACKEND, traceKernelNames } from "../../src/tensor/kernels.js";
import { depthwiseConv1d } from "../../src/tensor/ops.js";
import { type Tensor, type Tensor1D, type Tensor3D, type Tensor4D, type TensorInfo, tf } from "../../src/tensor/tf.js";
import type { TraceBackend } from "../../src/tensor/trace-backend.js";
import { assertTraced, bool, float, int, randomFeeds } from "./compare.js";

interface Case {
  readonly inputs: Parameters<typeof randomFeeds>[0];
  readonly build: (inputs: Record<string, Tensor>) => Tensor | Tensor[];
}

/** Named by the tfjs kernel that the case is there for. */
const CASES: Record<string, Case> = {};

function unary(name: string, f: (x: Tensor) => Tensor, prepare: (x: Tensor) => Tensor = (x) => x): void {
  CASES[name] = { inputs: { x: float(3, 4) }, build: ({ x }) => f(prepare(x!)) };
}

function binary(name: string, f: (a: Tensor, b: Tensor) => Tensor): void {
  CASES[name] = {
    inputs: { a: float(2, 3, 4), b: float(3, 1), c: float(2, 3, 4) },
    build: ({ a, b, c }) => [
      f(a!, b!),
      f(b!, a!),
      f(a!, c!),
      f(a!, a!),
      f(tf.scalar(2), a!),
      f(tf.ones([5, 1, 3, 1]), a!),
    ],
  };
}

const positive = (x: Tensor) => tf.add(tf.abs(x), 0.1);
const inUnit = (x: Tensor) => tf.tanh(x);

unary("Abs", tf.abs);
unary("Acos", tf.acos, inUnit);
unary("Asin", tf.asin, inUnit);
unary("Atan", tf.atan);
unary("Ceil", tf.ceil);
unary("ClipByValue", (x) => tf.clipByValue(x, -0.5, 0.25));
unary("Cos", tf.cos);
unary("Cosh", tf.cosh);
unary("Elu", tf.elu);
unary("Erf", tf.erf);
unary("Exp", tf.exp);
unary("Expm1", tf.expm1);
unary("Expm1 of small values", (x) => tf.expm1(tf.mul(x, 1e-4)));
unary("Floor", tf.floor);
unary("IsFinite", (x) => tf.isFinite(tf.div(x, tf.relu(x))));
unary("IsInf", (x) => tf.isInf(tf.div(x, tf.relu(x))));
unary("IsNan", (x) => tf.isNaN(tf.sqrt(x)));
unary("LeakyRelu", (x) => tf.leakyRelu(x, 0.1));
unary("Log", tf.log, positive);
unary("Log1p", tf.log1p, positive);
unary("Log1p of small values", (x) => tf.log1p(tf.mul(x, 1e-5)));
unary("Neg", tf.neg);
unary("OnesLike", tf.onesLike);
unary("Reciprocal", tf.reciprocal, positive);
unary("Relu", tf.relu);
unary("Relu6", (x) => tf.relu6(tf.mul(x, 10)));
unary("Round", (x) => tf.round(tf.mul(x, 2)));
unary("Rsqrt", tf.rsqrt, positive);
unary("Sigmoid", tf.sigmoid);
unary("Sign", tf.sign);
unary("Sin", tf.sin);
unary("Sinh", tf.sinh);
unary("Softplus", (x) => tf.softplus(tf.mul(x, 30)));
unary("Sqrt", tf.sqrt, positive);
unary("Square", tf.square);
unary("Step", (x) => tf.step(x));
unary("Step with a slope", (x) => tf.step(x, 0.3));
unary("Tan", tf.tan, inUnit);
unary("Tanh", tf.tanh);
unary("ZerosLike", tf.zerosLike);
binary("Add", tf.add);
binary("Equal", (a, b) => tf.equal(tf.round(a), tf.round(b)));
binary("FloorDiv", (a, b) => tf.floorDiv(a, tf.add(tf.abs(b), 0.5)));
binary("Greater", tf.greater);
binary("GreaterEqual", tf.greaterEqual);
binary("Less", tf.less);
binary("LessEqual", tf.lessEqual);
binary("Maximum", tf.maximum);
binary("Minimum", tf.minimum);
binary("Mod", (a, b) => tf.mod(a, tf.add(tf.abs(b), 0.5)));
binary("Multiply", tf.mul);
binary("NotEqual", (a, b) => tf.notEqual(tf.round(a), tf.round(b)));
binary("Pow", (a, b) => tf.pow(positive(a), b));
binary("RealDiv", (a, b) => tf.div(a, positive(b)));
binary("SquaredDifference", tf.squaredDifference);
binary("Sub", tf.sub);

CASES.AddN = {
  inputs: { a: float(2, 3), b: float(2, 3) },
  build: ({ a, b }) => tf.addN([a!, b!, tf.onesLike(a!), a!]),
};
CASES.Cast = {
  inputs: { x: float(3, 4), n: int(5), q: bool(5) },
  build: ({ x, n, q }) => [
    tf.cast(tf.mul(x!, 5), "int32"),
    tf.cast(x!, "bool"),
    tf.cast(n!, "float32"),
    tf.cast(n!, "bool"),
    tf.cast(q!, "float32"),
    tf.cast(tf.ones([2, 2]), "int32"),
    tf.cast(tf.fill([2], 3), "bool"),
  ],
};
CASES.EluGrad = { inputs: { x: float(4, 5) }, build: ({ x }) => tf.grad((y) => tf.elu(y))(x!) };
CASES.Identity = { inputs: { x: float(4), n: int(3), q: bool(2) }, build: ({ x, n, q }) => [tf.clone(x!), x!, n!, q!] };
CASES.LogicalAnd = {
  inputs: { a: bool(3, 1), b: bool(4) },
  build: ({ a, b }) => [tf.logicalAnd(a!, b!), tf.logicalOr(a!, b!), tf.logicalNot(a!), tf.logicalXor(a!, b!)],
};
CASES.Prelu = { inputs: { x: float(3, 4), slope: float(4) }, build: ({ x, slope }) => tf.prelu(x!, slope!) };
CASES["integer arithmetic"] = {
  inputs: { a: int(3, 4), b: int(4) },
  build: ({ a, b }) => {
    const divisor = tf.add(tf.abs(b!), tf.scalar(1, "int32"));
    return [tf.add(a!, b!), tf.mul(a!, b!), tf.sub(a!, b!), tf.div(a!, divisor), tf.mod(a!, divisor), tf.sum(a!, 0)];
  },
};
CASES.Select = {
  inputs: { q: bool(3, 1), a: float(3, 4), b: float(4) },
  build: ({ q, a, b }) => [tf.where(q!, a!, b!), tf.where(q!, tf.zeros([3, 4]), a!), tf.where(q!, 1, 0)],
};

for (const [name, reduce] of Object.entries({ Sum: tf.sum, Mean: tf.mean, Max: tf.max, Min: tf.min, Prod: tf.prod })) {
  CASES[name] = {
    inputs: { x: float(2, 3, 4) },
    build: ({ x }) => [
      reduce(x!),
      reduce(x!, 1),
      reduce(x!, [0, -1], true),
      reduce(tf.ones([2, 3]), 1),
      reduce(x!, []),
    ],
  };
}
CASES["Sum over many leading rows"] = {
  inputs: { x: float(8, 9, 3, 2) },
  build: ({ x }) => [tf.sum(x!, [0, 1]), tf.sum(x!, [0, 1], true), tf.sum(x!, [1, 0, 2])],
};
CASES["PadV2 of what was cut"] = {
  inputs: { x: float(2, 5, 3) },
  build: ({ x }) =>
    [-4, -1, 1, 2].flatMap((by) => {
      const rest = 5 - Math.abs(by);
      const kept = tf.slice(x!, [0, Math.max(0, -by), 0], [2, rest, 3]);
      const [before, after] = [Math.max(0, by), Math.max(0, -by)];
      const padded = (value: number, first: number, last: number) =>
        tf.pad(
          kept,
          [
            [0, 0],
            [first, last],
            [0, 0],
          ] as [number, number][],
          value,
        );
      return [padded(0, before, after), padded(0, after, before), padded(7, before, after)];
    }),
};
CASES["Sum of integers and truths"] = {
  inputs: { n: int(3, 4), q: bool(3, 4) },
  build: ({ n, q }) => [tf.sum(n!, 1), tf.sum(q!), tf.mean(n!, 0), tf.max(n!)],
};
CASES.All = { inputs: { q: bool(3, 4) }, build: ({ q }) => [tf.all(q!, 1), tf.any(q!, 0), tf.all(q!), tf.any(q!)] };
CASES.ArgMax = {
  inputs: { x: float(3, 4) },
  build: ({ x }) => [tf.argMax(x!, 1), tf.argMin(x!, 0), tf.argMax(x!, -1)],
};
CASES.Cumsum = {
  inputs: { x: float(3, 4) },
  build: ({ x }) => [
    tf.cumsum(x!, 1),
    tf.cumsum(x!, 0, true),
    tf.cumsum(x!, 1, false, true),
    tf.cumsum(x!, 1, true, true),
  ],
};
CASES.Softmax = {
  inputs: { x: float(3, 4) },
  build: ({ x }) => [tf.softmax(x!), tf.logSoftmax(x!), tf.logSumExp(x!, 1)],
};

CASES.Reshape = {
  inputs: { x: float(2, 3, 4) },
  build: ({ x }) => [
    tf.reshape(x!, [4, -1]),
    tf.expandDims(x!, 1),
    tf.expandDims(x!, -1),
    tf.squeeze(tf.expandDims(x!, 0)),
    tf.reshape(tf.ones([4, 3]), [2, 6]),
    tf.reshape(tf.sum(x!), [1, 1, 1]),
    tf.reshape(tf.mul(tf.sum(x!, 1, true), tf.ones([2, 3, 4])), [6, 4]),
  ],
};
CASES.Transpose = {
  inputs: { x: float(2, 3, 4) },
  build: ({ x }) => [
    tf.transpose(x!),
    tf.transpose(x!, [0, 2, 1]),
    tf.transpose(x!, [0, 1, 2]),
    tf.transpose(tf.ones([2, 3])),
  ],
};
CASES.Slice = {
  inputs: { x: float(5, 6, 7) },
  build: ({ x }) => [
    tf.slice(x!, [1, 2, 3], [2, 3, 4]),
    tf.slice(x!, [0, 0, 2]),
    tf.slice(x!, 1, 3),
    tf.slice(tf.ones([4, 4]), [1, 1], [2, 2]),
  ],
};
CASES.StridedSlice = {
  inputs: { x: float(7, 9) },
  build: ({ x }) => [
    tf.stridedSlice(x!, [0, 1], [7, 8], [2, 3]),
    tf.stridedSlice(x!, [6, 8], [0, 1], [-2, -3]),
    tf.stridedSlice(x!, [1], [0], [-1]),
    tf.stridedSlice(x!, [0, 0], [0, 0], [1, -1], 3, 3),
    tf.stridedSlice(x!, [2, 1], [3, 5], [1, 1], 0, 0, 0, 0, 1),
  ],
};
CASES.Reverse = {
  inputs: { x: float(3, 4, 5) },
  build: ({ x }) => [tf.reverse(x!, 1), tf.reverse(x!, [0, 2]), tf.reverse(x!), tf.reverse(tf.fill([3], 2))],
};
CASES.PadV2 = {
  inputs: { x: float(2, 3, 4), n: int(3) },
  build: ({ x, n }) => [
    tf.pad(x!, [
      [0, 0],
      [1, 2],
      [3, 0],
    ]),
    tf.pad(x!, [
      [0, 0],
      [0, 0],
      [0, 0],
    ]),
    tf.pad(
      x!,
      [
        [1, 1],
        [0, 0],
        [0, 1],
      ],
      -2.5,
    ),
    tf.pad(n!, [[1, 1]], 4),
  ],
};
CASES.MirrorPad = {
  inputs: { x: float(3, 4) },
  build: ({ x }) =>
    tf.mirrorPad(
      x!,
      [
        [1, 2],
        [0, 3],
      ],
      "reflect",
    ),
};
CASES.Concat = {
  inputs: { a: float(2, 3), b: float(2, 1) },
  build: ({ a, b }) => [
    tf.concat([a!, b!], 1),
    tf.concat([a!, tf.ones([1, 3]), a!], 0),
    tf.concat([a!], 0),
    tf.concat([a!, b!], -1),
  ],
};
CASES.SplitV = {
  inputs: { x: float(4, 6) },
  build: ({ x }) => [...tf.split(x!, 3, 1), ...tf.split(x!, [1, 3]), ...tf.split(x!, [2, -1], -1)],
};
CASES.Pack = {
  inputs: { a: float(2, 3), b: float(2, 3) },
  build: ({ a, b }) => [tf.stack([a!, b!]), tf.stack([a!, b!], 2), tf.stack([a!, tf.zeros([2, 3])], -1)],
};
CASES.Unpack = { inputs: { x: float(2, 3) }, build: ({ x }) => [...tf.unstack(x!), ...tf.unstack(x!, 1)] };
CASES.Tile = {
  inputs: { x: float(2, 1, 3), q: bool(1, 3) },
  build: ({ x, q }) => [
    tf.tile(x!, [1, 4, 1]),
    tf.tile(x!, [2, 1, 3]),
    tf.broadcastTo(x!, [2, 5, 3]),
    tf.tile(q!, [2, 1]),
  ],
};
CASES.GatherV2 = {
  inputs: { x: float(5, 3), n: int(2, 2) },
  build: ({ x, n }) => {
    const row = tf.abs(tf.mod(n!, tf.scalar(3, "int32")));
    return [
      tf.gather(x!, row),
      tf.gather(x!, tf.reshape(row, [4]) as Tensor1D, 1),
      tf.gather(x!, tf.tensor1d([4, 0], "int32")),
    ];
  },
};
CASES.OneHot = {
  inputs: { n: int(4) },
  build: ({ n }) => [tf.oneHot(tf.abs(n!), 6), tf.oneHot(tf.abs(n!), 4, 2, -1, "float32")],
};
CASES.Fill = {
  inputs: { x: float(2) },
  build: ({ x }) => [tf.fill([2, 2], 7), tf.add(tf.fill([3, 1], 0.5), x!), tf.zeros([2], "int32")],
};

CASES.BatchMatMul = {
  inputs: { a: float(4, 2, 3), b: float(4, 3, 5), c: float(3, 2), v: float(3) },
  build: ({ a, b, c, v }) => [
    tf.matMul(a!, b!),
    tf.matMul(c!, v!.as2D(3, 1), true),
    tf.matMul(a!, c!, true, true),
    tf.matMul(b!, a!, true, true),
    tf.matMul(tf.slice(a!, [0, 0, 0], [1, 2, 3]), b!),
    tf.dot(v!, v!),
    tf.matMul(tf.ones([2, 3]), c!),
  ],
};

for (const training of [false, true]) {
  CASES[training ? "FusedBatchNorm and its gradients" : "FusedBatchNorm"] = {
    inputs: { x: float(2, 1, 5, 3), mean: float(3), variance: float(3), offset: float(3), scale: float(3) },
    build: (inputs) => {
      const { x, mean, offset, scale } = inputs as unknown as Record<string, Tensor1D>;
      const variance = positive(inputs.variance!) as Tensor1D;
      const norm = (...t: Tensor[]) =>
        tf.batchNorm(t[0]!, t[1] as Tensor1D, t[2] as Tensor1D, t[3] as Tensor1D, t[4] as Tensor1D, 1e-3);
      if (training) return tf.grads((...t) => tf.sin(norm(...t)))([x!, mean!, variance, offset!, scale!]);
      return [norm(x!, mean!, variance, offset!, scale!), tf.batchNorm(x!, mean!, variance)];
    },
  };
}

const CONVOLUTIONS = [
  { x: [2, 1, 9, 3], filter: [1, 5, 3, 4], stride: 1, pad: "same" as const },
  { x: [2, 1, 9, 3], filter: [1, 5, 3, 4], stride: 1, pad: "valid" as const },
  { x: [2, 1, 8, 3], filter: [1, 2, 3, 4], stride: 2, pad: "valid" as const },
  { x: [2, 1, 9, 3], filter: [1, 2, 3, 4], stride: 2, pad: "valid" as const },
  { x: [2, 1, 10, 3], filter: [1, 5, 3, 2], stride: 3, pad: "same" as const },
  { x: [2, 1, 11, 2], filter: [1, 3, 2, 2], stride: 4, pad: "valid" as const },
  { x: [2, 1, 9, 3], filter: [1, 1, 3, 4], stride: 1, pad: "same" as const },
  { x: [1, 6, 7, 2], filter: [3, 2, 2, 3], stride: 2, pad: "same" as const },
  { x: [1, 6, 7, 2], filter: [3, 2, 2, 3], stride: 1, pad: "same" as const },
];
for (const { x, filter, stride, pad } of CONVOLUTIONS) {
  const strides: [number, number] = [x[1] === 1 ? 1 : stride, stride];
  CASES[`Conv2D of [${x}] by [${filter}], stride ${stride}, ${pad}, and its gradients`] = {
    inputs: { x: float(...x), filter: float(...filter) },
    build: (inputs) => {
      const f = (a: Tensor, w: Tensor) => tf.conv2d(a as Tensor4D, w as Tensor4D, strides, pad);
      return [f(inputs.x!, inputs.filter!), ...tf.grads((a, w) => tf.sin(f(a!, w!)))([inputs.x!, inputs.filter!])];
    },
  };
}
for (const [dilation, padding] of [
  [2, "same"],
  [3, "valid"],
  [4, "same"],
] as const) {
  CASES[`Conv2D with dilation ${dilation}, ${padding}`] = {
    inputs: { x: float(2, 17, 3), filter: float(3, 3, 4) },
    build: (inputs) => tf.conv1d(inputs.x as Tensor3D, inputs.filter as Tensor3D, 1, padding, "NWC", dilation),
  };
}

for (const [shape, taps, before] of [
  [[3, 2, 9], 4, 3],
  [[3, 1, 9], 5, 2],
  [[2, 3, 2], 4, 0],
] as const) {
  CASES[`depthwiseConv1d of [${shape}] with ${taps} taps, ${before} in front, and its gradients`] = {
    inputs: { x: float(...shape), filter: float(shape[0], 1, taps), bias: float(shape[0]) },
    build: ({ x, filter, bias }) => [
      depthwiseConv1d(x!, filter!, before),
      ...tf.grads((a, w, b) => tf.sin(depthwiseConv1d(a!, w!, before, b!)))([x!, filter!, bias!]),
    ],
  };
}

const called = new Set<string>();

test.before(() => {
  installTraceKernels();
  for (const name of traceKernelNames()) {
    const { kernelFunc } = tf.getKernel(name, TRACE_BACKEND);
    registerTraceKernel(name, (recorder: TraceBackend, inputs, attrs) => {
      called.add(name);
      return kernelFunc({ inputs, backend: recorder, attrs }) as TensorInfo | TensorInfo[];
    });
  }
});

for (const [name, { inputs, build }] of Object.entries(CASES)) {
  test(`a traced ${name} gives what the cpu backend gives`, async () => {
    const outputs = (tensors: Record<string, Tensor>) =>
      Object.fromEntries([build(tensors)].flat().map((tensor, i) => [`y${i}`, tensor]));
    await assertTraced({ name, identity: "kernel test", inputs, build: outputs }, randomFeeds(inputs), 5e-6);
  });
}

test("every kernel that can be traced is called by one of these programs", () => {
  assert.deepEqual(
    traceKernelNames().filter((name) => !called.has(name)),
    [],
  );
});
