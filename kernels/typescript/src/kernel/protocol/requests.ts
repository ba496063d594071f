import type { ConnectionInfo } from "../../wire/connection.js";
import type { HistoryRequest, Message, MessageContents, MessageType } from "../../wire/message.js";
import type { Assistant } from "./assistant.js";
import type { CommRegistry } from "./comm-registry.js";
import type { History } from "./history.js";

/** What answers need to know. */
export interface RequestContext {
  readonly connection: ConnectionInfo;
  readonly info: MessageContents["kernel_info_reply"];
  readonly history: History;
  readonly comms: CommRegistry;
  /** Resolves once the language service is up. */
  readonly assistant: Promise<Assistant>;
}

/** An answer that takes longer is worth nothing to someone who types. */
const ANSWER_MILLISECONDS = 10_000;

function within<T>(work: Promise<T>, otherwise: T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<T>((resolve) => {
    timer = setTimeout(() => resolve(otherwise), ANSWER_MILLISECONDS);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

const text = (value: unknown) => (typeof value === "string" ? value : "");
const codePoints = (code: string) => [...code].length;

async function complete({ assistant }: RequestContext, content: Record<string, unknown>) {
  const code = text(content.code);
  const cursor = Number(content.cursor_pos ?? codePoints(code));
  const nothing = { matches: [], cursorStart: cursor, cursorEnd: cursor };
  const { matches, cursorStart, cursorEnd } = await within(
    assistant.then((language) => language.complete(code, cursor)),
    nothing,
  );
  const types = matches.map((match) => ({
    start: cursorStart,
    end: cursorEnd,
    text: match.text,
    type: match.type,
    signature: match.signature ?? "",
    ...(match.documentation === undefined ? {} : { documentation: match.documentation }),
  }));
  return {
    status: "ok" as const,
    matches: matches.map((match) => match.text),
    cursor_start: cursorStart,
    cursor_end: cursorEnd,
    metadata: { _jupyter_types_experimental: types },
  };
}

async function inspect({ assistant }: RequestContext, content: Record<string, unknown>) {
  const code = text(content.code);
  const cursor = Number(content.cursor_pos ?? codePoints(code));
  const level = content.detail_level === 1 ? 1 : 0;
  const found = await within(
    assistant.then((language) => language.inspect(code, cursor, level)),
    undefined,
  );
  const data = found ? { "text/plain": found.text, "text/markdown": found.markdown } : {};
  return { status: "ok" as const, found: found !== undefined, data, metadata: {} };
}

async function isComplete({ assistant }: RequestContext, content: Record<string, unknown>) {
  const { status, indent } = await within(
    assistant.then((language) => language.isComplete(text(content.code))),
    { status: "unknown" as const },
  );
  return { status, ...(status === "incomplete" ? { indent: indent ?? "" } : {}) };
}

async function history({ history: cells }: RequestContext, content: Record<string, unknown>) {
  const request = content as unknown as HistoryRequest; // each field has a default in the query
  return { status: "ok" as const, history: await cells.query(request) };
}

type Answer = (context: RequestContext, content: Record<string, unknown>) => object | Promise<object>;

/** Requests that the protocol thread answers by itself, also while a cell runs. */
const ANSWERS: Partial<Record<MessageType, Answer>> = {
  kernel_info_request: ({ info }) => info,
  connect_request: ({ connection: { shell_port, iopub_port, stdin_port, control_port, hb_port } }) => ({
    status: "ok",
    ...{ shell_port, iopub_port, stdin_port, control_port, hb_port },
  }),
  comm_info_request: ({ comms }, content) => ({
    status: "ok",
    comms: comms.list(typeof content.target_name === "string" ? content.target_name : undefined),
  }),
  history_request: history,
  complete_request: complete,
  inspect_request: inspect,
  is_complete_request: isComplete,
};

/** The reply to a request that needs no cell to run; undefined for a type that is not known. Never rejects. */
export async function answerRequest(context: RequestContext, request: Message): Promise<object | undefined> {
  const answer = ANSWERS[request.header.msg_type as MessageType]; // undefined for other words
  if (!answer) return undefined;
  try {
    return await answer(context, request.content);
  } catch (error) {
    const { name, message } = error as Error;
    return { status: "error", ename: name, evalue: message, traceback: [`${name}: ${message}`] };
  }
}
