import { ConfigError } from "@ictal/base/errors";

/** Environment variables with the task index: Slurm arrays, Kubernetes Indexed Jobs, AWS Batch arrays. */
export const INDEX_VARIABLES = ["SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX", "AWS_BATCH_JOB_ARRAY_INDEX"] as const;

/** Added to the index of the scheduler when a plan has more shards than a job array may have tasks. */
export const OFFSET_VARIABLE = "ICTAL_SHARD_OFFSET";

type Environment = Readonly<Record<string, string | undefined>>;

function wholeNumber(environment: Environment, name: string): number | undefined {
  const text = environment[name];
  if (text === undefined || text === "") return undefined;
  if (/^\d+$/.test(text)) return Number(text);
  throw new ConfigError(`invalid ${name}: ${text}; expected a whole number`, { key: name, value: text });
}

/**
 * The number (from 0) of the shard that the scheduler of `environment` asks for, offset included; a plan of one shard
 * needs no scheduler. Throws a ConfigError when no variable is set, when two disagree and when there is no such shard.
 */
export function shardIndexFrom(environment: Environment, count: number): number {
  const given = INDEX_VARIABLES.flatMap((name) => {
    const value = wholeNumber(environment, name);
    return value === undefined ? [] : [{ name, value }];
  });
  const [first] = given;
  if (!first) {
    if (count === 1) return 0;
    throw new ConfigError(
      `missing --shard: the plan has ${count} shards; give --shard i/${count}, or use a scheduler that sets one of ${INDEX_VARIABLES.join(", ")}`,
      { key: "shard" },
    );
  }
  const other = given.find(({ value }) => value !== first.value);
  if (other)
    throw new ConfigError(`${first.name}=${first.value} and ${other.name}=${other.value} disagree; give --shard`, {
      key: other.name,
      value: other.value,
    });
  const index = first.value + (wholeNumber(environment, OFFSET_VARIABLE) ?? 0);
  if (index < count) return index;
  throw new ConfigError(`${first.name} asks for shard ${index}; the plan has shards 0 to ${count - 1}`, {
    key: first.name,
    value: index,
    allowed: `0 to ${count - 1}`,
  });
}

/** Job id as the tools of the scheduler use it. */
export function jobNameFrom(environment: Environment): string | undefined {
  const { SLURM_ARRAY_JOB_ID, SLURM_ARRAY_TASK_ID, SLURM_JOB_ID, AWS_BATCH_JOB_ID, HOSTNAME } = environment;
  if (SLURM_ARRAY_JOB_ID) return `${SLURM_ARRAY_JOB_ID}_${SLURM_ARRAY_TASK_ID}`;
  if (SLURM_JOB_ID) return SLURM_JOB_ID;
  if (AWS_BATCH_JOB_ID) return AWS_BATCH_JOB_ID;
  return environment.JOB_COMPLETION_INDEX === undefined ? undefined : HOSTNAME;
}
