import { elementAt } from "../base/lookup.js";
import { type Binary, kernel, type TraceKernel, type TraceKernels, type Unary } from "./kernel.js";
import { convolutionPlusBias } from "./kernels-conv.js";
import type { DataType, TensorInfo } from "./tf.js";
import type { TraceBackend } from "./trace-backend.js";

function unary(op: string, dtype?: DataType): TraceKernel {
  return kernel<Unary>((backend, { x }) => backend.elementwise(op, [x], dtype ?? x.dtype));
}

function binary(op: string, dtype?: DataType): TraceKernel {
  return kernel<Binary>((backend, { a, b }) => backend.elementwise(op, [a, b], dtype ?? a.dtype));
}

function fill(backend: TraceBackend, like: TensorInfo, value: number): TensorInfo {
  return backend.filled(value, like.shape, like.dtype);
}

/** `binary`, but an operand that is `neutral` everywhere leaves the other one as it is (broadcast, if need be). */
function binaryWithNeutral(op: string, neutral: number, side: "both" | "right"): TraceKernel {
  return kernel<Binary>((backend, { a, b }) => {
    if (backend.constantFill(b) === neutral) return backend.broadcast(a, [a, b]);
    if (side === "both" && backend.constantFill(a) === neutral) return backend.broadcast(b, [a, b]);
    return backend.elementwise(op, [a, b], a.dtype);
  });
}

const plus = binaryWithNeutral("Add", 0, "both");

const add: TraceKernel = (backend, inputs, attributes) => {
  const { a, b } = inputs as unknown as Binary; // as tfjs documents them
  return (backend.isConstant(a) ? undefined : convolutionPlusBias(backend, a, b)) ?? plus(backend, inputs, attributes);
};

function cast(backend: TraceBackend, x: TensorInfo, dtype: DataType): TensorInfo {
  if (x.dtype === dtype) return backend.shared(x);
  const value = backend.constantFill(x);
  if (value !== undefined) return backend.filled(dtype === "bool" ? Number(value !== 0) : value, x.shape, dtype);
  return backend.cast(x, dtype);
}

const square = kernel<Unary>((backend, { x }) => backend.elementwise("Mul", [x, x], x.dtype));

const squaredDifference = kernel<Binary>((backend, { a, b }) => {
  const difference = backend.elementwise("Sub", [a, b], a.dtype);
  return backend.elementwise("Mul", [difference, difference], a.dtype);
});

const reciprocalSquareRoot = kernel<Unary>((backend, { x }) =>
  backend.elementwise("Reciprocal", [backend.elementwise("Sqrt", [x], x.dtype)], x.dtype),
);

const addMany = kernel<Record<string, TensorInfo>>((backend, inputs) => {
  const terms = Object.values(inputs);
  return backend.elementwise("Sum", terms, elementAt(terms, 0).dtype);
});

/** max(0, min(1, 3e38 · x)): 1 for every positive number but those too small to be normal. */
const STEEP = { alpha: { float: 3e38 }, beta: { float: 0 } };

/** 1 where x > 0, `alpha` where not. */
const step = kernel<Unary, { alpha: number }>((backend, { x }, { alpha }) => {
  // One pass on all threads, which Sign is not; in the gradient of relu the inner Relu is already there.
  if (!alpha) return backend.elementwise("HardSigmoid", [backend.elementwise("Relu", [x], x.dtype)], x.dtype, STEEP);
  const positive = backend.elementwise("Greater", [x, fill(backend, x, 0)], "bool");
  return backend.elementwise("Where", [positive, fill(backend, x, 1), fill(backend, x, alpha)], x.dtype);
});

const clip = kernel<Unary, { clipValueMin: number; clipValueMax: number }>((backend, { x }, range) => {
  const raised = backend.elementwise("Max", [x, fill(backend, x, range.clipValueMin)], x.dtype);
  return backend.elementwise("Min", [raised, fill(backend, x, range.clipValueMax)], x.dtype);
});

/** x where x >= 0, `slope · x` where not. */
function leaky(backend: TraceBackend, x: TensorInfo, slope: TensorInfo): TensorInfo {
  const negative = backend.elementwise("Less", [x, fill(backend, x, 0)], "bool");
  return backend.elementwise("Where", [negative, backend.elementwise("Mul", [x, slope], x.dtype), x], x.dtype);
}

const leakyRelu = kernel<Unary, { alpha: number }>((backend, { x }, { alpha }) =>
  leaky(backend, x, fill(backend, x, alpha)),
);

const prelu = kernel<{ x: TensorInfo; alpha: TensorInfo }>((backend, { x, alpha }) => leaky(backend, x, alpha));

