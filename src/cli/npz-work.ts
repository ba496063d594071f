/** What `cache export` and `cache import` do; `npz.ts` has their flags. */
import { resolve } from "node:path";
import type { Outcome } from "@ictal/base/action";
import { isIctalError } from "@ictal/base/errors";
import { withInterrupt } from "@ictal/base/interrupt";
import { notify, printableAll } from "@ictal/base/printable";
import { createProgress } from "@ictal/base/progress";
import { describeCache } from "../cache/describe.js";
import { writeManifest } from "../cache/manifest.js";
import { chainFromConfig } from "../config/layer-options.js";
import { exportNpz } from "../dataset/npz/export-npz.js";
import { importNpz } from "../dataset/npz/import-npz.js";
import { configuredManifest } from "./configured-manifest.js";
import { configOf, type DataFlags } from "./data-options.js";
import { reportJson } from "./report-json.js";

/** Flags of `cache export`. */
export interface ExportFlags extends DataFlags {
  readonly npz: string;
  readonly split?: string[];
  readonly level?: number;
}

/** Flags of `cache import`. */
export interface ImportFlags extends DataFlags {
  readonly split?: string;
  readonly stride?: number;
}

/** `cache export`. */
export async function exportWindows(flags: ExportFlags): Promise<Outcome> {
  const found = await configOf(flags, ["cacheDir"]);
  const { data } = found.config;
  if (flags.split?.includes("eval")) notify("ictal: this uses the eval split; use it for the final evaluation only");
  const manifest = await configuredManifest(found);
  return withInterrupt("finished archives are complete", async (signal) => {
    const report = await exportNpz({
      cacheDir: data.cache_dir,
      manifest,
      outDir: resolve(flags.npz),
      windowSeconds: data.window_size,
      strideSeconds: data.stride,
      split: flags.split,
      level: flags.level,
      progress: createProgress(),
      signal,
    });
    const { files, windows, bytes, excluded, droppedSeconds, outDir } = printableAll(report);
    const text = [
      `${files} archives, ${(bytes / 1e6).toFixed(1)} MB: ${windows.partial} partial, ${windows.full} full, ${windows.none} none`,
      `${droppedSeconds.toFixed(0)} s at the ends of recordings do not fill a window and were dropped`,
      ...excluded.map(({ id, code, reason }) => `excluded ${id} (${code}): ${reason}`),
      outDir,
    ];
    return { json: reportJson(report), text: text.join("\n") };
  });
}

/** The manifest of what was imported; windows without any seizure have a cache for prediction but no manifest. */
async function tryManifest(
  cacheDir: string,
  key: string,
): Promise<{ manifest: string | null; manifestRefused?: string }> {
  try {
    return { manifest: (await writeManifest(cacheDir, { key })).path };
  } catch (error) {
    if (!isIctalError(error, "CacheError") || error.cause !== undefined) throw error;
    notify(`ictal: manifest.json was not written: ${error.message}`);
    return { manifest: null, manifestRefused: error.message };
  }
}

/** `cache import`. */
export async function importWindows(dir: string, flags: ImportFlags): Promise<Outcome> {
  const { config } = await configOf(flags, ["cacheDir"]);
  const { data } = config;
  return withInterrupt("imported windows are kept; run the same command again to continue", async (signal) => {
    const report = await importNpz({
      dir: resolve(dir),
      cacheDir: data.cache_dir,
      split: flags.split,
      strideSeconds: flags.stride ?? (flags.config === undefined ? undefined : data.stride),
      description: flags.config === undefined ? undefined : describeCache(chainFromConfig(config), data.sample_type),
      progress: createProgress(),
      signal,
    });
    const written =
      report.imported + report.reused > 0 ? await tryManifest(data.cache_dir, report.key) : { manifest: null };
    const { imported, reused, excluded, eegSeconds, bytes, otherClass, folder } = printableAll(report);
    const text = [
      `${imported} imported, ${reused} reused, ${excluded.length} excluded`,
      `${(eegSeconds / 3600).toFixed(2)} hours of EEG, ${(bytes / 1e6).toFixed(1)} MB`,
      ...(otherClass > 0 ? [`${otherClass} windows have another class in manifest.json than by their labels`] : []),
      ...excluded.map(({ id, code, reason }) => `excluded ${id} (${code}): ${reason}`),
      `cache ${folder}`,
      ...(written.manifest ? [`manifest ${written.manifest}`] : []),
    ];
    return {
      json: { ...reportJson(report), ...written },
      text: text.join("\n"),
      exitCode: excluded.length > 0 || written.manifest === null ? 1 : 0,
    };
  });
}
