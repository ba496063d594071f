import { withoutControls } from "@ictal/base/printable";
import { formatJson } from "../wire/exact-json.js";
import type { MimeBundle } from "../wire/message.js";

function sizeOf(data: unknown): string {
  const bytes = typeof data === "string" ? data.length : formatJson(data).length;
  return bytes < 1024
    ? `${bytes} B`
    : bytes < 1024 * 1024
      ? `${Math.round(bytes / 1024)} kB`
      : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

function stripTags(html: string): string {
  const text = html.replace(/<(script|style)\b[\s\S]*?<\/\1>/gi, " ").replace(/<[^>]+>/g, " ");
  const entities: Record<string, string> = {
    "&lt;": "<",
    "&gt;": ">",
    "&quot;": '"',
    "&#39;": "'",
    "&nbsp;": " ",
    "&amp;": "&",
  };
  return text
    .replace(/&(?:lt|gt|quot|#39|nbsp|amp);/g, (entity) => entities[entity] ?? entity)
    .replace(/\s+/g, " ")
    .trim();
}

/** One line of text for a rich output: its text/plain, the words of its HTML or Markdown, else type and size. */
export function outputText(data: MimeBundle, width = 100): string {
  const plain = data["text/plain"] ?? data["text/markdown"] ?? data["text/latex"];
  const html = data["text/html"];
  const words = withoutControls(typeof plain === "string" ? plain : typeof html === "string" ? stripTags(html) : "")
    .replace(/\s+/g, " ")
    .trim();
  if (words) return words.length > width ? `${words.slice(0, width - 1)}…` : words;
  return Object.entries(data)
    .map(([mime, value]) => `[${withoutControls(mime)}, ${sizeOf(value)}]`)
    .join(" ");
}
