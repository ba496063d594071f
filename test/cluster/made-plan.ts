import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "../cache/made-cache.js";
import { type MadeFile, makeObjects, writeObjects } from "../cache/made-corpus.js";
import { runVerb } from "../cli/verb-thread.js";

/** Program and first words of the command under test. */
export const ICTAL = [process.execPath, fileURLToPath(new URL("../../src/cli/main.js", import.meta.url))];

/** Runs a verb to its end, in a thread of this process. */
export function ictal(words: readonly string[], environment: Record<string, string> = {}) {
  const { BGB_LIMIT_FILES: _limit, ...env } = process.env;
  return runVerb(words, { ...env, ...environment });
}

/** A small corpus with seizures and a configuration that names it. */
export async function makeProject(context: TestContext, recordings = 4, seconds = 20, epochs = 3) {
  const dir = await temporaryFolder(context);
  const files = Array.from(
    { length: recordings },
    (_, index): MadeFile => ({
      patient: `aaaaaaa${String.fromCharCode(97 + index)}`,
      split: index === recordings - 1 ? "dev" : "train",
      seconds,
      events: [[5, 12, "seiz"]],
    }),
  );
  await writeObjects(join(dir, "corpus"), makeObjects(files));
  const config = join(dir, "made.yaml");
  await writeFile(
    config,
    `data: { data_dir: ${dir}/corpus, cache_dir: ${dir}/cache, window_size: 10, stride: 2, use_balanced_sampling: false }
model: { name: unet, unet: { channels: [4, 4], downsample_factor: 4 } }
training: { epochs: ${epochs}, batch_size: 2, learning_rate: 1e-3, early_stopping: { metric: auroc, patience: 1000 } }
experiment: { output_dir: ${dir}/run, device: cpu }
`,
  );
  return { dir, config, cacheDir: join(dir, "cache") };
}

/** Hash of every file of a tree by relative path. */
export async function hashTree(root: string): Promise<Record<string, string>> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const hashes = files.sort().map(async (path) => [
    path.slice(root.length),
    createHash("sha256")
      .update(await readFile(path))
      .digest("hex"),
  ]);
  return Object.fromEntries(await Promise.all(hashes));
}
