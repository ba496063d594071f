import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256 } from "@ictal/base/canonical";
import { isIctalError } from "@ictal/base/errors";
import { pathOfKey } from "../local-path.js";
import { pull } from "../pull.js";
import { s3Store } from "../s3-store.js";
import type { Store } from "../store.js";
import type { S3Fault } from "./s3-faults.js";
import { startS3Server } from "./s3-server.js";

/** What became of one object that was pulled from a server with one fault. */
export interface DrillResult {
  readonly fault: S3Fault["kind"];
  /** What the pull reported: the number of GET requests it took, or why it gave up. */
  readonly outcome: string;
  /** Byte ranges of the requests in order; "whole" without one. */
  readonly requests: readonly string[];
  readonly seconds: number;
  /** Whether what lies on disk now is the object, byte for byte; false also when nothing does. */
  readonly isWhole: boolean;
}

const DRILLED: readonly S3Fault["kind"][] = [
  ...(["reset", "short-body", "stall", "no-answer", "corrupt", "wrong-checksum"] as const),
  ...(["slow-down", "internal-error", "access-denied"] as const),
];

/**
 * Pull one object of a store through an embedded S3 server that does one thing wrong, for each kind of fault: half way
 * through the body where that applies, once, or for ever where nothing helps ("access-denied"). Copies go into a temporary
 * folder that is removed.
 */
export async function drillFaults(
  store: Store,
  key: string,
  kinds: readonly S3Fault["kind"][] = DRILLED,
): Promise<DrillResult[]> {
  const bytes = await store.read(key);
  const results: DrillResult[] = [];
  for (const kind of kinds) results.push(await drillFault(store, key, kind, bytes));
  return results;
}

async function drillFault(store: Store, key: string, kind: S3Fault["kind"], bytes: Uint8Array): Promise<DrillResult> {
  const folder = await mkdtemp(join(tmpdir(), "ictal-drill-"));
  const requests: string[] = [];
  const server = await startS3Server({
    store,
    bucket: "drill",
    faults: [{ kind, key, afterBytes: bytes.byteLength >> 1, ...(kind === "access-denied" && { times: 100 }) }],
    onRequest: ({ operation, range }) => void (operation === "get" && requests.push(range ?? "whole")),
  });
  const { endpoint, accessKeyId, secretAccessKey } = server;
  const credentials = { accessKeyId, secretAccessKey };
  const from = s3Store({ bucket: "drill", endpoint, credentials, stallMilliseconds: 500, backoffMilliseconds: 50 });
  const started = performance.now();
  try {
    const outcome = await pull(from, folder, { keys: [key] }).then(
      ({ failed }) => failed[0]?.reason ?? `fetched in ${requests.length} request${requests.length === 1 ? "" : "s"}`,
      (error: unknown) => {
        if (isIctalError(error)) return error.message;
        throw error;
      },
    );
    const seconds = (performance.now() - started) / 1000;
    const found = await readFile(pathOfKey(folder, key)).catch(() => undefined);
    return { fault: kind, outcome, requests, seconds, isWhole: found !== undefined && sha256(found) === sha256(bytes) };
  } finally {
    await from.close?.();
    await server.close();
    await rm(folder, { recursive: true });
  }
}
