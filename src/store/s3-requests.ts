import type { IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { GetObjectCommandOutput, HeadObjectCommandOutput, ListObjectsV2CommandOutput } from "@aws-sdk/client-s3";
import { StoreError } from "@ictal/base/errors";
import { onAbort } from "@ictal/base/on-abort";
import { waitingFor } from "@ictal/base/pending";
import { createRandom } from "../base/random.js";
import { connectS3, endpointOf, type S3Connection, type S3StoreOptions, stallMillisecondsOf } from "./s3-client.js";
import { explainS3Error, HOPELESS_CODES, rawError, retryKind, type S3Place } from "./s3-errors.js";

/** Requests to one bucket, each tried again as long as that can help, failing with one of our errors. */
export interface S3Requests {
  get(
    key: string,
    headers: { range?: string; ifMatch?: string; digests?: boolean },
    signal?: AbortSignal,
  ): Promise<GetObjectCommandOutput>;
  /** Undefined when the object is missing. */
  head(
    key: string,
    options: { checksums?: boolean },
    signal?: AbortSignal,
  ): Promise<HeadObjectCommandOutput | undefined>;
  list(
    page: { prefix: string; startAfter?: string; token?: string },
    signal?: AbortSignal,
  ): Promise<ListObjectsV2CommandOutput>;
  /** Waits before try number `attempt` + 1 after `error`, or throws what it explains to. */
  retryOrThrow(error: unknown, key: string | undefined, attempt: number, signal?: AbortSignal): Promise<void>;
  close(): void;
}

const MOST_ATTEMPTS = { busy: 8, connect: 3, broken: 5, skew: 2, final: 1 } as const;
const CONNECT_ATTEMPTS_ONCE_REACHED = 8; // a service that answered before is worth waiting for
const LONGEST_WAIT_MILLISECONDS = 10_000;
/** So many stall times an answer may take until it is there: a listing or an error that drips is given up. */
const STALLS_PER_ANSWER = 8;

export function s3Requests(options: S3StoreOptions): S3Requests {
  const { bucket } = options;
  const endpoint = endpointOf(options);
  const payer = options.requesterPays ? ({ RequestPayer: "requester" } as const) : {};
  const jitter = createRandom(process.pid, "s3-backoff");
  let connecting: Promise<S3Connection> | undefined;
  let region = options.region ?? "us-east-1";
  let reached = false;
  let bucketSeen = false;
  let waits = 0;

  const connect = async (): Promise<S3Connection> => {
    connecting ??= connectS3(options);
    const connection = await connecting;
    region = connection.region;
    return connection;
  };

  const placeOf = (key: string | undefined): S3Place => ({
    bucket,
    region,
    endpoint: endpoint === undefined ? undefined : new URL(endpoint).origin,
    ...(options.profile !== undefined && { profile: options.profile }),
    ...(options.anonymous && { anonymous: true }),
    ...(key !== undefined && { key }),
  });

  const retryOrThrow: S3Requests["retryOrThrow"] = async (error, key, attempt, signal) => {
    signal?.throwIfAborted();
    const kind = retryKind(rawError(error));
    const most = kind === "connect" && reached ? CONNECT_ATTEMPTS_ONCE_REACHED : MOST_ATTEMPTS[kind];
    if (attempt >= most) throw explainS3Error(error, placeOf(key), attempt);
    const full = Math.min((options.backoffMilliseconds ?? 200) * 2 ** (attempt - 1), LONGEST_WAIT_MILLISECONDS);
    waits += 1;
    await sleep(full * (0.5 + 0.5 * jitter.uniform(waits)), undefined, signal && { signal }).catch(() => undefined);
    signal?.throwIfAborted();
  };

  const send = async <T>(
    key: string | undefined,
    signal: AbortSignal | undefined,
    run: (connection: S3Connection, options: { abortSignal: AbortSignal }) => Promise<T>,
  ) => {
    const what = `${placeOf(key).endpoint ?? "AWS"} to answer for ${key === undefined ? bucket : `${bucket}/${key}`}`;
    const patience = STALLS_PER_ANSWER * stallMillisecondsOf(options);
    for (let attempt = 1; ; attempt++) {
      signal?.throwIfAborted();
      try {
        const connection = await waitingFor(`the S3 client of ${bucket}`, connect());
        const result = await withPatience(patience, signal, (abortSignal) =>
          waitingFor(what, run(connection, { abortSignal })),
        );
        reached = true;
        return result;
      } catch (error) {
        if (rawError(error).status !== undefined) reached = true;
        await retryOrThrow(error, key, attempt, signal);
      }
    }
  };

  const get: S3Requests["get"] = async (key, { range, ifMatch, digests }, signal) => {
    const output = await send(key, signal, ({ sdk, client }, sendOptions) => {
      const command = new sdk.GetObjectCommand({
        Bucket: bucket,
        Key: key,
        ...payer,
        ...(range !== undefined && { Range: range }),
        ...(ifMatch !== undefined && { IfMatch: `"${ifMatch}"` }),
      });
      if (digests) askForChecksums(command);
      return client.send(command, sendOptions);
    });
    bucketSeen = true;
    return output;
  };

  // HEAD answers carry no text, so an error's reason is asked for by a GET of one byte.
  const explainHead = async (error: unknown, key: string): Promise<unknown> => {
    const { status } = rawError(error);
    if (status !== 400 && status !== 403 && status !== 301 && status !== 404) return error;
    try {
      const { sdk, client } = await connect();
      const output = await client.send(
        new sdk.GetObjectCommand({ Bucket: bucket, Key: key, Range: "bytes=0-0", ...payer }),
      );
      discard(output);
    } catch (reason) {
      return reason;
    }
    return error;
  };

  const isMissingBucket = async (): Promise<boolean> => {
    if (bucketSeen) return false;
    const { sdk, client } = await connect();
    try {
      await client.send(new sdk.HeadBucketCommand({ Bucket: bucket }));
    } catch (error) {
      if (rawError(error).status === 404) return true; // other refusals do not tell
    }
    bucketSeen = true;
    return false;
  };

  return {
    get,
    retryOrThrow,
    async head(key, { checksums }, signal) {
      let missing: unknown;
      const output = await send(key, signal, async ({ sdk, client }, sendOptions) => {
        const command = new sdk.HeadObjectCommand({ Bucket: bucket, Key: key, ...payer });
        if (checksums) askForChecksums(command);
        try {
          return await client.send(command, sendOptions);
        } catch (error) {
          if (rawError(error).status !== 404) throw await explainHead(error, key);
          missing = error;
          return undefined;
        }
      });
      if (!output) {
        if (!(await isMissingBucket())) return undefined;
        const reason = await explainHead(missing, key); // a service may answer 404 to a stranger
        const isLogin = explainS3Error(reason, placeOf(undefined), 1);
        throw isLogin instanceof StoreError && HOPELESS_CODES.has(isLogin.details.code ?? "")
          ? isLogin
          : explainS3Error({ name: "NoSuchBucket" }, placeOf(undefined), 1);
      }
      bucketSeen = true;
      return output;
    },
    async list({ prefix, startAfter, token }, signal) {
      const page = await send(undefined, signal, ({ sdk, client }, sendOptions) =>
        client.send(
          new sdk.ListObjectsV2Command({
            Bucket: bucket,
            Prefix: prefix,
            EncodingType: "url",
            ...payer,
            ...(startAfter !== undefined && { StartAfter: startAfter }),
            ...(token !== undefined && { ContinuationToken: token }),
          }),
          sendOptions,
        ),
      );
      bucketSeen = true;
      return page;
    },
    close() {
      connecting?.then(({ client }) => client.destroy()).catch(() => undefined);
      connecting = undefined;
    },
  };
}

/**
 * `work` with a signal of its own, which `signal` aborts, and a limit of patience until it has answered. A body that comes
 * with the answer stays tied to `signal` until it is closed.
 */
async function withPatience<T>(
  milliseconds: number,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const own = new AbortController();
  const untie = onAbort(signal, () => own.abort(signal!.reason));
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    own.abort();
  }, milliseconds);
  try {
    const answer = await work(own.signal);
    const body = (answer as { Body?: IncomingMessage } | undefined)?.Body; // only answers to GET have one
    if (body && !body.closed) body.once("close", untie);
    else untie();
    return answer;
  } catch (error) {
    untie();
    throw isLate ? Object.assign(new Error(`no answer in ${milliseconds} ms`), { name: "TimeoutError" }) : error;
  } finally {
    clearTimeout(timer);
  }
}

/** Asks for checksum headers without the SDK's own check, which a resumed body would escape. */
function askForChecksums(command: { middlewareStack: { add: (...args: never[]) => void } }): void {
  const addHeader =
    (next: (args: { request: { headers: Record<string, string> } }) => Promise<unknown>) =>
    (args: { request: { headers: Record<string, string> } }) => {
      args.request.headers["x-amz-checksum-mode"] = "ENABLED";
      return next(args);
    };
  const add = command.middlewareStack.add as (
    middleware: typeof addHeader,
    options: { step: string; name: string },
  ) => void;
  add.call(command.middlewareStack, addHeader, { step: "build", name: "ictalChecksumMode" });
}

/** Frees the connection of a body that nobody reads; an unread body would hold it for ever. */
export function discard(output: GetObjectCommandOutput): void {
  const body = output.Body as { destroy?: () => void; on?: (event: "error", listener: () => void) => void } | undefined;
  body?.on?.("error", () => undefined);
  body?.destroy?.();
}
