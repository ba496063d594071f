import { randomBytes } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import { isIctalError, StoreError } from "@ictal/base/errors";
import { onAbort } from "@ictal/base/on-abort";
import { requireNumber } from "@ictal/base/options";
import { folderStore } from "../folder-store.js";
import type { Store } from "../store.js";
import { digestCache, type ObjectDigests } from "./object-digests.js";
import { faultScript, type S3Fault } from "./s3-faults.js";
import { listPage } from "./s3-listing.js";
import { answerObject } from "./s3-object.js";
import { type Credentials, checkSignature, decode, parseQuery } from "./s3-signature.js";
import { element, escapeXml, failureXml, S3Failure, xmlDocument } from "./s3-xml.js";

export interface S3ServerOptions {
  /** Folder served as the bucket; give this or `store`. */
  readonly root?: string | undefined;
  readonly store?: Store | undefined;
  readonly bucket: string;
  /** 0 selects a free port. @default 0 */
  readonly port?: number | undefined;
  /** @default "ictal" */
  readonly accessKeyId?: string | undefined;
  /** @default random for each start */
  readonly secretAccessKey?: string | undefined;
  /** Also answer requests without a signature. @default false */
  readonly allowAnonymous?: boolean | undefined;
  /** Refuse signatures for another region, as S3 does. @default any region */
  readonly region?: string | undefined;
  /** Send CRC32 checksums when requested. @default true */
  readonly checksums?: boolean | undefined;
  /** Faults to inject, for tests. */
  readonly faults?: readonly S3Fault[] | undefined;
  /** Aborting closes the server. */
  readonly signal?: AbortSignal | undefined;
  /** Called as each answer's headers go out. */
  readonly onRequest?: ((request: ServedRequest) => void) | undefined;
}

/** One request as the server saw it. */
export interface ServedRequest {
  readonly operation: string;
  readonly key?: string;
  readonly range?: string;
  readonly headers: IncomingMessage["headers"];
}

/** A running server. */
export interface S3Server extends Credentials {
  readonly endpoint: string;
  readonly bucket: string;
  readonly port: number;
  /** Ends open connections and frees the port. */
  close(): Promise<void>;
}

interface Service {
  readonly store: Store;
  readonly options: S3ServerOptions;
  readonly credentials: Credentials;
  readonly digestsOf: (info: Parameters<ReturnType<typeof digestCache>>[0]) => Promise<ObjectDigests>;
  readonly faultFor: ReturnType<typeof faultScript>;
  readonly closing: AbortSignal;
}

const HOST = "127.0.0.1";
let requestCount = 0;

/**
 * Serves a folder or store as a read-only S3 bucket on 127.0.0.1: ListObjectsV2, HEAD and GET with ranges and
 * conditions, ETag = MD5, signatures checked, CRC32 when asked for. Memory does not grow with object size.
 */
export async function startS3Server(options: S3ServerOptions): Promise<S3Server> {
  const { root, store, bucket, signal } = options;
  signal?.throwIfAborted();
  requireNumber("port", options.port ?? 0, { isWhole: true, least: 0, most: 65_535 });
  const served = store ?? (root === undefined ? undefined : folderStore(resolve(root)));
  if (!served || (root !== undefined && store !== undefined))
    throw new RangeError("invalid server options: expected exactly one of root and store");
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) {
    throw new RangeError(`invalid bucket: ${bucket}; 3 to 63 lower-case letters, digits, dots and dashes`);
  }
  const closing = new AbortController();
  const credentials: Credentials = {
    accessKeyId: options.accessKeyId ?? "ictal",
    secretAccessKey: options.secretAccessKey ?? randomBytes(20).toString("hex"),
  };
  const faultFor = faultScript(options.faults ?? []);
  const service = {
    store: served,
    options,
    credentials,
    digestsOf: digestCache(served, root && resolve(root)),
    faultFor,
    closing: closing.signal,
  };
  const server = createServer((request, response) => void serve(service, request, response));
  const port = await listen(server, options.port ?? 0);
  const stop = async () => {
    closing.abort();
    const closed = new Promise((done) => server.close(done));
    server.closeAllConnections();
    await closed;
  };
  const release = onAbort(signal, () => void stop());
  return {
    endpoint: `http://${HOST}:${port}`,
    bucket,
    port,
    ...credentials,
    close() {
      release();
      return stop();
    },
  };
}

async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((done, fail) => {
    server.once("error", (error: NodeJS.ErrnoException) => fail(explainListen(error, port)));
    server.listen(port, HOST, done);
  });
  return (server.address() as AddressInfo).port; // listening on TCP, so it is not a pipe's name
}

function explainListen(error: NodeJS.ErrnoException, port: number): Error {
  if (error.code === "EADDRINUSE") {
    return new StoreError(
      `port ${port} of ${HOST} is in use by another program; stop that program, or choose another --port (0 selects a free one)`,
      { code: error.code },
      { cause: error },
    );
  }
  if (error.code === "EACCES") {
    return new StoreError(`port ${port} needs root privileges; choose a --port of 1024 or more`, {
      code: error.code,
    });
  }
  return error;
}

