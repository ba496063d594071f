import { setTimeout as sleep } from "node:timers/promises";

/** Something that the embedded server does wrong on purpose. */
export interface S3Fault {
  /**
   * - `reset`: the connection breaks after `afterBytes` of the body; `short-body`: it ends there in good order
   * - `stall`: nothing comes any more after `afterBytes`; `no-answer`: not even headers come
   * - `drip`: the body comes at `bytesPerSecond`
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
  /** Requests it strikes. @default "get" */
  readonly operation?: "get" | "head" | "list";
  /** Only requests for this key. @default every key */
  readonly key?: string;
  /** How many requests it strikes. @default 1 */
  readonly times?: number;
  /** Place in the body, in bytes from the start of the answer. @default 0 */
  readonly afterBytes?: number;
  /** @default 1024 */
  readonly bytesPerSecond?: number;
}

/** Hands out the faults of a script: the first that fits a request and has strikes left. */
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

/** Thrown by a faulty body where the server must break the connection (`reset`), end it (`end`) or fall silent. */
export class BrokenBody extends Error {
  override readonly name = "BrokenBody";
  constructor(readonly way: "reset" | "end" | "silence") {
    super(`scripted fault: ${way}`);
  }
}

/** The body as the fault has it. */
export async function* faultyBody(
  body: AsyncIterable<Uint8Array>,
  fault: S3Fault | undefined,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const place = fault?.afterBytes ?? 0;
  let sent = 0;
  for await (const chunk of body) {
    if (fault?.kind === "drip") {
      yield* drip(chunk, fault.bytesPerSecond ?? 1024, signal);
      continue;
    }
    const at = place - sent;
    const isHere = at >= 0 && at < chunk.byteLength;
    sent += chunk.byteLength;
    if (isHere && fault && fault.kind in BREAKS) {
      if (at > 0) yield chunk.subarray(0, at);
      throw new BrokenBody(BREAKS[fault.kind]!);
    }
    yield isHere && fault?.kind === "corrupt" ? flipped(chunk, at) : chunk;
  }
}

const BREAKS: Record<string, BrokenBody["way"]> = { reset: "reset", "short-body": "end", stall: "silence" };

function flipped(chunk: Uint8Array, at: number): Uint8Array {
  const copy = chunk.slice();
  copy[at] = copy[at]! ^ 0xff;
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
