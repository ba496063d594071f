/** The body of an object: after a failed connection, the rest of the same version is requested. */
import type { IncomingMessage } from "node:http";
import type { GetObjectCommandOutput } from "@aws-sdk/client-s3";
import { isIctalError, StoreError } from "@ictal/base/errors";
import { waitingFor } from "@ictal/base/pending";
import type { OwnedBytes } from "../base/owned-bytes.js";
import { type ConsumeBytes, pipeBody } from "./s3-agent.js";
import { answeredObject } from "./s3-answer.js";
import { discard, type S3Requests } from "./s3-requests.js";
import { type ByteRange, bareEtag, changedError, checkVersion, type ObjectInfo } from "./store.js";

const SLOWEST_BYTES_PER_SECOND = 1024;
const PROGRESS_BYTES = 1 << 16; // after this progress since the last failure, the attempts are counted anew

/** Source of a body. */
export interface BodySource {
  readonly url: string;
  /** Put before every key. */
  readonly base: string;
  readonly requests: S3Requests;
  /** Stall timeout of a connection. */
  readonly stallMilliseconds: number;
}

/** A body being read: its position, and the number of consecutive failures. */
export interface Reading {
  readonly source: BodySource;
  readonly info: ObjectInfo;
  readonly end: number;
  readonly signal: AbortSignal | undefined;
  output: GetObjectCommandOutput;
  at: number;
  attempt: number;
  failedAt: number;
}

export function startReading(
  source: BodySource,
  info: ObjectInfo,
  output: GetObjectCommandOutput,
  { start, end }: ByteRange,
  signal: AbortSignal | undefined,
): Reading {
  return { source, info, end, signal, output, at: start, attempt: 0, failedAt: start };
}

/** Counts a chunk; more bytes than announced are a StoreError. */
function advance(reading: Reading, count: number): void {
  const { source, info, end } = reading;
  if (reading.at + count > end)
    throw new StoreError(`"${info.key}" of ${source.url} sent more bytes than it announced`, {
      key: info.key,
      code: "BadAnswer",
    });
  reading.at += count;
}

/** Requests the rest after `failure`, or throws when that is useless. */
async function resume(reading: Reading, failure: unknown): Promise<void> {
  const { source, info, signal, at, end } = reading;
  const { key, etag } = info;
  const fullKey = source.base + key;
  reading.attempt = at - reading.failedAt >= PROGRESS_BYTES ? 1 : reading.attempt + 1;
  reading.failedAt = at;
  await source.requests.retryOrThrow(failure, fullKey, reading.attempt, signal);
  const rest = { range: `bytes=${at}-${end - 1}`, ...(etag !== undefined && { ifMatch: etag }) };
  reading.output = await source.requests.get(fullKey, rest, signal).catch((error) => {
    throw asChanged(error, source, key, etag);
  });
  try {
    const asked = { url: source.url, key, range: { start: at, end }, ifMatch: etag, givesEtags: etag !== undefined };
    const now = answeredObject(reading.output, asked);
    checkVersion(now, etag, source.url);
    if (now.size !== info.size) throw changedError(key, `${info.size} bytes`, source.url, `${now.size} bytes`);
  } catch (error) {
    discard(reading.output);
    throw error;
  }
}

/** A failed If-Match as the StoreError "Changed". */
export function asChanged(error: unknown, { url }: { url: string }, key: string, ifMatch: string | undefined): unknown {
  const status = isIctalError(error, "StoreError") ? error.details.status : undefined;
  return ifMatch !== undefined && status === 412 ? changedError(key, bareEtag(ifMatch), url) : error;
}

/** One response of a reading: its body, its stall detection, and the failure after which the rest is requested. */
interface Answer {
  readonly body: IncomingMessage;
  readonly stall: ReturnType<typeof watchStall>;
  failure: unknown;
}

