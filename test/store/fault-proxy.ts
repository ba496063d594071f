/** A TCP proxy with seeded faults between an S3 client and a server. */
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { createRandom } from "../../src/base/random.js";

export const PROXY_MODES = ["reset", "stall", "drip", "truncate", "corrupt", "garbage", "mix"] as const;
export type ProxyMode = (typeof PROXY_MODES)[number];
type Fault = Exclude<ProxyMode, "mix"> | "none";

export interface FaultProxy {
  readonly endpoint: string;
  /** How many connections each fault struck. */
  readonly struck: Readonly<Record<string, number>>;
  close(): Promise<void>;
}

const DRIP_MILLISECONDS = 40;
const GARBAGE_BYTES = 400;

/** Listens on a free port; the first connection and more than half of the others meet the fault of `mode` at a byte below `mostBytes`. */
export async function startFaultProxy(
  upstreamPort: number,
  mode: ProxyMode,
  seed: number,
  mostBytes: number,
): Promise<FaultProxy> {
  const random = createRandom(seed, `fault-proxy-${mode}`);
  let draws = 0;
  let connections = 0;
  const draw = () => random.uniform(draws++);
  const sockets = new Set<Socket>();
  const struck: Record<string, number> = {};
  const kinds = PROXY_MODES.filter((kind): kind is Exclude<ProxyMode, "mix"> => kind !== "mix");
  const fault = (): Fault => {
    connections += 1;
    if (connections > 1 && draw() < 0.4) return "none";
    return mode === "mix" ? kinds[Math.floor(draw() * kinds.length)]! : mode;
  };
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("close", () => sockets.delete(socket));
  };
  const server = createServer((client) => {
    const upstream = connect(upstreamPort, "127.0.0.1");
    keep(client);
    keep(upstream);
    client.pipe(upstream);
    client.once("close", () => upstream.destroy());
    const place = { kind: fault(), at: 100 + Math.floor(draw() * mostBytes), sent: 0 };
    upstream.on("data", (chunk) => {
      const cut = place.at - place.sent;
      place.sent += chunk.length;
      if (place.kind === "none" || cut >= chunk.length) {
        client.write(chunk);
        return;
      }
      const kind = place.kind;
      place.kind = kind === "corrupt" && draw() < 0.5 ? kind : "none"; // a connection that goes on may be hit again
      place.at = place.sent + Math.floor(draw() * mostBytes);
      struck[kind] = (struck[kind] ?? 0) + 1;
      strike(kind, client, upstream, chunk, Math.max(0, cut), draw);
    });
    upstream.once("end", () => client.end());
  });
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const { port } = server.address() as AddressInfo; // an object for a listening TCP server
  return {
    endpoint: `http://127.0.0.1:${port}`,
    struck,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((closed) => server.close(closed));
    },
  };
}

/** Hands `chunk` on with a fault at its byte `at`; what ends the connection drops all that would follow. */
function strike(
  kind: Exclude<Fault, "none">,
  client: Socket,
  upstream: Socket,
  chunk: Buffer,
  at: number,
  draw: () => number,
): void {
  const before = chunk.subarray(0, at);
  if (kind === "corrupt") {
    const damaged = Buffer.from(chunk);
    damaged[at] = damaged[at]! ^ 0x20;
    client.write(damaged);
    return;
  }
  upstream.removeAllListeners("data");
  upstream.pause();
  if (kind === "stall") client.write(before);
  else if (kind === "drip") drip(client, chunk, at);
  else if (kind === "reset") client.write(before, () => client.resetAndDestroy());
  else if (kind === "truncate") client.end(before);
  else {
    client.write(before);
    client.end(Buffer.from(Array.from({ length: GARBAGE_BYTES }, () => Math.floor(draw() * 256))));
  }
}

/** One byte at a time until the client has had enough. */
function drip(client: Socket, chunk: Buffer, from: number): void {
  client.write(chunk.subarray(0, from));
  let at = from;
  const timer = setInterval(() => {
    if (client.destroyed || at >= chunk.length) clearInterval(timer);
    else client.write(chunk.subarray(at, ++at));
  }, DRIP_MILLISECONDS);
}
