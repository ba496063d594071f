import { type Binary, kernel, type TraceKernel, type TraceKernels, type Unary } from "./kernel.js";
import { convolutionPlusBias } from "./kernels-conv.js";
import type { Recorder } from "./recorder.js";
import type { DataType, TensorInfo } from "./tf.js";

function unary(op: string, dtype?: DataType): TraceKernel {
  return kernel<Unary>((recorder, { x }) => recorder.elementwise(op, [x], dtype ?? x.dtype));
}

function binary(op: string, dtype?: DataType): TraceKernel {
  return kernel<Binary>((recorder, { a, b }) => recorder.elementwise(op, [a, b], dtype ?? a.dtype));
}

function fill(recorder: Recorder, like: TensorInfo, value: number): TensorInfo {
  return recorder.filled(value, like.shape, like.dtype);
}

/** `binary`, but an operand that is `neutral` everywhere leaves the other one as it is (broadcast, if need be). */
function binaryWithNeutral(op: string, neutral: number, side: "both" | "right"): TraceKernel {
  return kernel<Binary>((recorder, { a, b }) => {
    if (recorder.splat(b) === neutral) return recorder.broadcast(a, [a, b]);
    if (side === "both" && recorder.splat(a) === neutral) return recorder.broadcast(b, [a, b]);
    return recorder.elementwise(op, [a, b], a.dtype);
  });
}

const plus = binaryWithNeutral("Add", 0, "both");

const add: TraceKernel = (recorder, inputs, attributes) => {
  const { a, b } = inputs as unknown as Binary; // as tfjs documents them
  return (
    (recorder.isConstant(a) ? undefined : convolutionPlusBias(recorder, a, b)) ?? plus(recorder, inputs, attributes)
  );
};

function cast(recorder: Recorder, x: TensorInfo, dtype: DataType): TensorInfo {
  if (x.dtype === dtype) return recorder.shared(x);
  const value = recorder.splat(x);
  if (value !== undefined) return recorder.filled(dtype === "bool" ? Number(value !== 0) : value, x.shape, dtype);
  return recorder.cast(x, dtype);
}

const square = kernel<Unary>((recorder, { x }) => recorder.elementwise("Mul", [x, x], x.dtype));

const squaredDifference = kernel<Binary>((recorder, { a, b }) => {
  const difference = recorder.elementwise("Sub", [a, b], a.dtype);
  return recorder.elementwise("Mul", [difference, difference], a.dtype);
});

const reciprocalSquareRoot = kernel<Unary>((recorder, { x }) =>
  recorder.elementwise("Reciprocal", [recorder.elementwise("Sqrt", [x], x.dtype)], x.dtype),
);

const addMany = kernel<Record<string, TensorInfo>>((recorder, inputs) => {
  const terms = Object.values(inputs);
  return recorder.elementwise("Sum", terms, terms[0]!.dtype);
});

/** max(0, min(1, 3e38 · x)): 1 for every positive number but those too small to be normal. */
const STEEP = { alpha: { float: 3e38 }, beta: { float: 0 } };

/** 1 where x > 0, `alpha` where not. */
const step = kernel<Unary, { alpha: number }>((recorder, { x }, { alpha }) => {
  // One pass on all threads, which Sign is not; in the gradient of relu the inner Relu is already there.
  if (!alpha) return recorder.elementwise("HardSigmoid", [recorder.elementwise("Relu", [x], x.dtype)], x.dtype, STEEP);
  const positive = recorder.elementwise("Greater", [x, fill(recorder, x, 0)], "bool");
  return recorder.elementwise("Where", [positive, fill(recorder, x, 1), fill(recorder, x, alpha)], x.dtype);
});

const clip = kernel<Unary, { clipValueMin: number; clipValueMax: number }>((recorder, { x }, range) => {
  const raised = recorder.elementwise("Max", [x, fill(recorder, x, range.clipValueMin)], x.dtype);
  return recorder.elementwise("Min", [raised, fill(recorder, x, range.clipValueMax)], x.dtype);
});

