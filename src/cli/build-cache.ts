/** A build of the cache that a configuration asks for, as `cache build` and the first `train` do it. */
import type { Config } from "../base/config-schema.js";
import { isIctalError } from "../base/errors.js";
import { printableAll, tell } from "../base/printable.js";
import type { Progress } from "../base/progress.js";
import { type BuildReport, buildCache } from "../cache/build.js";
import { chainFromConfig } from "../cache/from-config.js";
import { writeManifest } from "../cache/manifest.js";
import { type Catalogue, readCatalogue } from "../corpus/catalogue.js";
import { openStore } from "../store/open-store.js";
import type { Shard } from "./data-options.js";

export interface BuildOptions {
  /** @default the configuration's `num_workers`; one per core for 0 */
  readonly workers?: number;
  /** One part alone, without the manifest. */
  readonly shard?: Shard;
  /** Recordings at most. @default the configuration's `limit_files` */
  readonly limit?: number;
  /** Codes of reasons for which a recording may be left out. */
  readonly accept?: readonly string[];
  /** Check every frame before a recording is reused. */
  readonly verify?: boolean;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** What a build made. */
export interface MadeCache {
  readonly report: BuildReport;
  /** Undefined for a part. */
  readonly written?: WrittenManifest;
  /** Recordings that were left out for reasons which nobody accepted. */
  readonly refused: BuildReport["leftOut"];
  /** Nothing is missing that should be there. */
  readonly isComplete: boolean;
}

/** Bring the cache of `config` up to date from its corpus, then write the manifest. */
export async function buildConfigured(config: Config, options: BuildOptions): Promise<MadeCache> {
  const { workers, shard, limit, accept, verify, progress, signal } = options;
  const { data } = config;
  const store = openStore(data.data_dir);
  const catalogue = await readCatalogue(store, { limit: limit ?? data.limit_files ?? undefined, signal });
  const report = await buildCache({
    store,
    catalogue,
    cacheDir: data.cache_dir,
    chain: chainFromConfig(config),
    sampleType: data.sample_type,
    workers: workers ?? (data.num_workers || undefined),
    shard,
    verify,
    progress,
    signal,
  });
  const written = shard ? undefined : await tryManifest(report, catalogue);
  const refused = unaccepted(report, accept);
  const isComplete = refused.length === 0 && !(written?.manifest === null && isAnnotated(catalogue));
  return { report, written, refused, isComplete };
}

/** Without any annotation a cache is for prediction; with some, having no seizure is a fault. */
function isAnnotated({ recordings }: Catalogue): boolean {
  return recordings.some(({ csvKey, csvBiKey, tseKey, tseBiKey, tsvKey }) =>
    [csvKey, csvBiKey, tseKey, tseBiKey, tsvKey].some((key) => key !== undefined),
  );
}

interface WrittenManifest {
  readonly manifest: string | null;
  /** Why there is no manifest. */
  readonly manifestRefused?: string;
}

/** The manifest of a whole build; a corpus without seizures has a cache for prediction but no manifest, and says why. */
async function tryManifest({ cacheDir, key }: BuildReport, catalogue: Catalogue): Promise<WrittenManifest> {
  try {
    const { path } = await writeManifest(cacheDir, { key, catalogue });
    return { manifest: path };
  } catch (error) {
    if (!isIctalError(error, "CacheError") || error.cause !== undefined) throw error;
    tell(`ictal: no manifest was written: ${error.message}`);
    return { manifest: null, manifestRefused: error.message };
  }
}

/** What was left out for reasons that nobody accepted. */
function unaccepted({ leftOut }: BuildReport, accept: readonly string[] = []): BuildReport["leftOut"] {
  return accept.includes("all") ? [] : leftOut.filter(({ code, accepted }) => !accepted && !accept.includes(code));
}

/** What a build came to, for people. */
export function buildText(made: MadeCache): string {
  const { report, refused, written } = printableAll(made);
  const { built, reused, relabelled, leftOut, eegSeconds, builtSeconds, wallSeconds, bytes } = report;
  const rate = built > 0 ? `, ${(builtSeconds / wallSeconds).toFixed(0)} times real time` : "";
  const codes = [...new Set(refused.map(({ code }) => code))];
  return [
    `${built} built, ${reused} reused (${relabelled} with changed labels), ${leftOut.length} left out`,
    `${(eegSeconds / 3600).toFixed(2)} hours of EEG, ${(bytes / 1e6).toFixed(1)} MB, ${wallSeconds.toFixed(1)} s${rate}`,
    ...Object.entries(report.diagnostics).map(([code, count]) => `  ${code}: in ${count} of ${built + reused}`),
    ...leftOut.map(({ id, code, reason }) => `left out ${id} (${code}): ${reason}`),
    ...(codes.length > 0 ? [`to accept what was left out: --accept ${codes.join(",")}`] : []),
    `cache ${report.folder}`,
    ...(written?.manifest ? [`manifest ${written.manifest}`] : []),
  ].join("\n");
}
