/** The options of the optimizer. */
import { choice, defaultsOf, flag, fraction, number } from "../base/option-table.js";

/**
 * PyTorch's three: "adamw" decays weights apart from the gradient (Loshchilov & Hutter 2019), "adam" adds the decay to the
 * gradient (Kingma & Ba 2015), "sgd" does too and has momentum `beta1` (0 as PyTorch's default).
 */
export type OptimizerName = "adamw" | "adam" | "sgd";

export interface OptimizerOptions {
  /** @default "adamw" */
  readonly name?: OptimizerName | undefined;
  /** @default 0.05 */
  readonly weightDecay?: number | undefined;
  /** Decay biases, norms and state space scalars too, as the reference does. @default false */
  readonly decayAll?: boolean | undefined;
  /** Share of the old mean gradient; momentum of "sgd". @default 0.9, for "sgd" 0 */
  readonly beta1?: number | undefined;
  /** @default 0.999 */
  readonly beta2?: number | undefined;
  /** @default 1e-8 */
  readonly epsilon?: number | undefined;
  /** Largest global norm of the gradient; 0 turns clipping off. @default 1 */
  readonly gradientClip?: number | undefined;
  /** Decay of the averaged weights; 0 keeps none. @default 0 */
  readonly emaDecay?: number | undefined;
}

export const OPTIMIZER_OPTIONS = {
  name: choice(["adamw", "adam", "sgd"], {
    default: "adamw",
    description: "PyTorch's AdamW (decoupled weight decay), Adam, or SGD with momentum beta1.",
  }),
  weightDecay: number({
    default: 0.05,
    least: 0,
    description: "Weight decay; biases, norms and state space scalars are excluded unless decay_all is set.",
  }),
  decayAll: flag({
    default: false,
    description:
      "Decay every parameter, as the reference system does, instead of sparing biases, norms, A_log, D and dt_bias.",
  }),
  beta1: number({
    default: 0.9,
    least: 0,
    below: 1,
    description: "Share of the old mean gradient that is kept; momentum of sgd, where its default is 0.",
  }),
  beta2: number({
    default: 0.999,
    least: 0,
    below: 1,
    description: "Share of the old mean squared gradient that is kept.",
  }),
  epsilon: number({ default: 1e-8, least: 0, description: "Added to the root of the mean squared gradient." }),
  gradientClip: number({
    default: 1,
    least: 0,
    description: "Largest global norm of the gradient; 0 turns clipping off.",
  }),
  emaDecay: fraction({
    default: 0,
    description:
      "Decay of the exponential moving average of the weights, which is then what is validated; 0 keeps none.",
  }),
};

export const OPTIMIZER_DEFAULTS = defaultsOf(OPTIMIZER_OPTIONS);
