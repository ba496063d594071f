import { type Tensor, tf } from "./tf.js";

/** What a function with a gradient of its own returns. */
export interface Differentiable<Saved extends readonly Tensor[]> {
  readonly value: Tensor;
  /** Tensors that the gradient needs, kept until the backward pass. */
  readonly saved: Saved;
  /** The gradients by the inputs, in their order. */
  gradient(dy: Tensor, saved: Saved): Tensor | Tensor[];
}

/** `forward` on `inputs` with the gradient that it returns: `tf.customGrad` with the types of what is saved. */
export function withGradient<Inputs extends readonly Tensor[], Saved extends readonly Tensor[]>(
  forward: (...inputs: Inputs) => Differentiable<Saved>,
  ...inputs: Inputs
): Tensor {
  return tf.customGrad((...given) => {
    const save = given.pop() as unknown as (tensors: readonly Tensor[]) => void; // tfjs passes `save` behind the tensors
    const { value, saved, gradient } = forward(...(given as unknown as Inputs)); // tfjs passes the inputs as it got them
    save(saved);
    return { value, gradFunc: (dy: Tensor, kept: Tensor[]) => gradient(dy, kept as readonly Tensor[] as Saved) };
  })(...inputs);
}

/**
 * Run `compute` so that gradients treat what it returns as a constant, and nothing is kept for the backward pass. tfjs
 * records no operation while it believes to be inside a kernel, which is what the depth says.
 */
export function withoutGradient<T>(compute: () => T): T {
  const { state } = tf.engine();
  state.kernelDepth += 1;
  try {
    return compute();
  } finally {
    state.kernelDepth -= 1;
  }
}

/**
 * Gradient checkpointing: `compute` on `inputs` with its intermediate tensors recomputed in the backward pass instead of
 * kept from the forward one, memory for time (Chen et al. 2016, arXiv:1604.06174). `compute` must use no other tensor that needs a gradient.
 * For eager executors; a traced graph gains nothing, since ONNX Runtime shares equal subexpressions again.
 */
export function checkpoint(compute: (...inputs: Tensor[]) => Tensor, ...inputs: Tensor[]): Tensor {
  const forward = (...saved: Tensor[]): Differentiable<Tensor[]> => ({
    value: tf.tidy(() => compute(...saved)),
    saved,
    gradient: (dy, kept) => innerGradients(compute, kept, dy),
  });
  return withGradient(forward, ...inputs);
}

/** Gradients within a backward pass. tfjs clears its tape at the end of every gradient call; the outer one still needs it. */
function innerGradients(compute: (...inputs: Tensor[]) => Tensor, inputs: Tensor[], dy: Tensor): Tensor[] {
  const { state } = tf.engine();
  const outerTape = state.activeTape;
  try {
    return tf.grads((...tensors) => compute(...(tensors as Tensor[])))(inputs, dy);
  } finally {
    state.activeTape = outerTape;
  }
}

/** Free what a gradient that failed has saved: tfjs does so only at the end of one that succeeds. */
export function releaseTape(): void {
  const { state } = tf.engine();
  if (state.gradientDepth > 0) return;
  for (const node of state.activeTape ?? []) for (const tensor of node.saved ?? []) tensor.dispose();
  state.activeTape = [];
}
