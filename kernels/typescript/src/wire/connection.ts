import { randomBytes, randomInt } from "node:crypto";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer, type Server } from "node:net";
import { FormatError } from "@ictal/base/errors";

/** The content of a Jupyter connection file: where the five sockets are and how messages are signed. */
export interface ConnectionInfo {
  readonly transport: "tcp" | "ipc";
  readonly ip: string;
  readonly shell_port: number;
  readonly iopub_port: number;
  readonly stdin_port: number;
  readonly control_port: number;
  readonly hb_port: number;
  readonly signature_scheme: "hmac-sha256";
  readonly key: string;
  readonly kernel_name?: string;
}

export type ChannelName = "shell" | "iopub" | "stdin" | "control" | "hb";

const CHANNELS: readonly ChannelName[] = ["shell", "iopub", "stdin", "control", "hb"];

/** ZeroMQ address of one channel. */
export function addressOf(connection: ConnectionInfo, channel: ChannelName): string {
  const separator = connection.transport === "tcp" ? ":" : "-";
  return `${connection.transport}://${connection.ip}${separator}${connection[`${channel}_port`]}`;
}

/**
 * Below every system's range for outgoing connections (Linux from 32768, IANA from 49152): a port in that range may go to anyone
 * who connects before the kernel binds it, even to the client that waits for the kernel and then meets itself.
 */
const FIRST_PORT = 10_000;
const LAST_PORT = 32_767;
const PORT_TRIES = 50;

async function listenOn(port: number): Promise<Server> {
  const server = createServer().listen(port, "127.0.0.1");
  await once(server, "listening");
  return server;
}

/** Holds a free port of the range; one of the system's choice where the range is taken. */
async function holdPort(): Promise<Server> {
  for (let left = PORT_TRIES; left > 0; left--) {
    const server = await listenOn(randomInt(FIRST_PORT, LAST_PORT + 1)).catch(() => undefined);
    if (server) return server;
  }
  return listenOn(0);
}

/** Beyond so many ports a repetition is no chance collision any more. */
const MOST_GIVEN = 10_000;

/** Ports given out by this process: of several kernels that start at a time none gets another's. */
const given = new Set<number>();

/** Local ports that nobody listens on now, outside the system's range for outgoing connections where there are any. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, holdPort));
  const ports = servers.map((server) => (server.address() as AddressInfo).port); // an object for a listening TCP server
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  if (ports.some((port) => given.has(port)) && given.size < MOST_GIVEN) return freePorts(count);
  for (const port of ports) given.add(port);
  return ports;
}

/** A connection on free local ports under a fresh key. The ports are free now; a kernel must bind them soon. */
export async function createConnection(kernelName?: string): Promise<ConnectionInfo> {
  const [shell, iopub, stdin, control, hb] = await freePorts(CHANNELS.length);
  return {
    transport: "tcp",
    ip: "127.0.0.1",
    shell_port: shell!,
    iopub_port: iopub!,
    stdin_port: stdin!,
    control_port: control!,
    hb_port: hb!,
    signature_scheme: "hmac-sha256",
    key: randomBytes(24).toString("hex"),
    ...(kernelName === undefined ? {} : { kernel_name: kernelName }),
  };
}

/** Writes a connection file that only its owner can read: the key lets anyone run code in the kernel. */
export async function writeConnectionFile(path: string, connection: ConnectionInfo): Promise<void> {
  await writeFile(path, JSON.stringify(connection, null, 2), { mode: 0o600 });
}

/** Reads a connection file; FormatError when a port, the key or the scheme is missing or not what we speak. */
export async function readConnectionFile(path: string): Promise<ConnectionInfo> {
  let value: Partial<ConnectionInfo>;
  try {
    value = JSON.parse(await readFile(path, "utf8")) as Partial<ConnectionInfo>; // fields are checked below
  } catch (cause) {
    throw new FormatError("not a readable JSON connection file", { file: path }, { cause });
  }
  for (const channel of CHANNELS) {
    const port = value[`${channel}_port`];
    if (!Number.isInteger(port))
      throw new FormatError(`${channel}_port is ${port}; a port number was expected`, { file: path });
  }
  if (typeof value.key !== "string") throw new FormatError("key is missing", { file: path, field: "key" });
  if (value.signature_scheme !== "hmac-sha256") {
    throw new FormatError(`signature_scheme is ${value.signature_scheme}; only hmac-sha256 is spoken`, { file: path });
  }
  return { ...value, transport: value.transport ?? "tcp", ip: value.ip ?? "127.0.0.1" } as ConnectionInfo; // checked above
}
