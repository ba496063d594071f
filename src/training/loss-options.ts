/** The options of the loss. */
import { choice, defaultsOf, fraction, number, numberOr } from "../base/option-table.js";

export interface LossOptions {
  /** @default "bce" */
  readonly kind?: "bce" | "focal" | undefined;
  /** Focal weight of seizure; background gets 1 - alpha. Used by "focal" only. @default 0.5 */
  readonly alpha?: number | undefined;
  /** Focal exponent: 0 is plain cross-entropy times alpha. @default 2 */
  readonly gamma?: number | undefined;
  /** Factor on the seizure term of the cross-entropy. @default 1 */
  readonly posWeight?: number | undefined;
  /** Labels move this share of the way towards one half. @default 0 */
  readonly labelSmoothing?: number | undefined;
}

export const LOSS_OPTIONS = {
  kind: choice(["bce", "focal"], {
    default: "bce",
    description: "Binary cross-entropy, or the focal loss of Lin et al. (2017), which gives easy examples less weight.",
  }),
  alpha: fraction({
    default: 0.5,
    description: "Weight of seizure in the focal loss; background has 1 - alpha, so that 0.5 is neutral.",
  }),
  gamma: number({
    default: 2,
    least: 0,
    description:
      "Exponent of the focal loss: the higher, the less easy examples count; 0 is cross-entropy times alpha.",
  }),
  labelSmoothing: fraction({ default: 0, description: "Labels are moved this share of the way towards one half." }),
};

export const LOSS_DEFAULTS = defaultsOf(LOSS_OPTIONS);

/** The factor of a loss by itself. */
export const TERM_WEIGHT_OPTIONS = {
  posWeight: number({ default: 1, above: 0, description: "Factor on the seizure term of the cross-entropy." }),
};

export const TERM_WEIGHT_DEFAULTS = defaultsOf(TERM_WEIGHT_OPTIONS);

/** The same factor in a run, which can derive it from its windows. */
export const CLASS_WEIGHT_OPTIONS = {
  posWeight: numberOr(["auto"], {
    default: "auto",
    above: 0,
    description:
      "Factor on the seizure term of the cross-entropy; auto derives it from the share of windows with seizure.",
  }),
};

export const CLASS_WEIGHT_DEFAULTS = defaultsOf(CLASS_WEIGHT_OPTIONS);
