import { randomUUID } from "node:crypto";

/** Version of the Jupyter messaging protocol that we speak. */
export const PROTOCOL_VERSION = "5.4";

/** The header of a Jupyter message (https://jupyter-client.readthedocs.io/en/stable/messaging.html). */
export interface MessageHeader {
  readonly msg_id: string;
  readonly session: string;
  readonly username: string;
  /** ISO 8601. */
  readonly date: string;
  readonly msg_type: string;
  readonly version: string;
}

/** MIME type → data: text for text types, base64 for images, any JSON for `+json` types. */
export type MimeBundle = Record<string, unknown>;

/** Fields common to error messages, error replies and nbformat error outputs. */
export interface ErrorContent {
  readonly ename: string;
  readonly evalue: string;
  readonly traceback: readonly string[];
}

export interface DisplayContent {
  readonly data: MimeBundle;
  readonly metadata: Record<string, unknown>;
  readonly transient?: { readonly display_id?: string };
}

/** What `history_reply` lists: session, line, and the source, or source and output. */
export type HistoryEntry = [session: number, line: number, text: string | [source: string, output: string | null]];

/** Which part of the history is asked for. */
export interface HistoryRequest {
  readonly hist_access_type: "tail" | "range" | "search";
  readonly output: boolean;
  readonly raw?: boolean;
  /** For "range": 0 is the running session, -1 the one before it, positive ones count from the first. */
  readonly session?: number;
  readonly start?: number;
  /** For "range": the first line that is left out. */
  readonly stop?: number;
  readonly n?: number;
  /** For "search": `*`, `?` and `[…]` as in a shell. */
  readonly pattern?: string;
  readonly unique?: boolean;
}

/** Opens, continues or ends a comm, in both directions. */
export interface CommContent {
  readonly comm_id: string;
  readonly target_name?: string;
  readonly target_module?: string;
  readonly data: unknown;
}

interface Success {
  readonly status: "ok";
}

type Failure = { readonly status: "error" } & Partial<ErrorContent>;

/** Content by message type, for the types that kernel, runner and tests exchange. */
export interface MessageContents {
  kernel_info_request: Record<string, never>;
  kernel_info_reply: {
    status?: string;
    protocol_version: string;
    implementation: string;
    implementation_version?: string;
    language_info: { name: string; [key: string]: unknown };
    banner?: string;
    help_links?: { text: string; url: string }[];
    debugger?: boolean;
    supported_features?: string[];
    /** Ictal's own: the kernel answers ictal_settle_request. */
    ictal_settle?: boolean;
  };
  connect_request: Record<string, never>;
  connect_reply: Record<string, unknown>;
  execute_request: {
    code: string;
    silent: boolean;
    store_history: boolean;
    user_expressions: Record<string, string>;
    allow_stdin: boolean;
    stop_on_error: boolean;
  };
  execute_reply: {
    status: "ok" | "error" | "aborted" | "abort";
    execution_count?: number;
    payload?: unknown[];
    user_expressions?: Record<string, unknown>;
  } & Partial<ErrorContent>;
  execute_input: { code: string; execution_count: number };
  execute_result: DisplayContent & { execution_count: number };
  stream: { name: "stdout" | "stderr"; text: string };
  display_data: DisplayContent;
  update_display_data: DisplayContent;
  clear_output: { wait: boolean };
  error: ErrorContent;
  status: { execution_state: "starting" | "busy" | "idle" };
  iopub_welcome: { subscription: string };
  complete_request: { code: string; cursor_pos: number };
  complete_reply:
    | (Success & { matches: string[]; cursor_start: number; cursor_end: number; metadata: Record<string, unknown> })
    | Failure;
  inspect_request: { code: string; cursor_pos: number; detail_level: 0 | 1 };
  inspect_reply: (Success & { found: boolean; data: MimeBundle; metadata: Record<string, unknown> }) | Failure;
  is_complete_request: { code: string };
  is_complete_reply: { status: "complete" | "incomplete" | "invalid" | "unknown"; indent?: string };
  history_request: HistoryRequest;
  history_reply: (Success & { history: HistoryEntry[] }) | Failure;
  comm_info_request: { target_name?: string };
  comm_info_reply: Success & { comms: Record<string, { target_name: string }> };
  comm_open: CommContent;
  comm_msg: CommContent;
  comm_close: CommContent;
  /** Ictal's own, of both kernels: waits for what cells have left behind, and returns what has not ended. */
  ictal_settle_request: { grace_milliseconds: number };
  ictal_settle_reply: {
    status: string;
    pending: readonly { readonly what: string; readonly cell?: number; readonly line?: number }[];
    exit_code: number | null;
    exit_code_cell: number | null;
  };
  shutdown_request: { restart: boolean };
  shutdown_reply: { status?: string; restart: boolean };
  interrupt_request: Record<string, never>;
  interrupt_reply: { status: string };
  input_request: { prompt: string; password: boolean };
  input_reply: { value: string; status?: string };
}

export type MessageType = keyof MessageContents;

/** A Jupyter message as it stands between decoding and encoding. */
export interface Message<C = Record<string, unknown>> {
  /** Routing prefix of a ROUTER socket or topic of a PUB socket. */
  readonly identities: readonly Uint8Array[];
  readonly header: MessageHeader;
  /** Header of the request that this message answers; undefined when it answers none. */
  readonly parentHeader: MessageHeader | undefined;
  readonly metadata: Record<string, unknown>;
  readonly content: C;
  /** Raw binary frames (widgets). */
  readonly buffers: readonly Uint8Array[];
}

/** Narrows a message to the content of its type. */
export function isMessage<T extends MessageType>(
  message: Message,
  type: T,
): message is Message<MessageContents[T] & Record<string, unknown>> {
  return message.header.msg_type === type;
}

/** A message of `type` under a fresh id; `parent` is the message it answers, whose identities it takes over. */
export function createMessage<T extends MessageType>(
  type: T,
  content: MessageContents[T],
  options: { session: string; username?: string; parent?: Message; identities?: readonly Uint8Array[] },
): Message<MessageContents[T]> {
  return {
    identities: options.identities ?? options.parent?.identities ?? [],
    header: {
      msg_id: randomUUID(),
      session: options.session,
      username: options.username ?? "ictal",
      date: new Date().toISOString(),
      msg_type: type,
      version: PROTOCOL_VERSION,
    },
    parentHeader: options.parent?.header,
    metadata: {},
    content,
    buffers: [],
  };
}