async function serve(service: Service, request: IncomingMessage, response: ServerResponse): Promise<void> {
  requestCount += 1;
  const requestId = requestCount.toString(16).toUpperCase().padStart(16, "0");
  response.setHeader("x-amz-request-id", requestId);
  response.setHeader("Server", "ictal");
  request.resume(); // bodies are not used
  try {
    await route(service, request, response);
  } catch (error) {
    if (response.headersSent || response.destroyed) {
      response.destroy();
      return;
    }
    const failure = asFailure(error);
    for (const [name, value] of Object.entries(failure.more.headers ?? {})) response.setHeader(name, value);
    const text = failureXml(failure, request.url ?? "/", requestId);
    sendXml(request, response, failure.status, text);
  }
}

function asFailure(error: unknown): S3Failure {
  if (error instanceof S3Failure) return error;
  if (isIctalError(error, "NotFoundError")) return new S3Failure(404, "NoSuchKey", "The specified key does not exist.");
  if (isIctalError(error, "StoreError") && error.details.code === "UnsafeKey") {
    return new S3Failure(404, "NoSuchKey", "The specified key does not exist.");
  }
  if (isIctalError(error, "StoreError") && error.details.code === "LinkOutside") {
    return new S3Failure(403, "AccessDenied", "The file is a symbolic link to a path outside the served folder");
  }
  return new S3Failure(500, "InternalError", error instanceof Error ? error.message : String(error));
}

function sendXml(request: IncomingMessage, response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "Content-Type": "application/xml", "Content-Length": Buffer.byteLength(text) });
  response.end(request.method === "HEAD" ? undefined : text);
}

async function route(service: Service, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { options } = service;
  const method = request.method ?? "";
  const [path = "/", query = ""] = splitUrl(request.url ?? "/");
  if (!options.allowAnonymous || request.headers.authorization !== undefined) {
    checkSignature({ method, path, query, headers: request.headers }, service.credentials, options.region);
  }
  if (method !== "GET" && method !== "HEAD") {
    throw new S3Failure(405, "MethodNotAllowed", "This server is read-only: GET and HEAD are allowed");
  }
  const [, bucket = "", rawKey = ""] = /^\/([^/]*)\/?(.*)$/s.exec(path) ?? [];
  const key = decode(rawKey);
  if (bucket === "") return sendXml(request, response, 200, bucketsXml(options.bucket));
  if (decode(bucket) !== options.bucket) {
    throw new S3Failure(404, "NoSuchBucket", "The specified bucket does not exist", {
      elements: { BucketName: decode(bucket) },
    });
  }
  await answer(service, request, response, key, new Map(parseQuery(query)));
}

/** What a request to the bucket, or to an object of it, asks for. */
function operationOf(method: string | undefined, key: string): "head-bucket" | "list" | "head" | "get" {
  if (key === "") return method === "HEAD" ? "head-bucket" : "list";
  return method === "HEAD" ? "head" : "get";
}

async function answer(
  service: Service,
  request: IncomingMessage,
  response: ServerResponse,
  key: string,
  parameters: Map<string, string>,
): Promise<void> {
  const { options, store } = service;
  const operation = operationOf(request.method, key);
  const { range } = request.headers;
  options.onRequest?.({ operation, headers: request.headers, ...(key !== "" && { key }), ...(range && { range }) });
  if (operation === "head-bucket") {
    response.writeHead(200, { "x-amz-bucket-region": options.region ?? "us-east-1" }).end();
    return;
  }
  const fault = service.faultFor(operation, key);
  if (fault?.kind === "no-answer") return;
  throwFault(fault, request);
  if (operation !== "list")
    return answerObject({ ...service, request, response, key, fault, checksums: options.checksums ?? true });
  if (parameters.has("location")) {
    return sendXml(request, response, 200, xmlDocument("LocationConstraint", escapeXml(options.region ?? "")));
  }
  if (parameters.get("list-type") !== "2") {
    throw new S3Failure(501, "NotImplemented", "Of the bucket operations only ListObjectsV2 (list-type=2) is served");
  }
  sendXml(request, response, 200, await listPage(store, options.bucket, parameters, service.digestsOf));
}

function splitUrl(url: string): [string, string] {
  const cut = url.indexOf("?");
  return cut < 0 ? [url, ""] : [url.slice(0, cut), url.slice(cut + 1)];
}

function throwFault(fault: S3Fault | undefined, request: IncomingMessage): void {
  if (fault?.kind === "slow-down") throw new S3Failure(503, "SlowDown", "Please reduce your request rate.");
  if (fault?.kind === "internal-error") throw new S3Failure(500, "InternalError", "We encountered an internal error.");
  if (fault?.kind === "access-denied") throw new S3Failure(403, "AccessDenied", "Access Denied");
  if (fault?.kind === "changed" && request.headers["if-match"] !== undefined) {
    throw new S3Failure(412, "PreconditionFailed", "At least one of the preconditions you specified did not hold.");
  }
}

function bucketsXml(bucket: string): string {
  const created = element("CreationDate", new Date(0).toISOString());
  const buckets = element("Buckets", element("Bucket", element("Name", escapeXml(bucket)) + created));
  return xmlDocument("ListAllMyBucketsResult", element("Owner", element("ID", "ictal")) + buckets);
}
