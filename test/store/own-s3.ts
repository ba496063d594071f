import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { type S3StoreOptions, s3Store } from "../../src/store/s3-store.js";
import type { Store } from "../../src/store/store.js";

/** One request to a server whose answers a test makes up. */
export interface OwnRequest {
  readonly method: string;
  /** "" for a listing. */
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly response: ServerResponse;
}

export interface OwnServer {
  readonly store: Store;
  readonly port: number;
  readonly requests: OwnRequest[];
  connect(options?: Partial<S3StoreOptions>): Store;
}

/** Runs `use` with a server on which `answer` answers all requests to the bucket "b", and a store on it. */
export async function withOwnServer(
  answer: (request: OwnRequest) => void,
  use: (server: OwnServer) => Promise<void>,
  options: Partial<S3StoreOptions> = {},
): Promise<void> {
  const requests: OwnRequest[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((incoming, response) => {
    const url = new URL(incoming.url ?? "", "http://localhost");
    const key = decodeURIComponent(url.pathname.slice("/b/".length));
    const { method = "", headers } = incoming;
    const request = { method, key, query: url.searchParams, headers, response };
    requests.push(request);
    answer(request);
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const { port } = server.address() as AddressInfo; // an object for a listening TCP server
  const stores: Store[] = [];
  const connect = (more: Partial<S3StoreOptions> = {}) => {
    const credentials = { accessKeyId: "a", secretAccessKey: "b" };
    const endpoint = `http://127.0.0.1:${port}`;
    const store = s3Store({ bucket: "b", endpoint, credentials, backoffMilliseconds: 2, ...options, ...more });
    stores.push(store);
    return store;
  };
  try {
    await use({ store: connect(), port, requests, connect });
  } finally {
    for (const store of stores) await store.close?.();
    for (const socket of sockets) socket.destroy();
    await new Promise((closed) => server.close(closed));
  }
}

const md5s = new WeakMap<Uint8Array, string>();

/** MD5 of bytes that stay as they are. */
export function md5Of(bytes: Uint8Array): string {
  const known = md5s.get(bytes) ?? createHash("md5").update(bytes).digest("hex");
  md5s.set(bytes, known);
  return known;
}

/** An object as a listing names it; `xml` replaces the whole of its text. */
export interface Item {
  readonly key: string;
  readonly size: number | string;
  readonly etag?: string;
}

const itemXml = ({ key, size, etag }: Item) =>
  `<Contents><Key>${key}</Key><LastModified>2024-01-01T00:00:00.000Z</LastModified>${etag === undefined ? "" : `<ETag>&quot;${etag}&quot;</ETag>`}<Size>${size}</Size></Contents>`;

/** A listing's text; `more` stands before the objects. */
export function listingXml(items: readonly Item[], more = "<IsTruncated>false</IsTruncated>"): string {
  return `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult><Name>b</Name>${more}${items.map(itemXml).join("")}</ListBucketResult>`;
}

export function sendXml({ response }: OwnRequest, text: string, status = 200): void {
  response.writeHead(status, { "content-type": "application/xml" }).end(text);
}

export const errorXml = (code: string) => `<Error><Code>${code}</Code><Message>${code} it is</Message></Error>`;

/** Answers HEAD and GET, ranges included, as S3 does; `headers` come on top, and `damage` changes what is sent. */
export function sendObject(
  { method, headers: asked, response }: OwnRequest,
  bytes: Uint8Array,
  headers: Record<string, string | undefined> = {},
  damage: (bytes: Buffer) => Uint8Array = (sound) => sound,
): void {
  const sent = damage(Buffer.from(bytes));
  const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(asked.range ?? "")?.map(Number) ?? [];
  const start = from ?? 0;
  const end = Math.min((to ?? bytes.length) + 1, bytes.length);
  const all = {
    etag: `"${md5Of(bytes)}"`,
    "last-modified": "Mon, 01 Jan 2024 00:00:00 GMT",
    "content-length": String(end - start),
    ...(from !== undefined && { "content-range": `bytes ${start}-${end - 1}/${bytes.length}` }),
    ...headers,
  };
  const kept = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
  response.writeHead(from === undefined ? 200 : 206, Object.fromEntries(kept));
  response.end(method === "HEAD" ? undefined : sent.subarray(start, end));
}
