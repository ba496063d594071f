/** The sbatch calls of a plan, as data. */
import { join } from "node:path";
import { arrayParts, formatIndices } from "../indices.js";
import type { ScriptInput } from "./options.js";

/** One call of sbatch. */
export interface SbatchCall {
  readonly script: string;
  /** Numbers of the tasks, and what is added to them; absent for a job that is no array. */
  readonly array?: { readonly numbers: string; readonly offset: number };
  /** Starts once all arrays before it succeeded, or once one of them failed. */
  readonly after?: "success" | "failure";
}

/** Arguments of `call` after `sbatch --parsable`; `arrays` are the ids of the job arrays submitted before it. */
export function sbatchArgs({ script, array, after }: SbatchCall, arrays: readonly string[]): string[] {
  const dependency =
    after === "success" ? `afterok:${arrays.join(":")}` : arrays.map((id) => `afternotok:${id}`).join("?");
  return [
    ...(array ? [`--array=${array.numbers}`] : []),
    ...(after ? ["--kill-on-invalid-dep=yes", `--dependency=${dependency}`] : []),
    script,
    ...(array ? [String(array.offset)] : []),
  ];
}

/**
 * Calls that run `shards` of a plan in arrays of numbers below `size`, then finalise; with `followsFailure` a job also
 * follows when one of them failed. A training is one job that chains and finalises itself.
 */
export function sbatchCalls(
  { dir, kind, options }: ScriptInput,
  shards: readonly number[],
  size: number,
  followsFailure: boolean,
): SbatchCall[] {
  const task = join(dir, "task.sh");
  if (kind === "train") return shards.length > 0 ? [{ script: task }] : [];
  const limit = options.throttle ? `%${options.throttle}` : "";
  const arrays = arrayParts(shards, size).map(
    ({ offset, indices }): SbatchCall => ({
      script: task,
      array: { numbers: `${formatIndices(indices)}${limit}`, offset },
    }),
  );
  const finalise = join(dir, "finalise.sh");
  if (arrays.length === 0) return [{ script: finalise }];
  const retry: SbatchCall = { script: join(dir, "retry.sh"), after: "failure" };
  return [...arrays, { script: finalise, after: "success" }, ...(followsFailure ? [retry] : [])];
}
