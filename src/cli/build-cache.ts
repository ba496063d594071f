/** Builds the cache of a configuration, for `cache build` and the first `train`. */

import { isIctalError } from "@ictal/base/errors";
import { notify, printable, printableAll } from "@ictal/base/printable";
import type { Progress } from "@ictal/base/progress";
import { type BuildReport, buildCache } from "../cache/build.js";
import { isPermanent } from "../cache/exclusion.js";
import { lacksSeizures, writeManifest } from "../cache/manifest.js";
import type { GapPolicy } from "../cache/segments.js";
import { chainFromConfig, gapsFromConfig } from "../config/layer-options.js";
import type { Config } from "../config/schema.js";
import type { Catalogue } from "../corpus/catalogue.js";
import { locationOfFinding } from "../recording/finding.js";
import { openStore } from "../store/open-store.js";
import { isAccepted, NO_SEIZURES } from "./accept-option.js";
import { checkBeforeBuild } from "./build-check.js";
import type { Shard } from "./data-options.js";
import { unmarkIncomplete } from "./incomplete-cache.js";
import type { SplitCheck } from "./split-check.js";

/** What the flags of a build change of the configuration. */
export interface BuildOptions {
  /** @default the configuration's `num_workers`; one per core for 0 */
  readonly workers?: number | undefined;
  /** One part alone, without the manifest. */
  readonly shard?: Shard | undefined;
  /** Recordings at most. @default the configuration's `limit_files` */
  readonly limit?: number | undefined;
  /** Codes for which a recording may be excluded or have unknown labels. */
  readonly accept?: readonly string[] | undefined;
  /** @default the configuration's `gaps` */
  readonly gaps?: GapPolicy | undefined;
  /** Check every frame before a recording is reused. */
  readonly verify?: boolean | undefined;
  /** What the cache is for: what that cannot do with the recordings is refused before the work. @default a cache for any use */
  readonly check?: SplitCheck | undefined;
  /** Called between the checks and the work. */
  readonly onChecked?: (() => void) | undefined;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** Result of a build. */
export interface BuiltCache {
  readonly report: BuildReport;
  /** Undefined for a part. */
  readonly written?: WrittenManifest;
  /** Recordings excluded for reasons that were not accepted. */
  readonly refused: BuildReport["excluded"];
  /** Annotation errors that make labels unknown and that were not accepted. */
  readonly doubtful: BuildReport["doubtful"];
  /** True when nothing is excluded, unknown or missing that was not accepted. */
  readonly isComplete: boolean;
}

/** Bring the cache of `config` up to date from its corpus, then write the manifest. */
export async function buildConfigured(config: Config, options: BuildOptions): Promise<BuiltCache> {
  const { workers, shard, accept, verify, progress, signal } = options;
  const { data } = config;
  const store = openStore(data.data_dir);
  const limit = options.limit ?? data.limit_files ?? undefined;
  const gaps = options.gaps ?? gapsFromConfig(config);
  const work = { store, cacheDir: data.cache_dir, chain: chainFromConfig(config), sampleType: data.sample_type, gaps };
  const { catalogue, labels } = await checkBeforeBuild(config, { ...work, ...options, limit });
  options.onChecked?.();
  const report = await buildCache({
    ...work,
    catalogue,
    labels,
    workers: workers ?? (data.num_workers || undefined),
    shard,
    verify,
    progress,
    signal,
  });
  const written = shard ? undefined : await tryManifest(report, catalogue);
  const accepts = (code: string) => isAccepted(code, accept);
  const refused = report.excluded.filter(({ code, accepted }) => !accepted && !(isPermanent(code) && accepts(code)));
  const doubtful = report.doubtful.filter(({ finding, accepted }) => !accepted && !accepts(finding.code));
  const hasManifest = written?.manifest !== null || (written.lacksSeizures === true && accepts(NO_SEIZURES));
  const isComplete = refused.length + doubtful.length === 0 && hasManifest;
  if (isComplete && !shard) await unmarkIncomplete(report.folder);
  return {
    report,
    ...(written && { written }),
    refused,
    doubtful,
    isComplete,
  };
}

interface WrittenManifest {
  readonly manifest: string | null;
  /** Why there is no manifest. */
  readonly manifestRefused?: string;
  /** True when that is that the corpus holds no seizure. */
  readonly lacksSeizures?: boolean;
}

/** Writes the manifest of a complete build; without seizures there is none, and the reason is reported. */
async function tryManifest({ cacheDir, key }: BuildReport, catalogue: Catalogue): Promise<WrittenManifest> {
  try {
    const { path } = await writeManifest(cacheDir, { key, catalogue });
    return { manifest: path };
  } catch (error) {
    if (!isIctalError(error, "CacheError") || error.cause !== undefined) throw error;
    const advice = `\nictal: such a cache is for prediction only; to accept that: --accept ${NO_SEIZURES}`;
    notify(`ictal: manifest.json was not written: ${error.message}${lacksSeizures(error) ? advice : ""}`);
    return { manifest: null, manifestRefused: error.message, lacksSeizures: lacksSeizures(error) };
  }
}

/** The annotation errors that make labels unknown, a line each. */
export function doubtLines(doubtful: BuildReport["doubtful"]): string[] {
  return doubtful.map(({ id, finding }) =>
    printable(`unknown labels in ${id} (${finding.code}): ${locationOfFinding(finding)}: ${finding.message}`),
  );
}

/** Result of a build as text. */
export function buildText(made: BuiltCache): string {
  const { report, refused, doubtful, written } = printableAll(made);
  const { built, reused, relabelled, excluded, eegSeconds, builtSeconds, wallSeconds, bytes } = report;
  const rate = built > 0 ? `, ${(builtSeconds / wallSeconds).toFixed(0)} times real time` : "";
  const lasting = refused.map(({ code }) => code).filter(isPermanent);
  const codes = [...new Set([...lasting, ...doubtful.map(({ finding }) => finding.code)])];
  const passing = refused.length - lasting.length;
  const what = [lasting.length > 0 ? ["excluded recordings"] : [], doubtful.length > 0 ? ["unknown labels"] : []]
    .flat()
    .join(" and ");
  const unknown = new Set(report.doubtful.map(({ id }) => id)).size;
  return [
    `${built} built, ${reused} reused (${relabelled} with changed labels), ${excluded.length} excluded`,
    `${(eegSeconds / 3600).toFixed(2)} hours of EEG, ${(bytes / 1e6).toFixed(1)} MB, ${wallSeconds.toFixed(1)} s${rate}`,
    ...Object.entries(report.diagnostics).map(([code, count]) => `  ${code}: in ${count} of ${built + reused}`),
    ...excluded.map(({ id, code, reason }) => `excluded ${id} (${code}): ${reason}`),
    ...doubtLines(report.doubtful),
    ...(unknown > 0
      ? [`${unknown} recordings with unknown labels: neither seizure nor background until the annotations are fixed`]
      : []),
    ...(codes.length > 0 ? [`to accept the ${what}: --accept ${codes.join(",")}`] : []),
    ...(passing > 0
      ? [`${passing} of them could not be read and may be readable later: run the same command again`]
      : []),
    `cache ${report.folder}`,
    ...(written?.manifest ? [`manifest ${written.manifest}`] : []),
  ].join("\n");
}
