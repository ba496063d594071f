import type { IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { GetObjectCommandOutput, HeadObjectCommandOutput, ListObjectsV2CommandOutput } from "@aws-sdk/client-s3";
import { StoreError } from "@ictal/base/errors";
import { onAbort } from "@ictal/base/on-abort";
import { waitingFor } from "@ictal/base/pending";
import { createRandom } from "../base/random.js";
import { connectS3, type S3Connection } from "./s3-client.js";
import { explainS3Error, NON_RETRYABLE_CODES, rawError, retryKind, type S3Target } from "./s3-errors.js";
import { endpointOf, type S3StoreOptions, stallMillisecondsOf } from "./s3-options.js";

const MAX_ATTEMPTS = { busy: 8, connect: 3, broken: 5, skew: 2, final: 1 } as const;
const CONNECT_ATTEMPTS_ONCE_REACHED = 8; // a service that answered before is worth waiting for
const MAX_WAIT_MILLISECONDS = 10_000;
/** Timeout of a whole answer in stall times: a listing or an error that arrives too slowly is aborted. */
const STALLS_PER_ANSWER = 8;

type SendOptions = { readonly abortSignal: AbortSignal };

/** Requests to one bucket, each retried as long as that can help, failing with one of our errors. */
export class S3Requests {
  readonly #options: S3StoreOptions;
  readonly #endpoint: string | undefined;
  readonly #payer: { readonly RequestPayer?: "requester" };
  readonly #jitter = createRandom(process.pid, "s3-backoff");
  #connecting: Promise<S3Connection> | undefined;
  #region: string;
  #isReached = false;
  #isBucketFound = false;
  #waitCount = 0;

  constructor(options: S3StoreOptions) {
    const endpoint = endpointOf(options);
    this.#options = options;
    this.#endpoint = endpoint === undefined ? undefined : new URL(endpoint).origin;
    this.#payer = options.requesterPays ? { RequestPayer: "requester" } : {};
    this.#region = options.region ?? "us-east-1";
  }

  async get(
    key: string,
    { range, ifMatch, digests }: { range?: string; ifMatch?: string; digests?: boolean },
    signal?: AbortSignal,
  ): Promise<GetObjectCommandOutput> {
    const output = await this.#send(key, signal, ({ sdk, client }, sendOptions) => {
      const command = new sdk.GetObjectCommand({
        ...this.#object(key),
        ...(range !== undefined && { Range: range }),
        ...(ifMatch !== undefined && { IfMatch: `"${ifMatch}"` }),
      });
      if (digests) requestChecksums(command);
      return client.send(command, sendOptions);
    });
    this.#isBucketFound = true;
    return output;
  }

  /** Undefined when the object is missing. */
  async head(
    key: string,
    { checksums }: { checksums?: boolean },
    signal?: AbortSignal,
  ): Promise<HeadObjectCommandOutput | undefined> {
    let missing: unknown;
    const output = await this.#send(key, signal, async ({ sdk, client }, sendOptions) => {
      const command = new sdk.HeadObjectCommand(this.#object(key));
      if (checksums) requestChecksums(command);
      try {
        return await client.send(command, sendOptions);
      } catch (error) {
        if (rawError(error).status !== 404) throw await this.#explainHead(error, key);
        missing = error;
        return undefined;
      }
    });
    if (output) this.#isBucketFound = true;
    else if (await this.#isMissingBucket()) throw await this.#missingBucketError(missing, key);
    return output;
  }

  async list(
    { prefix, startAfter, token }: { prefix: string; startAfter?: string; token?: string },
    signal?: AbortSignal,
  ): Promise<ListObjectsV2CommandOutput> {
    const page = await this.#send(undefined, signal, ({ sdk, client }, sendOptions) =>
      client.send(
        new sdk.ListObjectsV2Command({
          Bucket: this.#options.bucket,
          Prefix: prefix,
          EncodingType: "url",
          ...this.#payer,
          ...(startAfter !== undefined && { StartAfter: startAfter }),
          ...(token !== undefined && { ContinuationToken: token }),
        }),
        sendOptions,
      ),
    );
    this.#isBucketFound = true;
    return page;
  }

  /** Writes an object whole. */
  async put(key: string, bytes: Uint8Array, contentType: string | undefined, signal?: AbortSignal): Promise<void> {
    await this.#send(key, signal, ({ sdk, client }, sendOptions) =>
      client.send(
        new sdk.PutObjectCommand({
          ...this.#object(key),
          Body: bytes,
          ...(contentType !== undefined && { ContentType: contentType }),
        }),
        sendOptions,
      ),
    );
  }

  /** Waits before attempt number `attempt` + 1 after `error`, or throws the error that explains it. */
  async retryOrThrow(error: unknown, key: string | undefined, attempt: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const kind = retryKind(rawError(error));
    const most = kind === "connect" && this.#isReached ? CONNECT_ATTEMPTS_ONCE_REACHED : MAX_ATTEMPTS[kind];
    if (attempt >= most) throw explainS3Error(error, this.#target(key), attempt);
    const { backoffMilliseconds = 200 } = this.#options;
    const full = Math.min(backoffMilliseconds * 2 ** (attempt - 1), MAX_WAIT_MILLISECONDS);
    this.#waitCount += 1;
    const milliseconds = full * (0.5 + 0.5 * this.#jitter.uniform(this.#waitCount));
    await sleep(milliseconds, undefined, signal && { signal }).catch(() => undefined);
    signal?.throwIfAborted();
  }

  close(): void {
    this.#connecting?.then(({ client }) => client.destroy()).catch(() => undefined);
    this.#connecting = undefined;
  }

  async #connect(): Promise<S3Connection> {
    this.#connecting ??= connectS3(this.#options);
    const connection = await this.#connecting;
    this.#region = connection.region;
    return connection;
  }

  #object(key: string) {
    return { Bucket: this.#options.bucket, Key: key, ...this.#payer };
  }

  #target(key: string | undefined): S3Target {
    const { bucket, profile, anonymous } = this.#options;
    return {
      bucket,
      region: this.#region,
      endpoint: this.#endpoint,
      ...(profile !== undefined && { profile }),
      ...(anonymous && { anonymous }),
      ...(key !== undefined && { key }),
    };
  }

  async #send<T>(
    key: string | undefined,
    signal: AbortSignal | undefined,
    run: (connection: S3Connection, options: SendOptions) => Promise<T>,
  ): Promise<T> {
    const { bucket } = this.#options;
    const what = `${this.#endpoint ?? "AWS"} to answer for ${key === undefined ? bucket : `${bucket}/${key}`}`;
    const milliseconds = STALLS_PER_ANSWER * stallMillisecondsOf(this.#options);
    for (let attempt = 1; ; attempt++) {
      signal?.throwIfAborted();
      try {
        const connection = await waitingFor(`the S3 client of ${bucket}`, this.#connect());
        const result = await withTimeout(milliseconds, signal, (abortSignal) =>
          waitingFor(what, run(connection, { abortSignal })),
        );
        this.#isReached = true;
        return result;
      } catch (error) {
        if (rawError(error).status !== undefined) this.#isReached = true;
        await this.retryOrThrow(error, key, attempt, signal);
      }
    }
  }

  // HEAD answers have no body, so the reason of an error is requested by a GET of one byte.
  async #explainHead(error: unknown, key: string): Promise<unknown> {
    const { status } = rawError(error);
    if (status !== 400 && status !== 403 && status !== 301 && status !== 404) return error;
    try {
      const { sdk, client } = await this.#connect();
      discard(await client.send(new sdk.GetObjectCommand({ ...this.#object(key), Range: "bytes=0-0" })));
    } catch (reason) {
      return reason;
    }
    return error;
  }

  async #isMissingBucket(): Promise<boolean> {
    if (this.#isBucketFound) return false;
    const { sdk, client } = await this.#connect();
    try {
      await client.send(new sdk.HeadBucketCommand({ Bucket: this.#options.bucket }));
    } catch (error) {
      if (rawError(error).status === 404) return true; // other errors say nothing about the bucket
    }
    this.#isBucketFound = true;
    return false;
  }

  /** A service may answer 404 to requests whose credentials it rejects; then that is the error. */
  async #missingBucketError(missing: unknown, key: string): Promise<Error> {
    const reason = explainS3Error(await this.#explainHead(missing, key), this.#target(undefined), 1);
    if (reason instanceof StoreError && NON_RETRYABLE_CODES.has(reason.details.code ?? "")) return reason;
    return explainS3Error({ name: "NoSuchBucket" }, this.#target(undefined), 1);
  }
}

/**
 * `work` with a signal of its own, which `signal` aborts, and a timeout until it has answered. The body of an answer stays tied
 * to `signal` until it is closed.
 */
async function withTimeout<T>(
  milliseconds: number,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const own = new AbortController();
  const untie = onAbort(signal, () => own.abort(signal?.reason));
  let isTimedOut = false;
  const timer = setTimeout(() => {
    isTimedOut = true;
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
    throw isTimedOut ? Object.assign(new Error(`no answer in ${milliseconds} ms`), { name: "TimeoutError" }) : error;
  } finally {
    clearTimeout(timer);
  }
}

/** Requests checksum headers without the SDK's own check, which does not cover resumed bodies. */
function requestChecksums(command: { middlewareStack: { add: (...args: never[]) => void } }): void {
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

/** Releases the connection of a body that is not read; an unread body would keep it open. */
export function discard(output: GetObjectCommandOutput): void {
  const body = output.Body as { destroy?: () => void; on?: (event: "error", listener: () => void) => void } | undefined;
  body?.on?.("error", () => undefined);
  body?.destroy?.();
}
