import type { IncomingMessage, ServerResponse } from "node:http";
import { NotFoundError } from "@ictal/base/errors";
import { openObject } from "../open-object.js";
import { type ByteRange, bareEtag, type ObjectInfo, type Store } from "../store.js";
import type { ObjectDigests } from "./object-digests.js";
import { BrokenBody, faultyBody, type S3Fault } from "./s3-faults.js";
import { S3Failure } from "./s3-xml.js";

interface ObjectRequest {
  readonly store: Store;
  readonly digestsOf: (info: ObjectInfo) => Promise<ObjectDigests>;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly key: string;
  readonly fault: S3Fault | undefined;
  readonly closing: AbortSignal;
  readonly checksums: boolean;
}

/** Answers HEAD and GET of an object. */
export async function answerObject({
  store,
  digestsOf,
  request,
  response,
  key,
  fault,
  closing,
  checksums,
}: ObjectRequest): Promise<void> {
  const info = await store.stat(key);
  if (!info) throw new NotFoundError(`no object "${key}"`, key);
  const digests = await digestsOf(info);
  if (isUnmodified(request, digests.md5)) {
    response.writeHead(304, { ETag: `"${digests.md5}"` }).end();
    return;
  }
  const range = parseRange(request.headers.range, info.size);
  const asked = request.headers["x-amz-checksum-mode"]?.toString().toUpperCase() === "ENABLED";
  const crc = checksums && asked && !range ? digests.crc32 : undefined;
  writeHeaders(response, info, digests.md5, range, fault?.kind === "wrong-checksum" && crc !== undefined ? ~crc : crc);
  if (request.method === "HEAD") {
    response.end();
    return;
  }
  const { body } = await openObject(store, key, { ifMatch: info.etag, ...(range && { range }) });
  await sendBody(response, faultyBody(body, fault, closing));
}

// If-Match and If-None-Match as RFC 9110 has them, for strong tags
function isUnmodified(request: IncomingMessage, etag: string): boolean {
  const names = (header: string | undefined) => header?.split(",").map((name) => bareEtag(name.trim()));
  const match = names(request.headers["if-match"]);
  if (match && !match.includes(etag) && !match.includes("*")) {
    throw new S3Failure(412, "PreconditionFailed", "At least one of the preconditions you specified did not hold.", {
      elements: { Condition: "If-Match" },
    });
  }
  const noneMatch = names(request.headers["if-none-match"]);
  return noneMatch !== undefined && (noneMatch.includes(etag) || noneMatch.includes("*"));
}

/** The one range of a Range header; several ranges, other units and broken text mean the whole object, as in S3. */
function parseRange(header: string | undefined, size: number): ByteRange | undefined {
  const found = /^bytes=(\d*)-(\d*)$/.exec(header ?? "");
  if (!found || (found[1] === "" && found[2] === "")) return undefined;
  const [, first, last] = found;
  const range =
    first === ""
      ? { start: Math.max(0, size - Number(last)), end: size }
      : { start: Number(first), end: last === "" ? size : Math.min(size, Number(last) + 1) };
  if (first !== "" && last !== "" && Number(last) < Number(first)) return undefined;
  if (range.start < range.end) return range;
  throw new S3Failure(416, "InvalidRange", "The requested range is not satisfiable", {
    elements: { RangeRequested: header ?? "", ActualObjectSize: String(size) },
    headers: { "Content-Range": `bytes */${size}` },
  });
}

function writeHeaders(
  response: ServerResponse,
  info: ObjectInfo,
  md5: string,
  range: ByteRange | undefined,
  crc: number | undefined,
): void {
  const headers: Record<string, string | number> = {
    ETag: `"${md5}"`,
    "Accept-Ranges": "bytes",
    "Content-Type": "binary/octet-stream",
    "Content-Length": range ? range.end - range.start : info.size,
    "Last-Modified": new Date(info.modifiedMilliseconds ?? 0).toUTCString(),
  };
  if (range) headers["Content-Range"] = `bytes ${range.start}-${range.end - 1}/${info.size}`;
  if (crc !== undefined) {
    const value = Buffer.alloc(4);
    value.writeUInt32BE(crc >>> 0);
    headers["x-amz-checksum-crc32"] = value.toString("base64");
    headers["x-amz-checksum-type"] = "FULL_OBJECT";
  }
  response.writeHead(range ? 206 : 200, headers);
}

async function sendBody(response: ServerResponse, body: AsyncGenerator<Uint8Array>): Promise<void> {
  try {
    for await (const chunk of body) {
      if (response.destroyed) return;
      if (!response.write(chunk)) await drained(response);
    }
    response.end();
  } catch (error) {
    if (!(error instanceof BrokenBody)) throw error;
    breakOff(response, error.way);
  }
}

/** Resolves when the response can be written to again, or is closed. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((done) => {
    const finish = () => {
      response.off("drain", finish);
      response.off("close", finish);
      done();
    };
    response.once("drain", finish);
    response.once("close", finish);
    if (response.destroyed) finish(); // it may have gone before anyone listened
  });
}

function breakOff(response: ServerResponse, way: BrokenBody["way"]): void {
  if (way === "silence") return;
  // bytes written so far are flushed first, so that the fault occurs at its byte
  response.write("", () => (way === "reset" ? response.socket?.resetAndDestroy() : response.socket?.end()));
}
