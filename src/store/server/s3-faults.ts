import { setTimeout as sleep } from "node:timers/promises";

/** A fault that the embedded server injects. */
export interface S3Fault {
  /**
   * - `reset`: the connection is reset after `afterBytes` of the body; `short-body`: the body ends there without an error
   * - `stall`: nothing is sent after `afterBytes`; `no-answer`: not even headers are sent
   * - `drip`: the body is sent at `bytesPerSecond`
   * - `wrong-checksum`: the checksum header is not that of the bytes; `corrupt`: the byte at `afterBytes` is flipped
   * - `slow-down`, `internal-error`, `access-denied`: 503, 500 and 403; `changed`: a request with If-Match gets 412
   */
  readonly kind:
    | "reset"
    | "short-body"
    | "stall"
    | "no-answer"
    | "drip"
    | "wrong-checksum"
    | "corrupt"
    | "slow-down"
    | "internal-error"
    | "access-denied"
    | "changed";
  /** Operation it applies to. @default "get" */
  readonly operation?: "get" | "head" | "list";
  /** Only requests for this key. @default every key */
  readonly key?: string;
  /** Number of requests it applies to. @default 1 */
  readonly times?: number;
  /** Position in the body, in bytes from the start of the response. @default 0 */
  readonly afterBytes?: number;
  /** @default 1024 */
  readonly bytesPerSecond?: number;
}

/** Returns the fault for each request: the first that matches and has `times` left. */
export function faultScript(faults: readonly S3Fault[]) {
  const left = faults.map((fault) => ({ fault, times: fault.times ?? 1 }));
  return (operation: "get" | "head" | "list", key: string | undefined): S3Fault | undefined => {
    const found = left.find(
      ({ fault, times }) =>
        times > 0 && (fault.operation ?? "get") === operation && (fault.key === undefined || fault.key === key),
    );
    if (found) found.times -= 1;
    return found?.fault;
  };
}

/** Thrown by a faulty body where the server must reset the connection (`reset`), end it (`end`) or stop sending (`silence`). */
export class BrokenBody extends Error {
  override readonly name = "BrokenBody";
  constructor(readonly way: "reset" | "end" | "silence") {
    super(`scripted fault: ${way}`);
  }
}

/** The body with the fault injected. */
export async function* faultyBody(
  body: AsyncIterable<Uint8Array>,
  fault: S3Fault | undefined,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const position = fault?.afterBytes ?? 0;
  let sent = 0;
  for await (const chunk of body) {
    if (fault?.kind === "drip") {
      yield* drip(chunk, fault.bytesPerSecond ?? 1024, signal);
      continue;
    }
    const at = position - sent;
    const isHere = at >= 0 && at < chunk.byteLength;
    sent += chunk.byteLength;
    const breaksAs = fault && BREAKS[fault.kind];
    if (isHere && breaksAs) {
      if (at > 0) yield chunk.subarray(0, at);
      throw new BrokenBody(breaksAs);
    }
    yield isHere && fault?.kind === "corrupt" ? flipped(chunk, at) : chunk;
  }
}

const BREAKS: Partial<Record<S3Fault["kind"], BrokenBody["way"]>> = {
  reset: "reset",
  "short-body": "end",
  stall: "silence",
};

function flipped(chunk: Uint8Array, at: number): Uint8Array {
  const copy = chunk.slice();
  copy[at] = (copy[at] ?? 0) ^ 0xff;
  return copy;
}

async function* drip(chunk: Uint8Array, bytesPerSecond: number, signal: AbortSignal) {
  const step = Math.max(1, Math.floor(bytesPerSecond / 20));
  for (let at = 0; at < chunk.byteLength; at += step) {
    yield chunk.subarray(at, at + step);
    await sleep((1000 * step) / bytesPerSecond, undefined, { signal, ref: false }).catch(() => undefined);
    if (signal.aborted) return;
  }
}
