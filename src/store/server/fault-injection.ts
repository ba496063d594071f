import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sha256 } from "@ictal/base/canonical";
import { isIctalError } from "@ictal/base/errors";
import { pathOfKey } from "../local-path.js";
import { pullObjects } from "../pull.js";
import { s3Store } from "../s3-store.js";
import type { Store } from "../store.js";
import type { S3Fault } from "./s3-faults.js";
import { startS3Server } from "./s3-server.js";

/** Result of pulling one object from a server that injects one fault. */
export interface FaultInjectionResult {
  readonly fault: S3Fault["kind"];
  /** What the pull reported: the number of GET requests, or why it failed. */
  readonly outcome: string;
  /** Byte ranges of the requests in order; "whole" without one. */
  readonly requests: readonly string[];
  readonly seconds: number;
  /** Whether the file on disk is the object, byte for byte; false when there is no file. */
  readonly isWhole: boolean;
}

const INJECTED_FAULTS: readonly S3Fault["kind"][] = [
  ...(["reset", "short-body", "stall", "no-answer", "corrupt", "wrong-checksum"] as const),
  ...(["slow-down", "internal-error", "access-denied"] as const),
];

/**
 * Fault injection: pulls one object of a store through an embedded S3 server that injects one fault, for each kind of fault.
 * Faults of the body occur half way through it. Each occurs once, "access-denied" at every request. Copies go to a temporary
 * folder that is removed.
 */
export async function injectFaults(
  store: Store,
  key: string,
  kinds: readonly S3Fault["kind"][] = INJECTED_FAULTS,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<FaultInjectionResult[]> {
  const bytes = await store.read(key, { signal });
  const results: FaultInjectionResult[] = [];
  for (const kind of kinds) results.push(await injectFault(store, key, { kind, bytes, signal }));
  return results;
}

interface Injection {
  readonly kind: S3Fault["kind"];
  readonly bytes: Uint8Array;
  readonly signal: AbortSignal | undefined;
}

async function injectFault(
  store: Store,
  key: string,
  { kind, bytes, signal }: Injection,
): Promise<FaultInjectionResult> {
  const dir = await mkdtemp(join(tmpdir(), "ictal-fault-"));
  const requests: string[] = [];
  const server = await startS3Server({
    store,
    bucket: "faults",
    faults: [{ kind, key, afterBytes: bytes.byteLength >> 1, ...(kind === "access-denied" && { times: 100 }) }],
    onRequest: ({ operation, range }) => void (operation === "get" && requests.push(range ?? "whole")),
  });
  const { endpoint, accessKeyId, secretAccessKey } = server;
  const credentials = { accessKeyId, secretAccessKey };
  const from = s3Store({ bucket: "faults", endpoint, credentials, stallMilliseconds: 500, backoffMilliseconds: 50 });
  const started = performance.now();
  try {
    const outcome = await pullObjects(from, dir, { keys: [key], signal }).then(
      ({ failed }) => failed[0]?.reason ?? `fetched in ${requests.length} request${requests.length === 1 ? "" : "s"}`,
      (error: unknown) => {
        if (isIctalError(error)) return error.message;
        throw error;
      },
    );
    const seconds = (performance.now() - started) / 1000;
    const found = await readFile(pathOfKey(dir, key)).catch(() => undefined);
    return { fault: kind, outcome, requests, seconds, isWhole: found !== undefined && sha256(found) === sha256(bytes) };
  } finally {
    await from.close?.();
    await server.close();
    await rm(dir, { recursive: true });
  }
}
