import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { sha256 } from "@ictal/base/canonical";
import { ConfigError } from "@ictal/base/errors";
import { makeFolder } from "@ictal/base/make-folder";
import { z } from "zod";
import { SYNTHETIC_MARKER } from "../synthetic-name.js";
import type { PlannedRecording } from "./corpus-plan.js";
import { pathsOf } from "./files.js";
import { BACKGROUND_RECORDINGS, SYNTHETIC_RECORDINGS } from "./recording-table.js";

const count = z.number().int().min(0);

const factsSchema = z.object({
  startSeconds: z.number(),
  endSeconds: z.number(),
  type: z.string(),
  onset: z.string(),
  offset: z.string(),
  snrDb: z.number(),
  hiddenSeconds: z.number(),
});

const markerSchema = z.object({
  seed: z.number().int(),
  optionsHash: z.string(),
  files: z.array(z.object({ path: z.string(), size: count, sha256: z.string() })),
  /** Seizures by recording id. */
  seizures: z.record(z.string(), count),
  /** Of a varied corpus. */
  realism: z.object({ difficulty: z.number(), parts: z.array(z.string()) }).optional(),
  /** Every true seizure by recording id, of a varied corpus. */
  facts: z.record(z.string(), z.array(factsSchema)).optional(),
});
/** Content of the file that a finished synthetic corpus has beside `edf/`. */
export type Marker = z.infer<typeof markerSchema>;
type MarkedFile = Marker["files"][number];

/** The marker, or undefined when there is none or another program's file of that name. */
export async function readMarker(dir: string): Promise<Marker | undefined> {
  const text = await readFile(join(dir, SYNTHETIC_MARKER), "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return markerSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** Ids of recordings whose files all exist with the hashes of the marker. */
export async function intactRecordings(
  dir: string,
  selected: readonly PlannedRecording[],
  marker: Marker,
  signal: AbortSignal | undefined,
): Promise<Set<string>> {
  const marked = new Map(marker.files.map((file) => [file.path, file]));
  const intact = new Set<string>();
  for (const recording of selected) {
    signal?.throwIfAborted();
    const whole = await Promise.all(recording.paths.map((path) => isIntact(dir, marked.get(path))));
    if (whole.every(Boolean)) intact.add(recording.id);
  }
  return intact;
}

async function isIntact(dir: string, file: MarkedFile | undefined): Promise<boolean> {
  if (!file) return false;
  const path = join(dir, file.path);
  const size = await stat(path).then(
    (found) => found.size,
    () => -1,
  );
  return size === file.size && sha256(await readFile(path)) === file.sha256;
}

/** Folders with the files of a corpus. */
const FOLDERS = ["edf", "derivatives"];

/** What `synthesizeCorpus` puts into its folder, the marker's own temporary names included; hidden names say nothing. */
function isOwnName(name: string): boolean {
  return (
    FOLDERS.includes(name) ||
    name === SYNTHETIC_MARKER ||
    name.startsWith(`${SYNTHETIC_MARKER}.tmp-`) ||
    name.startsWith(".")
  );
}

/** A temporary file whose writer still runs: another process makes the same corpus, with the same bytes. */
function isBeingWritten(path: string): boolean {
  const writer = /\.tmp-(\d+)-\d+$/.exec(path)?.[1];
  if (writer === undefined) return false;
  try {
    process.kill(Number(writer), 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/**
 * Remove what an earlier synthesis left under `edf/` and `derivatives/` and the selection does not hold; refuse when there is anything else.
 */
export async function clearForeign(
  dir: string,
  selected: readonly PlannedRecording[],
  before: Marker | undefined,
): Promise<void> {
  await makeFolder(dir);
  const foreignNames = (await readdir(dir)).filter((name) => !isOwnName(name));
  if (foreignNames.length > 0) throw refusal(dir, foreignNames);
  const wanted = new Set(selected.flatMap(({ paths }) => paths));
  const ours = new Set([
    ...wanted,
    ...[...SYNTHETIC_RECORDINGS, ...BACKGROUND_RECORDINGS].flatMap(pathsOf),
    ...(before?.files.map(({ path }) => path) ?? []),
  ]);
  const listed = FOLDERS.map((name) =>
    readdir(join(dir, name), { recursive: true, withFileTypes: true }).catch(() => []),
  );
  const entries = (await Promise.all(listed)).flat();
  const paths = entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(dir, join(entry.parentPath, entry.name)).split(sep).join("/"));
  const foreign = paths.filter((path) => !ours.has(path.replace(/\.tmp-.*$/, "")));
  if (foreign.length > 0) throw refusal(dir, foreign);
  for (const path of paths) if (!wanted.has(path) && !isBeingWritten(path)) await rm(join(dir, path), { force: true });
}

function refusal(dir: string, foreignNames: readonly string[]): ConfigError {
  const found = foreignNames.length === 1 ? foreignNames[0] : `${foreignNames[0]} and ${foreignNames.length - 1} more`;
  return new ConfigError(
    `${dir} holds files that are not part of a synthetic corpus: ${found}; give an empty or a new folder, so that no other files are mixed in or replaced`,
    { key: "dir", value: dir, allowed: "an empty folder, or one made by corpus synth" },
  );
}
