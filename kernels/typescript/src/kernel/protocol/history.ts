import { appendFile, open } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { makeFolder } from "@ictal/base/make-folder";
import type { HistoryEntry, HistoryRequest } from "../../wire/message.js";
import { type HistoryRecord, queryHistory } from "./history-query.js";
import { log } from "./log.js";

/** The end of the file that is read; older cells stay on disk and are not searched. */
const READ_BYTES = 16 * 1024 * 1024;
const OUTPUT_CHARACTERS = 2000;

/** Where the history is kept: ICTAL_HISTORY (a path, or "off"), else the user's data folder. */
export function historyFile(env: NodeJS.ProcessEnv = process.env, platform = process.platform): string | undefined {
  if (env.ICTAL_HISTORY) return env.ICTAL_HISTORY === "off" ? undefined : env.ICTAL_HISTORY;
  if (platform === "darwin") return join(homedir(), "Library", "Application Support", "ictal", "history.jsonl");
  if (platform === "win32") return join(env.APPDATA ?? homedir(), "ictal", "history.jsonl");
  return join(env.XDG_DATA_HOME ?? join(homedir(), ".local", "share"), "ictal", "history.jsonl");
}

/** The cells that ran, in this kernel and before it. */
export interface History {
  /** Adds a cell of this kernel; a disk that refuses costs only the entry's life beyond this kernel. */
  add(line: number, source: string, output?: string): void;
  query(request: HistoryRequest): Promise<HistoryEntry[]>;
  /** Resolves when all that was added is on disk or given up. */
  settled(): Promise<void>;
}

interface StoredLine {
  readonly session: string;
  readonly line: number;
  readonly source: string;
  readonly output?: string;
}

async function readEnd(path: string): Promise<string> {
  const handle = await open(path, "r");
  try {
    const { size } = await handle.stat();
    const start = Math.max(0, size - READ_BYTES);
    const bytes = Buffer.alloc(size - start);
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, start);
    const text = bytes.toString("utf8", 0, bytesRead);
    return start > 0 ? text.slice(text.indexOf("\n") + 1) : text;
  } finally {
    await handle.close();
  }
}

function parseLine(text: string): StoredLine | undefined {
  try {
    const value = JSON.parse(text) as Partial<StoredLine> | null; // fields are checked here
    const isWhole =
      typeof value?.session === "string" && typeof value.line === "number" && typeof value.source === "string";
    return isWhole ? (value as StoredLine) : undefined;
  } catch {
    return undefined; // torn by a crash, or foreign
  }
}

/**
 * Opens the history kept in `path` (JSON lines, one cell each, appended whole so that several kernels may write at
 * once); undefined keeps it in memory. `session` is a name that no other kernel uses.
 */
export function openHistory(path: string | undefined, session: string): History {
  const own: StoredLine[] = [];
  let writing = Promise.resolve();
  let isBroken = path === undefined;

  async function append(entry: StoredLine): Promise<void> {
    if (isBroken || path === undefined) return;
    try {
      if (own.length === 1) await makeFolder(dirname(path), 0o700);
      await appendFile(path, `${JSON.stringify(entry)}\n`, { mode: 0o600 });
    } catch (error) {
      isBroken = true;
      log(`the history is not kept on disk: ${(error as Error).message}`);
    }
  }

  async function earlier(): Promise<StoredLine[]> {
    if (path === undefined) return [];
    const text = await readEnd(path).catch(() => ""); // there is none yet, or it cannot be read
    return text.split("\n").flatMap((line) => {
      const entry = line === "" ? undefined : parseLine(line);
      return entry && entry.session !== session ? [entry] : [];
    });
  }

  return {
    add(line, source, output) {
      const entry = { session, line, source, ...(output ? { output: output.slice(0, OUTPUT_CHARACTERS) } : {}) };
      own.push(entry);
      writing = writing.then(() => append(entry));
    },
    async query(request) {
      const numbers = new Map<string, number>();
      const records = [...(await earlier()), ...own].map(({ session: name, ...rest }): HistoryRecord => {
        if (!numbers.has(name)) numbers.set(name, numbers.size + 1);
        return { ...rest, session: numbers.get(name)! };
      });
      return queryHistory(records, numbers.get(session) ?? numbers.size + 1, request);
    },
    settled: () => writing,
  };
}
