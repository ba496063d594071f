import type { MessagePort } from "node:worker_threads";
import type { ConnectionInfo } from "../../wire/connection.js";
import type { ErrorContent, MessageHeader, MimeBundle } from "../../wire/message.js";

/*
 * What the main thread, which runs cells, and the protocol thread, which owns the sockets, exchange. A job is one
 * unit of work that the main thread does for one message: a cell or a comm message. Its number is how output finds its
 * way back to the message that caused it, also long after the job ended.
 */

/** One cell to run. */
export interface CellOrder {
  readonly job: number;
  /** Number in `cell-N.ts`: the execution count; cells that leave no history have numbers above a million. */
  readonly cell: number;
  readonly code: string;
  readonly silent: boolean;
  readonly allowStdin: boolean;
  readonly userExpressions: Readonly<Record<string, string>>;
}

/** A comm message in either direction; `content` is JSON text on the way out. */
export interface CommMessage {
  readonly messageType: "comm_open" | "comm_msg" | "comm_close";
  readonly id: string;
  readonly target?: string;
  readonly data: unknown;
  readonly metadata: Record<string, unknown>;
  readonly buffers: readonly Uint8Array[];
}

/** How a cell ended; bundles are JSON-safe. */
export type CellOutcome =
  | {
      readonly status: "ok";
      readonly userExpressions: Record<string, unknown>;
      /** Texts for the pager. */
      readonly pages: readonly MimeBundle[];
    }
  | { readonly status: "error"; readonly error: ErrorContent };

export type ToMain =
  | {
      /** The sockets are bound. */
      readonly type: "bound";
      /** False when SIGINT and SIGTERM have to be passed on by the main thread. */
      readonly handlesSignals: boolean;
    }
  | { readonly type: "execute"; readonly order: CellOrder }
  | { readonly type: "comm"; readonly job: number; readonly message: CommMessage }
  | { readonly type: "interrupt"; readonly number: number }
  | { readonly type: "terminated"; readonly number: number }
  /** Asks for what cells have left behind, as soon as it is done or `graceMilliseconds` have passed. */
  | { readonly type: "settle"; readonly number: number; readonly graceMilliseconds: number }
  | { readonly type: "exit"; readonly code: number };

/** Work that has not come to its end, and the cell `cell-N.ts` that began it, where known. */
export interface Leftover {
  readonly what: string;
  readonly cell?: number;
  readonly line?: number;
}

/** What cells leave behind when no more of them is to run. */
export interface Leftovers {
  readonly pending: readonly Leftover[];
  /** What cells set process.exitCode to; undefined when they did not. */
  readonly exitCode: number | undefined;
  /** The cell `cell-N.ts` that set it. */
  readonly exitCodeCell: number | undefined;
}

/** An outgoing message whose content the main thread has encoded as JSON. */
export interface EncodedContent {
  readonly content: Uint8Array;
  readonly buffers?: readonly Uint8Array[];
}

export type ToProtocol =
  | { readonly type: "stream"; readonly job: number; readonly name: "stdout" | "stderr"; readonly text: string }
  | ({
      readonly type: "publish";
      readonly job: number;
      readonly messageType: "display_data" | "update_display_data" | "execute_result" | "clear_output" | "error";
      readonly metadata?: Record<string, unknown>;
    } & EncodedContent)
  | { readonly type: "comm"; readonly job: number; readonly message: CommMessage }
  | { readonly type: "input"; readonly job: number; readonly prompt: string; readonly password: boolean }
  | { readonly type: "done"; readonly job: number; readonly outcome: CellOutcome }
  | { readonly type: "comm-done"; readonly job: number }
  | { readonly type: "acknowledged"; readonly number: number; readonly phase: "interrupt" | "terminated" }
  | { readonly type: "settled"; readonly number: number; readonly leftovers: Leftovers }
  /** The main thread is about to end the process: this thread should end before. */
  | { readonly type: "leaving" }
  | { readonly type: "signal"; readonly signal: "SIGINT" | "SIGTERM" }
  | { readonly type: "language"; readonly port: MessagePort };

/** The answer to a cell's question, through a port that the main thread reads while it waits. */
export type InputAnswer = { readonly value: string } | { readonly refused: "interrupted" | "no-stdin" };

/** What the protocol thread is started with. */
export interface ProtocolData {
  readonly connection: ConnectionInfo;
  readonly session: string;
  readonly inputPort: MessagePort;
  /** Int32 cells, see SHARED. */
  readonly shared: SharedArrayBuffer;
  readonly kernelVersion: string;
  readonly typescriptVersion: string;
  /** JSONL file of the history; undefined keeps none on disk. */
  readonly historyFile: string | undefined;
}

/** Places in the shared Int32Array. */
export const SHARED = {
  /** Set to 1 when an answer lies in the input port. */
  inputReady: 0,
  /** Characters of output that the main thread sent and the protocol thread has not yet handled. */
  outputPending: 1,
  length: 2,
} as const;

/** Header of the message behind a job. */
export type JobParent = MessageHeader | undefined;