const eluGradient = kernel<{ dy: TensorInfo; y: TensorInfo }>((backend, { dy, y }) => {
  const positive = backend.elementwise("GreaterOrEqual", [y, fill(backend, y, 0)], "bool");
  const slope = backend.elementwise("Add", [y, fill(backend, y, 1)], y.dtype);
  return backend.elementwise("Where", [positive, dy, backend.elementwise("Mul", [dy, slope], y.dtype)], dy.dtype);
});

const logOnePlus = kernel<Unary>((backend, { x }) => {
  // ln(1+x) loses the digits of a small x: x·ln(u)/(u-1) with u = 1+x keeps them (Kahan); u = 1 gives x itself.
  const one = fill(backend, x, 1);
  const u = backend.elementwise("Add", [x, one], x.dtype);
  const quotient = backend.elementwise(
    "Div",
    [backend.elementwise("Log", [u], x.dtype), backend.elementwise("Sub", [u, one], x.dtype)],
    x.dtype,
  );
  const same = backend.elementwise("Equal", [u, one], "bool");
  return backend.elementwise("Where", [same, x, backend.elementwise("Mul", [x, quotient], x.dtype)], x.dtype);
});

const notEqual = kernel<Binary>((backend, { a, b }) =>
  backend.elementwise("Not", [backend.elementwise("Equal", [a, b], "bool")], "bool"),
);

const finite = kernel<Unary>((backend, { x }) => {
  // x - x is 0 for every finite x and NaN for the rest
  const difference = backend.elementwise("Sub", [x, x], x.dtype);
  return backend.elementwise("Equal", [difference, fill(backend, x, 0)], "bool");
});

/** An int32 result whatever the operands are, as tfjs has it. */
const floorDivide = kernel<Binary>((backend, { a, b }) => {
  const asFloat = (x: TensorInfo) => (x.dtype === "float32" ? x : backend.cast(x, "float32"));
  const quotient = backend.elementwise("Div", [asFloat(a), asFloat(b)], "float32");
  return backend.cast(backend.elementwise("Floor", [quotient], "float32"), "int32");
});

/** The remainder with the sign of the divisor, as tfjs has it. */
const modulo = kernel<Binary>((backend, { a, b }) => {
  if (a.dtype === "int32") return backend.elementwise("Mod", [a, b], a.dtype);
  const quotient = backend.elementwise("Floor", [backend.elementwise("Div", [a, b], a.dtype)], a.dtype);
  return backend.elementwise("Sub", [a, backend.elementwise("Mul", [quotient, b], a.dtype)], a.dtype);
});

const relu6 = kernel<Unary>((backend, { x }) => {
  const raised = backend.elementwise("Relu", [x], x.dtype);
  return backend.elementwise("Min", [raised, fill(backend, x, 6)], x.dtype);
});

const exponentialMinusOne = kernel<Unary>((backend, { x }) => {
  // exp(x)-1 loses the digits of a small x: (u-1)·x/ln(u) with u = exp(x) keeps them (Kahan)
  const one = fill(backend, x, 1);
  const u = backend.elementwise("Exp", [x], x.dtype);
  const difference = backend.elementwise("Sub", [u, one], x.dtype);
  const ratio = backend.elementwise("Div", [x, backend.elementwise("Log", [u], x.dtype)], x.dtype);
  const precise = backend.elementwise("Mul", [difference, ratio], x.dtype);
  const isSmall = backend.elementwise("Less", [backend.elementwise("Abs", [x], x.dtype), one], "bool");
  const same = backend.elementwise("Equal", [u, one], "bool");
  const chosen = backend.elementwise("Where", [isSmall, precise, difference], x.dtype);
  return backend.elementwise("Where", [same, x, chosen], x.dtype);
});

const select = kernel<{ condition: TensorInfo; t: TensorInfo; e: TensorInfo }>((backend, { condition, t, e }) =>
  backend.elementwise("Where", [condition, t, e], t.dtype),
);

/** Kernels that work on each element by itself, with broadcasting. */
export const ELEMENTWISE_KERNELS: TraceKernels = {
  Abs: unary("Abs"),
  Acos: unary("Acos"),
  Add: add,
  AddN: addMany,
  Asin: unary("Asin"),
  Atan: unary("Atan"),
  Cast: kernel<Unary, { dtype: DataType }>((backend, { x }, { dtype }) => cast(backend, x, dtype)),
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
  Identity: kernel<Unary>((backend, { x }) => backend.shared(x)),
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
  OnesLike: kernel<Unary>((backend, { x }) => fill(backend, x, 1)),
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
  ZerosLike: kernel<Unary>((backend, { x }) => fill(backend, x, 0)),
};
