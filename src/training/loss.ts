import { withDefaults } from "@ictal/base/options";
import { type Tensor, tf } from "../tensor/tf.js";
import { LOSS_DEFAULTS, type LossOptions, TERM_WEIGHT_DEFAULTS } from "./loss-options.js";

export type { LossOptions };

/** Fill in the defaults; `posWeight` stays as it is. */
export function fillLossOptions<O extends Omit<LossOptions, "posWeight">>(options: O) {
  return withDefaults(LOSS_DEFAULTS, options);
}

/** Powers beyond these go through a logarithm. */
const REPEATED_UP_TO = 4;

function power(x: Tensor, exponent: number): Tensor | undefined {
  if (exponent === 0) return undefined;
  if (!Number.isInteger(exponent) || exponent > REPEATED_UP_TO) {
    return tf.exp(tf.mul(tf.log(tf.maximum(x, 1e-7)), exponent));
  }
  let product = x;
  for (let i = 1; i < exponent; i++) product = tf.mul(product, x);
  return product;
}

/**
 * Loss of each logit. Cross-entropy in its stable form, relu(z) - z·y + log(1 + exp(-|z|)) with the seizure term times
 * `posWeight`; "focal" multiplies it by alpha_t (1 - p_t)^gamma (Lin et al. 2017). Labels may be shares in 0..1: the
 * cross-entropy is linear in them, so a share equals the mean over its samples.
 */
export function lossPerLogit(logits: Tensor, labels: Tensor, options: LossOptions = {}): Tensor {
  const { kind, alpha, gamma, posWeight = TERM_WEIGHT_DEFAULTS.posWeight, labelSmoothing } = fillLossOptions(options);
  const y = labelSmoothing === 0 ? labels : tf.add(tf.mul(labels, 1 - labelSmoothing), labelSmoothing / 2);
  const tail = tf.softplus(tf.neg(tf.abs(logits)));
  const ifSeizure = tf.add(tf.relu(tf.neg(logits)), tail); // -log p
  const ifBackground = tf.add(tf.relu(logits), tail); // -log(1 - p)
  const notY = tf.sub(1, y);
  const entropy = tf.add(tf.mul(tf.mul(y, posWeight), ifSeizure), tf.mul(notY, ifBackground));
  if (kind === "bce") return entropy;
  const p = tf.sigmoid(logits);
  const missed = tf.add(tf.mul(p, notY), tf.mul(tf.sub(1, p), y)); // 1 - p_t
  const weight = tf.add(tf.mul(y, alpha), tf.mul(notY, 1 - alpha));
  const modulation = power(missed, gamma);
  return tf.mul(modulation ? tf.mul(weight, modulation) : weight, entropy);
}

/** Mean loss over the logits whose mask is 1; an empty mask gives 0. Shapes [B, M]: a scalar. */
export function maskedLoss(logits: Tensor, labels: Tensor, mask: Tensor, options: LossOptions = {}): Tensor {
  const total = tf.sum(tf.mul(lossPerLogit(logits, labels, options), mask));
  return tf.div(total, tf.maximum(tf.sum(mask), 1));
}

/** The loss of one logit in plain numbers, for checks and for the loss of a constant answer. */
export function lossOf(logit: number, label: number, options: LossOptions = {}): number {
  const { kind, alpha, gamma, posWeight = TERM_WEIGHT_DEFAULTS.posWeight, labelSmoothing } = fillLossOptions(options);
  const y = label * (1 - labelSmoothing) + labelSmoothing / 2;
  const tail = Math.log1p(Math.exp(-Math.abs(logit)));
  const entropy = y * posWeight * (Math.max(0, -logit) + tail) + (1 - y) * (Math.max(0, logit) + tail);
  if (kind === "bce") return entropy;
  const p = 1 / (1 + Math.exp(-logit));
  return (alpha * y + (1 - alpha) * (1 - y)) * (p * (1 - y) + (1 - p) * y) ** gamma * entropy;
}

/**
 * Smallest mean loss that a network can reach by answering the same logit always, when a share `prevalence` of the
 * labels is seizure: what a collapsed network scores.
 */
export function constantAnswerLoss(prevalence: number, options: LossOptions = {}): number {
  let smallest = Number.POSITIVE_INFINITY;
  for (let logit = -12; logit <= 12; logit += 0.02) {
    const loss = prevalence * lossOf(logit, 1, options) + (1 - prevalence) * lossOf(logit, 0, options);
    smallest = Math.min(smallest, loss);
  }
  return smallest;
}

/** sqrt((1 - r) / r) for the share r of windows with seizure, 1 outside 0 < r < 0.5: the reference's pos_weight. */
export function posWeightOf(seizureShare: number): number {
  return seizureShare > 0 && seizureShare < 0.5 ? Math.sqrt((1 - seizureShare) / seizureShare) : 1;
}
