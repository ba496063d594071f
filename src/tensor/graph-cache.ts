import { readdir, readFile, rm, stat, utimes } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { commitFile, syncPath, temporaryName } from "@ictal/base/atomic-file";
import { hashOf, sha256 } from "@ictal/base/canonical";
import { makeFolder } from "@ictal/base/make-folder";
import type { InferenceSession } from "onnxruntime-node";
import { projectPath } from "../base/project.js";

type Ort = typeof import("onnxruntime-node");

/** Where graphs are kept unless an executor is told otherwise. */
export const GRAPH_DIR = projectPath(".build/graphs");

/** Files kept; each is a few megabytes. The one used longest ago goes first. */
const KEPT_FILES = 32;

/** ONNX Runtime's own format: unlike an .onnx file it keeps the order in which nodes run, and so the memory they take. */
const SUFFIX = ".ort";
const FORMAT = { save_model_format: "ORT" };

/** Names a graph by its own bytes and by what the rewriting depends on. */
function fileName(ort: Ort, bytes: Uint8Array): string {
  const processor = cpus()[0]?.model ?? "";
  return `${hashOf({ graph: sha256(bytes), runtime: ort.env.versions, processor, arch: process.arch })}${SUFFIX}`;
}

async function removeOldest(dir: string): Promise<void> {
  const names = (await readdir(dir)).filter((name) => name.endsWith(SUFFIX));
  if (names.length <= KEPT_FILES) return;
  const used = await Promise.all(names.map(async (name) => ({ name, at: (await stat(join(dir, name))).mtimeMs })));
  used.sort((a, b) => a.at - b.at);
  for (const { name } of used.slice(0, names.length - KEPT_FILES)) await rm(join(dir, name), { force: true });
}

/** The session of a kept file, or undefined when there is none or it cannot be read; one that cannot be read is removed. */
async function openFile(
  ort: Ort,
  path: string,
  settings: InferenceSession.SessionOptions,
): Promise<InferenceSession | undefined> {
  const bytes = await readFile(path).catch(() => undefined);
  if (!bytes) return undefined;
  try {
    const session = await ort.InferenceSession.create(bytes, { ...settings, graphOptimizationLevel: "disabled" });
    await utimes(path, new Date(), new Date()).catch(() => undefined); // a folder that cannot be written to still serves
    return session;
  } catch {
    await rm(path, { force: true }).catch(() => undefined);
    return undefined;
  }
}

/** Open a session that leaves its rewritten graph at `path`; undefined when the folder cannot be written to. */
async function openAndKeep(
  ort: Ort,
  bytes: Uint8Array,
  settings: InferenceSession.SessionOptions,
  dir: string,
  path: string,
): Promise<InferenceSession | undefined> {
  const temporary = temporaryName(path);
  let session: InferenceSession | undefined;
  try {
    await makeFolder(dir);
    session = await ort.InferenceSession.create(bytes, {
      ...settings,
      optimizedModelFilePath: temporary,
      extra: { ...settings.extra, session: { ...(settings.extra?.session as object | undefined), ...FORMAT } }, // untyped there
    });
    await syncPath(temporary); // the runtime does not
    await commitFile(temporary, path);
    await removeOldest(dir);
    return session;
  } catch {
    await session?.release();
    await rm(temporary, { force: true }).catch(() => undefined);
    return undefined;
  }
}

/**
 * A session on the graph `bytes`. The first one lets the runtime rewrite the graph, which takes most of the start, and
 * keeps the result in `dir`; later ones, in any process on the same processor and runtime, read it from there. The
 * nodes that run are the same either way, and so is every bit of what they give.
 */
export async function openKeptSession(
  ort: Ort,
  bytes: Uint8Array,
  settings: InferenceSession.SessionOptions,
  dir: string,
): Promise<InferenceSession> {
  const path = join(dir, fileName(ort, bytes));
  return (
    (await openFile(ort, path, settings)) ??
    (await openAndKeep(ort, bytes, settings, dir, path)) ??
    (await ort.InferenceSession.create(bytes, settings))
  );
}
