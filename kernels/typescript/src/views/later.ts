import { types } from "node:util";
import type { MimeBundle } from "../wire/message.js";
import { inspectText } from "./inspect-text.js";
import { member } from "./member.js";

function hintFor(value: unknown): string | undefined {
  if (types.isPromise(value)) return "a promise: put await before it to see its value";
  if (typeof member(value, Symbol.asyncIterator) === "function") return "asynchronous: read it with for await (… of …)";
  if (types.isGeneratorObject(value)) return "a generator: read it with for (… of …), or spread it into an array";
  return undefined;
}

/** What Node 24 shows in each promise while async_hooks are in use, as debuggers and test runners do. */
const HOOK_NOTES = /, Symbol\((?:trigger_)?async_id_symbol\): \d+/g;

/** Values whose content comes later (promises, streams, generators): Node's text and how to get at the content. */
export function laterView(value: unknown): MimeBundle | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const hint = hintFor(value);
  if (hint === undefined) return undefined;
  const text = inspectText(value, { depth: 1, breakLength: Number.POSITIVE_INFINITY });
  return { "text/plain": `${text.replace(HOOK_NOTES, "")}\n(${hint})` };
}
