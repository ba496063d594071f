import { z } from "zod";
import type { PlanKind } from "../plan.js";

/** What a job asks the cluster for; kept beside the plan so that a retry asks for the same. */
export const slurmOptionsSchema = z.object({
  partition: z.string().optional(),
  account: z.string().optional(),
  qos: z.string().optional(),
  /** E.g. "1" or "a100:1". */
  gpus: z.string().optional(),
  cpus: z.number().int().optional(),
  memory: z.string().optional(),
  /** Limit of one task, as Slurm reads it: "24:00:00", "90", "2-00:00:00". */
  time: z.string().optional(),
  /** Tasks of an array at a time. */
  throttle: z.number().int().optional(),
  /** Seconds before the limit at which a task is told to save its state. */
  warnSeconds: z.number().int(),
  /** Lines for #SBATCH as they are, e.g. "--constraint=a100". */
  extra: z.array(z.string()),
  /** Rounds in which shards that failed are submitted again. */
  retries: z.number().int(),
});

/** What a job asks the cluster for. */
export type SlurmOptions = z.infer<typeof slurmOptionsSchema>;

/** What scripts are written from. */
export interface ScriptInput {
  /** Absolute folder of the plan. */
  readonly dir: string;
  readonly kind: PlanKind;
  readonly shards: number;
  /** Program and first words of `ictal`. */
  readonly ictal: readonly string[];
  readonly options: SlurmOptions;
}
