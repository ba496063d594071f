/** Modal's gRPC service on loopback: answers what our verbs ask, keeps every request as it came over the wire. */
import { createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { AddressInfo } from "node:net";
import { PbfReader, PbfWriter } from "pbf";

/** Fields of a message by number: numbers for varints and floats, bytes for everything else. */
export type Fields = Map<number, (number | Uint8Array)[]>;

export function fieldsOf(bytes: Uint8Array): Fields {
  const fields: Fields = new Map();
  new PbfReader(bytes).readFields((tag: number, _: unknown, pbf: PbfReader) => {
    const value =
      pbf.type === 0
        ? pbf.readVarint()
        : pbf.type === 1
          ? pbf.readDouble()
          : pbf.type === 5
            ? pbf.readFloat()
            : pbf.readBytes();
    fields.set(tag, [...(fields.get(tag) ?? []), value]);
  }, undefined);
  return fields;
}

export const textsOf = (fields: Fields, field: number): string[] =>
  (fields.get(field) ?? []).map((value) => Buffer.from(value as Uint8Array).toString("utf8"));
export const textOf = (fields: Fields, field: number): string | undefined => textsOf(fields, field)[0];
export const numberOf = (fields: Fields, field: number): number => (fields.get(field)?.[0] ?? 0) as number;
export const messagesOf = (fields: Fields, field: number): Fields[] =>
  (fields.get(field) ?? []).map((value) => fieldsOf(value as Uint8Array));

type Value = string | number | boolean | Uint8Array;

/** A message from its fields; nested messages are bytes. */
export function message(fields: Readonly<Record<number, Value | readonly Value[]>>): Uint8Array {
  const pbf = new PbfWriter();
  for (const [field, values] of Object.entries(fields))
    for (const value of Array.isArray(values) ? (values as Value[]) : [values as Value])
      if (typeof value === "string") pbf.writeStringField(Number(field), value);
      else if (typeof value === "number") pbf.writeVarintField(Number(field), value);
      else if (typeof value === "boolean") pbf.writeBooleanField(Number(field), value);
      else pbf.writeBytesField(Number(field), value);
  return pbf.finish();
}

export interface Call {
  readonly method: string;
  readonly fields: Fields;
  readonly headers: IncomingHttpHeaders;
}

/** A refusal, with the number of its gRPC state. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    text: string,
  ) {
    super(text);
  }
}

/** Answers a call with the messages of its stream; one for a unary call. */
export type Handlers = Readonly<Record<string, (fields: Fields) => readonly Uint8Array[]>>;

export interface Loopback {
  readonly url: string;
  readonly calls: Call[];
  close(): Promise<void>;
}

function frame(bytes: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, bytes]);
}

function answer(stream: ServerHttp2Stream, reply: () => readonly Uint8Array[]): void {
  let trailers: Record<string, string> = { "grpc-status": "0" };
  let messages: readonly Uint8Array[] = [];
  try {
    messages = reply();
  } catch (error) {
    const status = error instanceof Refusal ? error.status : 13;
    trailers = { "grpc-status": String(status), "grpc-message": encodeURIComponent((error as Error).message) };
  }
  stream.on("wantTrailers", () => stream.sendTrailers(trailers));
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
  stream.end(Buffer.concat(messages.map(frame)));
}

export async function startLoopback(handlers: Handlers): Promise<Loopback> {
  const calls: Call[] = [];
  const server = createServer();
  const sessions = new Set<{ destroy(): void }>();
  server.on("session", (session) => {
    sessions.add(session);
    session.on("close", () => sessions.delete(session));
  });
  server.on("stream", (stream, headers) => {
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    stream.on("error", () => undefined); // a client that goes away is no fault of the server
    stream.on("end", () => {
      const method = String(headers[":path"]).replace("/modal.client.ModalClient/", "");
      const fields = fieldsOf(Buffer.concat(chunks).subarray(5));
      calls.push({ method, fields, headers });
      answer(stream, () => {
        const handler = handlers[method];
        if (!handler) throw new Refusal(12, `no answer to ${method}`);
        return handler(fields);
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls,
    async close() {
      for (const session of sessions) session.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
