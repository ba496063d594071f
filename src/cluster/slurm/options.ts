import { z } from "zod";
import type { PlanKind } from "../plan.js";

/** A value that is one word of a #SBATCH line: no blank, quote, mark or line end, which sbatch would read otherwise. */
export const ONE_WORD = /^[\w.:,@+-]+$/;

// biome-ignore lint/suspicious/noControlCharactersInRegex: a line of a script holds none of them
const ONE_LINE = /^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$/;

/** True for text that stays on its line of a script. */
export function isOneLine(text: string): boolean {
  return ONE_LINE.test(text);
}

const word = z.string().regex(ONE_WORD);

/** Resources that a job requests; stored with the plan so that a retry requests the same. */
export const slurmOptionsSchema = z.object({
  partition: word.optional(),
  account: word.optional(),
  qos: word.optional(),
  /** E.g. "1" or "a100:1". */
  gpus: word.optional(),
  cpus: z.number().int().optional(),
  memory: word.optional(),
  /** Limit of one task, as Slurm reads it: "24:00:00", "90", "2-00:00:00". */
  time: word.optional(),
  /** Tasks of an array at a time. */
  throttle: z.number().int().optional(),
  /** Seconds before the limit at which a task is signalled to save its state. */
  warnSeconds: z.number().int(),
  /** Lines for #SBATCH as they are, e.g. "--constraint=a100". */
  extra: z.array(z.string().regex(ONE_LINE)),
  /** Rounds in which shards that failed are submitted again. */
  retries: z.number().int(),
});

/** Resources that a job requests. */
export type SlurmOptions = z.infer<typeof slurmOptionsSchema>;

/** What scripts are written from. */
export interface ScriptInput {
  /** Absolute folder of the plan. */
  readonly dir: string;
  readonly kind: PlanKind;
  readonly shards: number;
  /** Program and first arguments that run `ictal`. */
  readonly ictal: readonly string[];
  readonly options: SlurmOptions;
}
