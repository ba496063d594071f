import { constantAnswerLoss, type LossOptions } from "./loss.js";

/** What a guard checks after each step. */
export interface GuardedStep {
  readonly step: number;
  readonly loss: number;
  readonly lowestLogit: number;
  readonly highestLogit: number;
  /** Sum of seizure shares and number of known logits in the batch. */
  readonly seizureLabels: number;
  readonly knownLabels: number;
}

export interface GuardOptions {
  readonly loss: LossOptions;
  /** Steps that each check looks back over. @default 50 */
  readonly window?: number | undefined;
}

/** Logits this close together count as equal. */
const SAME_LOGIT = 1e-3;

/** A network whose loss is this close to that of the best constant output has learnt nothing. */
const NO_BETTER = 0.98;

/**
 * Detects training that makes no progress; returns a warning the first time that each fault shows, once per fault:
 * the same answer everywhere, no seizure in the batches, a loss no better than a constant answer.
 */
export function createGuards(options: GuardOptions): (step: GuardedStep) => string[] {
  const window = options.window ?? 50;
  const reported = new Set<string>();
  const recent: GuardedStep[] = [];
  const checks: Record<string, (newest: GuardedStep) => string | undefined> = {
    constant() {
      const isConstant = recent.every(({ lowestLogit, highestLogit }) => highestLogit - lowestLogit < SAME_LOGIT);
      if (!isConstant) return undefined;
      return `the network has given the same answer everywhere for ${window} steps; lower training.learning_rate, or use training.loss: focal with balanced sampling`;
    },
    positives() {
      if (recent.some(({ seizureLabels }) => seizureLabels > 0)) return undefined;
      return `no seizure in the last ${window} batches; check the annotations and data.use_balanced_sampling`;
    },
    baseRate({ step }) {
      const known = recent.reduce((sum, { knownLabels }) => sum + knownLabels, 0);
      const seizure = recent.reduce((sum, { seizureLabels }) => sum + seizureLabels, 0);
      if (known === 0 || seizure === 0) return undefined;
      const mean = recent.reduce((sum, { loss }) => sum + loss, 0) / recent.length;
      const constant = constantAnswerLoss(seizure / known, options.loss);
      if (mean < NO_BETTER * constant) return undefined;
      return `after ${step} steps the loss (${mean.toPrecision(3)}) is no better than that of one constant answer (${constant.toPrecision(3)}); the network has learnt nothing yet`;
    },
  };
  return (step) => {
    recent.push(step);
    if (recent.length > window) recent.shift();
    if (recent.length < window || (step.step + 1) % window !== 0) return [];
    const warnings: string[] = [];
    for (const [name, check] of Object.entries(checks)) {
      const text = reported.has(name) ? undefined : check(step);
      if (text === undefined) continue;
      reported.add(name);
      warnings.push(text);
    }
    return warnings;
  };
}