/** x where x >= 0, `slope · x` where not. */
function leaky(recorder: Recorder, x: TensorInfo, slope: TensorInfo): TensorInfo {
  const negative = recorder.elementwise("Less", [x, fill(recorder, x, 0)], "bool");
  return recorder.elementwise("Where", [negative, recorder.elementwise("Mul", [x, slope], x.dtype), x], x.dtype);
}

const leakyRelu = kernel<Unary, { alpha: number }>((recorder, { x }, { alpha }) =>
  leaky(recorder, x, fill(recorder, x, alpha)),
);

const prelu = kernel<{ x: TensorInfo; alpha: TensorInfo }>((recorder, { x, alpha }) => leaky(recorder, x, alpha));

const eluGradient = kernel<{ dy: TensorInfo; y: TensorInfo }>((recorder, { dy, y }) => {
  const positive = recorder.elementwise("GreaterOrEqual", [y, fill(recorder, y, 0)], "bool");
  const slope = recorder.elementwise("Add", [y, fill(recorder, y, 1)], y.dtype);
  return recorder.elementwise("Where", [positive, dy, recorder.elementwise("Mul", [dy, slope], y.dtype)], dy.dtype);
});

const logOnePlus = kernel<Unary>((recorder, { x }) => {
  // ln(1+x) loses the digits of a small x: x·ln(u)/(u-1) with u = 1+x keeps them (Kahan); u = 1 gives x itself.
  const one = fill(recorder, x, 1);
  const u = recorder.elementwise("Add", [x, one], x.dtype);
  const quotient = recorder.elementwise(
    "Div",
    [recorder.elementwise("Log", [u], x.dtype), recorder.elementwise("Sub", [u, one], x.dtype)],
    x.dtype,
  );
  const same = recorder.elementwise("Equal", [u, one], "bool");
  return recorder.elementwise("Where", [same, x, recorder.elementwise("Mul", [x, quotient], x.dtype)], x.dtype);
});

const notEqual = kernel<Binary>((recorder, { a, b }) =>
  recorder.elementwise("Not", [recorder.elementwise("Equal", [a, b], "bool")], "bool"),
);

const finite = kernel<Unary>((recorder, { x }) => {
  // x - x is 0 for every finite x and NaN for the rest
  const difference = recorder.elementwise("Sub", [x, x], x.dtype);
  return recorder.elementwise("Equal", [difference, fill(recorder, x, 0)], "bool");
});

/** An int32 result whatever the operands are, as tfjs has it. */
const floorDivide = kernel<Binary>((recorder, { a, b }) => {
  const asFloat = (x: TensorInfo) => (x.dtype === "float32" ? x : recorder.cast(x, "float32"));
  const quotient = recorder.elementwise("Div", [asFloat(a), asFloat(b)], "float32");
  return recorder.cast(recorder.elementwise("Floor", [quotient], "float32"), "int32");
});

/** The remainder with the sign of the divisor, as tfjs has it. */
const modulo = kernel<Binary>((recorder, { a, b }) => {
  if (a.dtype === "int32") return recorder.elementwise("Mod", [a, b], a.dtype);
  const quotient = recorder.elementwise("Floor", [recorder.elementwise("Div", [a, b], a.dtype)], a.dtype);
  return recorder.elementwise("Sub", [a, recorder.elementwise("Mul", [quotient, b], a.dtype)], a.dtype);
});

const relu6 = kernel<Unary>((recorder, { x }) => {
  const raised = recorder.elementwise("Relu", [x], x.dtype);
  return recorder.elementwise("Min", [raised, fill(recorder, x, 6)], x.dtype);
});

