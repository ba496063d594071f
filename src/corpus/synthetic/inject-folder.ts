import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomic } from "@ictal/base/atomic-file";
import { ConfigError, NotFoundError } from "@ictal/base/errors";
import { makeFolder } from "@ictal/base/make-folder";
import { z } from "zod";

/** Name of the list of injected seizures in the output folder. */
export const INJECTED_MARKER = "injected.json";

const seizureSchema = z.object({
  /** Path of the recording inside each level's folder. */
  path: z.string(),
  patient: z.string(),
  startSeconds: z.number(),
  endSeconds: z.number(),
  type: z.string(),
  onset: z.string(),
  offset: z.string(),
  /** Label of the channel that defines the ratio, and the background's root mean square in it, microvolts. */
  channel: z.string(),
  backgroundMicrovolts: z.number(),
  /** The ratio as written, decibels, by level: it departs from the level by rounding, and where `clipped` samples reach their range. */
  written: z.record(z.string(), z.number()),
  clipped: z.record(z.string(), z.number()),
});

/** Content of `injected.json`. */
export const injectedSchema = z.object({
  optionsHash: z.string(),
  isComplete: z.boolean(),
  seed: z.number(),
  snrDb: z.array(z.number()),
  seizures: z.array(seizureSchema),
  /** Recordings of the background that were not used. */
  skipped: z.array(z.object({ id: z.string(), reason: z.string() })),
});
export type InjectReport = z.infer<typeof injectedSchema>;
export type InjectedSeizure = z.infer<typeof seizureSchema>;

/** Folder of one level. */
export const levelFolder = (snrDb: number): string => `snr_${snrDb}`;

/** Write the list of an injected corpus. */
export async function writeInjected(outDir: string, report: InjectReport): Promise<void> {
  await writeFileAtomic(join(outDir, INJECTED_MARKER), `${JSON.stringify(report, null, 2)}\n`);
}

/** The list of an injected corpus. NotFoundError without one; ConfigError when it is unfinished or not such a list. */
export async function readInjected(dir: string): Promise<InjectReport> {
  const path = join(dir, INJECTED_MARKER);
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined)
    throw new NotFoundError(`no ${INJECTED_MARKER} in ${dir}; give a folder made by corpus inject`, path);
  const found = injectedSchema.safeParse(parsed(text)).data;
  if (found?.isComplete) return found;
  throw new ConfigError(
    `${path} is ${found ? "of an unfinished corpus" : "no list of injected seizures"}; run corpus inject again`,
    {
      ...{ key: "injected", value: dir, allowed: "a finished folder of corpus inject" },
    },
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Refuse a folder that holds anything but an injection with the same options, finished or not. */
export async function claimFolder(outDir: string, optionsHash: string, snrDb: readonly number[]): Promise<void> {
  await makeFolder(outDir);
  const names = (await readdir(outDir)).filter((name) => !name.startsWith("."));
  if (names.length === 0) return;
  const text = await readFile(join(outDir, INJECTED_MARKER), "utf8").catch(() => "");
  const isSame = injectedSchema.safeParse(parsed(text)).data?.optionsHash === optionsHash;
  const own = new Set([INJECTED_MARKER, ...snrDb.map(levelFolder)]);
  const foreign = names.find((name) => !own.has(name) && !name.startsWith(`${INJECTED_MARKER}.tmp-`));
  if (isSame && foreign === undefined) return;
  throw new ConfigError(
    `${outDir} holds ${foreign ?? "injected seizures of other options"}; give an empty or a new folder, so that nothing is mixed or replaced`,
    { key: "out", value: outDir, allowed: "an empty folder, or one made with the same options" },
  );
}
