import { requireNumber } from "@ictal/base/options";
import { ownValue } from "@ictal/base/records";
import { projectPath } from "../base/project.js";
import { openStore } from "../store/open-store.js";
import { s3Store } from "../store/s3-store.js";
import { startS3Server } from "../store/server/s3-server.js";
import type { Store } from "../store/store.js";
import type { Catalogue } from "./catalogue.js";
import { annotationKeysOf } from "./recording-entry.js";
import { synthesizeCorpus } from "./synthetic/synthesize.js";

/** A corpus that can be listed and pulled. */
export interface CorpusSource {
  readonly store: Store;
  /** Local folder that holds it; absent for a bucket. */
  readonly dir?: string;
  /** Name for a folder of its copy: letters, digits and dashes. */
  readonly name: string;
  /** One line for messages: what it is and where. */
  readonly description: string;
  /** Closes the store and the embedded server, if there is one. */
  close(): Promise<void>;
}

export interface CorpusSourceOptions {
  /** Seed of the synthetic corpus. @default 42 */
  readonly seed?: number | undefined;
  /** Folder of the synthetic bucket. @default data/synthetic-<seed> or data/synthetic-background-<seed> in the project */
  readonly dir?: string | undefined;
  /** Port of the embedded server; 0 takes a free one. @default 0 */
  readonly port?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const BUCKET = "ictal-synthetic";
const PREFIX = "tusz";

/** Synthetic corpora by name, with the options that generate them. */
const SYNTHETIC: Readonly<Record<string, { readonly background?: number }>> = {
  synthetic: {},
  "synthetic-background": { background: 4 },
};

/** Keys of the recordings of a catalogue and of the annotation files beside them. */
export function catalogueKeys({ recordings }: Catalogue): string[] {
  return [...new Set(recordings.flatMap((entry) => [entry.edfKey, ...annotationKeysOf(entry)]))];
}

/**
 * Open the corpus that `source` names: "synthetic" generates the synthetic corpus (once per seed) and serves it from an S3
 * server on 127.0.0.1 under the prefix tusz/, "synthetic-background" the same with two hours without seizures in train;
 * anything else is a folder or an s3:// URL. Close it when done.
 */
export async function openCorpusSource(source: string, options: CorpusSourceOptions = {}): Promise<CorpusSource> {
  const made = ownValue(SYNTHETIC, source);
  if (made === undefined) {
    const store = openStore(projectPath(source));
    const isBucket = source.startsWith("s3://");
    const name = source
      .replace(/^s3:\/\//, "")
      .replace(/[^A-Za-z0-9]+/g, "-")
      .replace(/^-|-$/g, "");
    return {
      store,
      ...(isBucket ? {} : { dir: projectPath(source) }),
      name,
      description: store.url,
      close: async () => store.close?.(),
    };
  }
  const { seed = 42, port = 0, signal } = options;
  requireNumber("port", port, { isWhole: true, least: 0, most: 65_535 });
  const name = `${source}-${seed}`;
  const root = options.dir ?? projectPath(`data/${name}`);
  const report = await synthesizeCorpus(`${root}/${PREFIX}`, { seed, signal, ...made });
  const server = await startS3Server({ root, bucket: BUCKET, port });
  const { endpoint, accessKeyId, secretAccessKey } = server;
  const store = s3Store({
    bucket: BUCKET,
    prefix: `${PREFIX}/`,
    endpoint,
    credentials: { accessKeyId, secretAccessKey },
  });
  const state = report.reused === report.recordings ? "found" : "made";
  return {
    store,
    name,
    description: `${report.recordings} synthetic recordings (${report.hours.toFixed(1)} h, seed ${seed}, ${state}) at ${endpoint}/${BUCKET}/${PREFIX}/`,
    async close() {
      await store.close?.();
      await server.close();
    },
  };
}