const exponentialMinusOne = kernel<Unary>((recorder, { x }) => {
  // exp(x)-1 loses the digits of a small x: (u-1)·x/ln(u) with u = exp(x) keeps them (Kahan)
  const one = fill(recorder, x, 1);
  const u = recorder.elementwise("Exp", [x], x.dtype);
  const difference = recorder.elementwise("Sub", [u, one], x.dtype);
  const ratio = recorder.elementwise("Div", [x, recorder.elementwise("Log", [u], x.dtype)], x.dtype);
  const precise = recorder.elementwise("Mul", [difference, ratio], x.dtype);
  const isSmall = recorder.elementwise("Less", [recorder.elementwise("Abs", [x], x.dtype), one], "bool");
  const same = recorder.elementwise("Equal", [u, one], "bool");
  const chosen = recorder.elementwise("Where", [isSmall, precise, difference], x.dtype);
  return recorder.elementwise("Where", [same, x, chosen], x.dtype);
});

const select = kernel<{ condition: TensorInfo; t: TensorInfo; e: TensorInfo }>((recorder, { condition, t, e }) =>
  recorder.elementwise("Where", [condition, t, e], t.dtype),
);

/** Kernels that work on each element by itself, with broadcasting. */
export const ELEMENTWISE_KERNELS: TraceKernels = {
  Abs: unary("Abs"),
  Acos: unary("Acos"),
  Add: add,
  AddN: addMany,
  Asin: unary("Asin"),
  Atan: unary("Atan"),
  Cast: kernel<Unary, { dtype: DataType }>((recorder, { x }, { dtype }) => cast(recorder, x, dtype)),
  Ceil: unary("Ceil"),
  ClipByValue: clip,
  Cos: unary("Cos"),
  Cosh: unary("Cosh"),
  Elu: unary("Elu"),
  EluGrad: eluGradient,
  Equal: binary("Equal", "bool"),
  Erf: unary("Erf"),
  Exp: unary("Exp"),
  Expm1: exponentialMinusOne,
  Floor: unary("Floor"),
  FloorDiv: floorDivide,
  Greater: binary("Greater", "bool"),
  GreaterEqual: binary("GreaterOrEqual", "bool"),
  Identity: kernel<Unary>((recorder, { x }) => recorder.shared(x)),
  IsFinite: finite,
  IsInf: unary("IsInf", "bool"),
  IsNan: unary("IsNaN", "bool"),
  LeakyRelu: leakyRelu,
  Less: binary("Less", "bool"),
  LessEqual: binary("LessOrEqual", "bool"),
  Log: unary("Log"),
  Log1p: logOnePlus,
  LogicalAnd: binary("And", "bool"),
  LogicalNot: unary("Not", "bool"),
  LogicalOr: binary("Or", "bool"),
  Maximum: binary("Max"),
  Minimum: binary("Min"),
  Mod: modulo,
  Multiply: binaryWithNeutral("Mul", 1, "both"),
  Neg: unary("Neg"),
  NotEqual: notEqual,
  OnesLike: kernel<Unary>((recorder, { x }) => fill(recorder, x, 1)),
  Pow: binary("Pow"),
  Prelu: prelu,
  RealDiv: binaryWithNeutral("Div", 1, "right"),
  Reciprocal: unary("Reciprocal"),
  Relu: unary("Relu"),
  Relu6: relu6,
  Round: unary("Round"),
  Rsqrt: reciprocalSquareRoot,
  Select: select,
  Sigmoid: unary("Sigmoid"),
  Sign: unary("Sign"),
  Sin: unary("Sin"),
  Sinh: unary("Sinh"),
  Softplus: unary("Softplus"),
  Sqrt: unary("Sqrt"),
  Square: square,
  SquaredDifference: squaredDifference,
  Step: step,
  Sub: binaryWithNeutral("Sub", 0, "right"),
  Tan: unary("Tan"),
  Tanh: unary("Tanh"),
  ZerosLike: kernel<Unary>((recorder, { x }) => fill(recorder, x, 0)),
};
