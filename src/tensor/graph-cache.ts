import { readdir, readFile, rm, stat, utimes } from "node:fs/promises";
import { cpus } from "node:os";
import { join } from "node:path";
import { commitFile, syncPath, temporaryName } from "@ictal/base/atomic-file";
import { hashOf, sha256 } from "@ictal/base/canonical";
import { makeFolder } from "@ictal/base/make-folder";
import type { InferenceSession } from "onnxruntime-node";
import { projectPath } from "../base/project.js";

type Ort = typeof import("onnxruntime-node");

/** Where graphs are cached by default. */
export const GRAPH_DIR = projectPath(".build/graphs");

/** Files in the cache; each is a few megabytes. The least recently used is removed first. */
const MAX_CACHED_FILES = 32;

/** ONNX Runtime's own format: unlike an .onnx file it stores the execution order of the nodes, and with it their memory use. */
const SUFFIX = ".ort";
const FORMAT = { save_model_format: "ORT" };

/** The name of a graph's file: a hash of its bytes and of what its optimization depends on. */
function fileName(ort: Ort, bytes: Uint8Array): string {
  const processor = cpus()[0]?.model ?? "";
  return `${hashOf({ graph: sha256(bytes), runtime: ort.env.versions, processor, arch: process.arch })}${SUFFIX}`;
}

async function removeOldest(dir: string): Promise<void> {
  const names = (await readdir(dir)).filter((name) => name.endsWith(SUFFIX));
  if (names.length <= MAX_CACHED_FILES) return;
  const used = await Promise.all(names.map(async (name) => ({ name, at: (await stat(join(dir, name))).mtimeMs })));
  used.sort((a, b) => a.at - b.at);
  for (const { name } of used.slice(0, names.length - MAX_CACHED_FILES)) await rm(join(dir, name), { force: true });
}

/** The session of a cached file, or undefined when there is none or it cannot be read; an unreadable one is removed. */
async function openCached(
  ort: Ort,
  path: string,
  settings: InferenceSession.SessionOptions,
): Promise<InferenceSession | undefined> {
  const bytes = await readFile(path).catch(() => undefined);
  if (!bytes) return undefined;
  try {
    const session = await ort.InferenceSession.create(bytes, { ...settings, graphOptimizationLevel: "disabled" });
    await utimes(path, new Date(), new Date()).catch(() => undefined); // a read-only cache still works
    return session;
  } catch {
    await rm(path, { force: true }).catch(() => undefined);
    return undefined;
  }
}

/** Open a session that writes its optimized graph to `path`; undefined when the folder cannot be written to. */
async function optimizeAndCache(
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
 * A session on the graph `bytes`. The first one lets the runtime optimize the graph, which takes most of the startup, and
 * caches the result in `dir`; later ones, in any process on the same processor and runtime, read it from there. Both run
 * the same nodes and give the same bits.
 */
export async function openCachedSession(
  ort: Ort,
  bytes: Uint8Array,
  settings: InferenceSession.SessionOptions,
  dir: string,
): Promise<InferenceSession> {
  const path = join(dir, fileName(ort, bytes));
  return (
    (await openCached(ort, path, settings)) ??
    (await optimizeAndCache(ort, bytes, settings, dir, path)) ??
    (await ort.InferenceSession.create(bytes, settings))
  );
}
