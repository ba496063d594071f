import { randomUUID } from "node:crypto";

/** Version of the Jupyter messaging protocol that we speak. */
export const PROTOCOL_VERSION = "5.3";

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

/** Content by message type, for the types that kernel and runner exchange. */
export interface MessageContents {
  kernel_info_request: Record<string, never>;
  kernel_info_reply: {
    protocol_version: string;
    implementation: string;
    language_info: { name: string; [key: string]: unknown };
  };
  execute_request: {
    code: string;
    silent: boolean;
    store_history: boolean;
    user_expressions: Record<string, string>;
    allow_stdin: boolean;
    stop_on_error: boolean;
  };
  execute_reply: { status: "ok" | "error" | "aborted" | "abort"; execution_count?: number } & Partial<ErrorContent>;
  execute_input: { code: string; execution_count: number };
  execute_result: DisplayContent & { execution_count: number };
  stream: { name: "stdout" | "stderr"; text: string };
  display_data: DisplayContent;
  update_display_data: DisplayContent;
  clear_output: { wait: boolean };
  error: ErrorContent;
  status: { execution_state: "starting" | "busy" | "idle" };
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