/** The responses of a reading until all its bytes have arrived; each starts after the last byte of the one before. */
async function* answersOf(reading: Reading): AsyncGenerator<Answer, void, undefined> {
  for (;;) {
    const body = bodyOf(reading.output);
    const answer: Answer = {
      body,
      stall: watchStall(body, reading.source.stallMilliseconds),
      failure: Object.assign(new Error("aborted"), { code: "ECONNRESET" }), // it ended early
    };
    try {
      answer.stall.begin();
      yield answer;
    } finally {
      answer.stall.end();
      discard(reading.output);
    }
    if (reading.at === reading.end) return;
    await resume(reading, answer.failure);
  }
}

/** The bytes of a reading; whenever the connection fails, the rest is requested. */
export async function* readBody(reading: Reading): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const answer of answersOf(reading)) {
    const { body, stall } = answer;
    try {
      for await (const chunk of body as AsyncIterable<Uint8Array>) {
        stall.arrived(chunk.byteLength);
        advance(reading, chunk.byteLength);
        yield chunk;
        stall.begin();
      }
    } catch (error) {
      answer.failure = failureOf(error, reading.signal);
    }
  }
}

/** `readBody` for a reader that consumes each chunk as it arrives. */
export async function pipeReading(reading: Reading, consume: ConsumeBytes): Promise<void> {
  const { info, source, signal } = reading;
  for await (const answer of answersOf(reading)) {
    const { body, stall } = answer;
    const taken = (bytes: OwnedBytes) => {
      stall.arrived(bytes.byteLength);
      advance(reading, bytes.byteLength);
      const wait = withConsumerError(() => consume(bytes));
      if (!wait) stall.begin();
      return wait?.then(stall.begin);
    };
    try {
      await waitingFor(`the bytes of "${info.key}" of ${source.url}`, pipeBody(body, taken));
    } catch (error) {
      answer.failure = failureOf(error, signal);
    }
  }
}

/** An error of the consumer of the bytes, which no further request can fix. */
class ConsumerError extends Error {
  override readonly name = "ConsumerError";
}

function withConsumerError(work: () => Promise<void> | undefined): Promise<void> | undefined {
  const wrap = (cause: unknown): never => {
    throw new ConsumerError("the bytes could not be consumed", { cause });
  };
  try {
    return work()?.catch(wrap);
  } catch (error) {
    return wrap(error);
  }
}

/** The error after which to retry; throws errors that a retry cannot fix. */
function failureOf(error: unknown, signal: AbortSignal | undefined): unknown {
  signal?.throwIfAborted();
  if (error instanceof ConsumerError) throw error.cause;
  if (isIctalError(error)) throw error;
  return error;
}

/** On Node the SDK returns the response itself. */
const bodyOf = (output: GetObjectCommandOutput) => output.Body as unknown as IncomingMessage;

/**
 * Stall detection of a body: without bytes for this time, or with too few over this time, it ends with a TimeoutError. Only time
 * spent waiting for bytes counts, not the time of the consumer.
 */
function watchStall(body: IncomingMessage, stallMilliseconds: number) {
  let waited = 0;
  let received = 0;
  let asked = 0;
  let timer: NodeJS.Timeout | undefined;
  const tooSlow = () => {
    const text = `only ${received} bytes in ${Math.round(waited)} ms`;
    return Object.assign(new Error(text), { name: "TimeoutError" });
  };
  const giveUp = () => {
    waited += performance.now() - asked;
    body.destroy(tooSlow());
  };
  const end = () => {
    clearTimeout(timer);
    timer = undefined;
  };
  return {
    begin() {
      asked = performance.now();
      if (timer) timer.refresh();
      else timer = setTimeout(giveUp, stallMilliseconds);
    },
    arrived(count: number) {
      waited += performance.now() - asked;
      received += count;
      if (waited < stallMilliseconds) return;
      if (received < (SLOWEST_BYTES_PER_SECOND * waited) / 1000) throw tooSlow();
      waited = 0;
      received = 0;
    },
    /** Stops the timer until the next `begin`. */
    end,
  };
}
