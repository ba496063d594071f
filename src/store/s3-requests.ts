import { setTimeout as sleep } from "node:timers/promises";
import type { GetObjectCommandOutput, ListObjectsV2CommandOutput } from "@aws-sdk/client-s3";
import { createRandom } from "../base/random.js";
import { connectS3, endpointOf, type S3Connection, type S3StoreOptions } from "./s3-client.js";
import { explainS3Error, rawError, retryKind, type S3Place } from "./s3-errors.js";

/** Requests to one bucket, each tried again as long as that can help, failing with one of our errors. */
export interface S3Requests {
  get(
    key: string,
    headers: { range?: string; ifMatch?: string; digests?: boolean },
    signal?: AbortSignal,
  ): Promise<GetObjectCommandOutput>;
  /** Undefined when the object is missing. */
  head(key: string): Promise<{ size: number; etag?: string; modifiedMilliseconds?: number } | undefined>;
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
    run: (connection: S3Connection) => Promise<T>,
  ) => {
    for (let attempt = 1; ; attempt++) {
      signal?.throwIfAborted();
      try {
        const result = await run(await connect());
        reached = true;
        return result;
      } catch (error) {
        if (rawError(error).status !== undefined) reached = true;
        await retryOrThrow(error, key, attempt, signal);
      }
    }
  };

  const sendOptions = (signal: AbortSignal | undefined) => (signal ? { abortSignal: signal } : {});

  const get: S3Requests["get"] = async (key, { range, ifMatch, digests }, signal) => {
    const output = await send(key, signal, ({ sdk, client }) => {
      const command = new sdk.GetObjectCommand({
        Bucket: bucket,
        Key: key,
        ...payer,
        ...(range !== undefined && { Range: range }),
        ...(ifMatch !== undefined && { IfMatch: `"${ifMatch}"` }),
      });
      if (digests) askForChecksums(command);
      return client.send(command, sendOptions(signal));
    });
    bucketSeen = true;
    return output;
  };

  // HEAD answers carry no text, so an error's reason is asked for by a GET of one byte.
  const explainHead = async (error: unknown, key: string): Promise<unknown> => {
    const { status } = rawError(error);
    if (status !== 400 && status !== 403 && status !== 301) return error;
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
    async head(key) {
      const output = await send(key, undefined, async ({ sdk, client }) => {
        try {
          return await client.send(new sdk.HeadObjectCommand({ Bucket: bucket, Key: key, ...payer }));
        } catch (error) {
          if (rawError(error).status === 404) return undefined;
          throw await explainHead(error, key);
        }
      });
      if (!output) {
        if (!(await isMissingBucket())) return undefined;
        throw explainS3Error({ name: "NoSuchBucket" }, placeOf(undefined), 1);
      }
      bucketSeen = true;
      return factsOf(output);
    },
    async list({ prefix, startAfter, token }, signal) {
      const page = await send(undefined, signal, ({ sdk, client }) =>
        client.send(
          new sdk.ListObjectsV2Command({
            Bucket: bucket,
            Prefix: prefix,
            EncodingType: "url",
            ...payer,
            ...(startAfter !== undefined && { StartAfter: startAfter }),
            ...(token !== undefined && { ContinuationToken: token }),
          }),
          sendOptions(signal),
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

interface ObjectFacts {
  ContentLength?: number | undefined;
  ETag?: string | undefined;
  LastModified?: Date | undefined;
}

function factsOf({ ContentLength, ETag, LastModified }: ObjectFacts) {
  return {
    size: ContentLength ?? 0,
    ...(ETag !== undefined && { etag: ETag.replaceAll('"', "") }),
    ...(LastModified && { modifiedMilliseconds: LastModified.getTime() }),
  };
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
