import { createHmac, timingSafeEqual } from "node:crypto";
import { FormatError } from "@ictal/base/errors";
import { formatJson, parseExactJson } from "./exact-json.js";
import type { Message, MessageHeader } from "./message.js";
import { streamPieces } from "./stream-pieces.js";

const DELIMITER = Buffer.from("<IDS|MSG>");
const encoder = new TextEncoder();
const decoder = new TextDecoder(); // ipykernel sends half a surrogate pair as a stray byte: it becomes U+FFFD, the message stays

/** HMAC-SHA-256 in hexadecimal over the four JSON frames; an empty key means unsigned (empty text). */
export function signFrames(key: string, frames: readonly Uint8Array[]): string {
  if (key === "") return "";
  const mac = createHmac("sha256", key);
  for (const frame of frames) mac.update(frame);
  return mac.digest("hex");
}

/**
 * The frames of `message` for one multipart send: identities, delimiter, signature, four JSON frames, buffers. Content
 * that is a Uint8Array is taken for JSON text already.
 */
export function encodeMessage(message: Message<unknown>, key: string): Uint8Array[] {
  const json = [message.header, message.parentHeader ?? {}, message.metadata, message.content].map((part) =>
    part instanceof Uint8Array ? part : encoder.encode(formatJson(part)),
  );
  return [...message.identities, DELIMITER, encoder.encode(signFrames(key, json)), ...json, ...message.buffers];
}

function isSigned(key: string, signature: Uint8Array, frames: readonly Uint8Array[]): boolean {
  if (key === "") return true;
  const expected = encoder.encode(signFrames(key, frames));
  return expected.byteLength === signature.byteLength && timingSafeEqual(expected, signature);
}

function parseFrame(frame: Uint8Array, field: string): Record<string, unknown> {
  try {
    const value = parseExactJson(decoder.decode(frame));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (cause) {
    throw new FormatError(`${field} is not JSON`, { file: "Jupyter message", field }, { cause });
  }
  throw new FormatError(`${field} is not a JSON object`, { file: "Jupyter message", field });
}

/** The message in received `frames`, its content still JSON text. */
function openMessage(frames: readonly Uint8Array[], key: string): Message<Uint8Array> {
  const place = { file: "Jupyter message" };
  const delimiter = frames.findIndex((frame) => DELIMITER.equals(frame));
  if (delimiter < 0) throw new FormatError("no <IDS|MSG> delimiter among the frames", place);
  const signature = frames[delimiter + 1];
  const json = frames.slice(delimiter + 2, delimiter + 6);
  const [headerFrame, parentFrame, metadataFrame, content] = json;
  if (!signature || !headerFrame || !parentFrame || !metadataFrame || !content) {
    throw new FormatError(
      `${frames.length - delimiter - 1} frames after the delimiter; at least 5 were expected`,
      place,
    );
  }
  if (!isSigned(key, signature, json))
    throw new FormatError("the signature does not match the connection's key", { ...place, field: "signature" });
  const header = parseFrame(headerFrame, "header");
  const parent = parseFrame(parentFrame, "parent_header");
  if (typeof header.msg_id !== "string" || typeof header.msg_type !== "string") {
    throw new FormatError("the header lacks msg_id or msg_type", { ...place, field: "header" });
  }
  return {
    identities: frames.slice(0, delimiter),
    header: header as unknown as MessageHeader, // checked above; the other fields are informative
    parentHeader: typeof parent.msg_id === "string" ? (parent as unknown as MessageHeader) : undefined,
    metadata: parseFrame(metadataFrame, "metadata"),
    content,
    buffers: frames.slice(delimiter + 6),
  };
}

/**
 * The message in received `frames`. Throws FormatError when the delimiter or a frame is missing, the signature does not
 * match `key`, or a frame is not a JSON object; such a message must not be acted on.
 */
export function decodeMessage(frames: readonly Uint8Array[], key: string): Message {
  const opened = openMessage(frames, key);
  return { ...opened, content: parseFrame(opened.content, "content") };
}

function* withContents(opened: Message<Uint8Array>, contents: Iterable<Record<string, unknown>>): Generator<Message> {
  for (const content of contents) yield { ...opened, content };
}

/**
 * The same, but a large stream message comes as several: one header, and each with the next part of the text. What is
 * wrong with it is thrown before the first.
 */
export function decodeInPieces(frames: readonly Uint8Array[], key: string): Iterable<Message> {
  const opened = openMessage(frames, key);
  const pieces = opened.header.msg_type === "stream" ? streamPieces(opened.content) : undefined;
  return withContents(opened, pieces ?? [parseFrame(opened.content, "content")]);
}
