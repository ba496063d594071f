import { types } from "node:util";
import { escapeHtml } from "@ictal/base/html";
import type { MimeBundle } from "../wire/message.js";
import { plainText } from "./format-value.js";
import { inspectText } from "./inspect-text.js";
import { member } from "./member.js";

/** An error as a value: name and message, its stack and those of its causes folded. Undefined for anything else. */
export function errorView(value: unknown): MimeBundle | undefined {
  if (!types.isNativeError(value)) return undefined;
  const text = inspectText(value);
  const name = String(member(value, "name") ?? "Error");
  const message = String(member(value, "message") ?? "");
  const heading = `<b>${escapeHtml(plainText(name))}</b>${message === "" ? "" : `: ${escapeHtml(plainText(message))}`}`;
  const html = `<details><summary>${heading}</summary><pre>${escapeHtml(plainText(text))}</pre></details>`;
  return { "text/html": html, "text/plain": text };
}
