// Lock files that one process holds. Plain JavaScript, for the compile step takes one before anything of dist/ can be trusted;
// compiled modules import it as "#lock-file".
//
// A lock appears whole, by a hard link to a file that is written already. The lock of a holder that is gone is replaced only by
// whoever holds `<lock>.<its token>`, a lock of the same kind, and only while it still is the one that was judged; tokens never
// come again, so a slow starter cannot take away what a faster one has taken. A process may be killed at any step: what it leaves
// is a lock of a process that is gone.
import { spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  closeSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";

const TOKEN_CHARACTERS = 16;
const DAY_MILLISECONDS = 24 * 3600 * 1000;
/** The error of link(2) where a file system has no hard links. */
const NO_LINKS = new Set(["EPERM", "ENOSYS", "ENOTSUP", "EOPNOTSUPP"]);

function orUndefined(read) {
  try {
    return read();
  } catch {
    return undefined; // not available on this system
  }
}

/** State letter and start time of a process of this machine, from Linux; undefined where it is gone or the system has no /proc. */
function statOf(pid) {
  const text = orUndefined(() => readFileSync(`/proc/${pid}/stat`, "latin1"));
  const fields = text?.slice(text.lastIndexOf(")") + 2).split(" "); // a name may hold blanks and brackets
  return fields && { state: fields[0], started: fields[19] };
}

/** When a living process began, in the system's own words: distinguishes two processes of one id. */
export function startOf(pid) {
  const started = statOf(pid)?.started;
  if (started !== undefined || process.platform === "win32") return started;
  const { stdout } = spawnSync("ps", ["-o", "lstart=", "-p", String(pid)], {
    encoding: "utf8",
    env: { ...process.env, LC_ALL: "C" },
  });
  return stdout?.trim() || undefined;
}

/** True when a process of this machine has the id `pid`, another user's too; one that has ended and waits for its parent is gone. */
export function isAlive(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error.code === "EPERM"; // there, but another user's
  }
  return !["Z", "X"].includes(statOf(pid)?.state);
}

let own;
function ownIdentity() {
  own ??= {
    host: hostname(),
    pid: process.pid,
    started: startOf(process.pid),
    boot: orUndefined(() => readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim()),
    namespace: orUndefined(() => readlinkSync("/proc/self/ns/pid")),
  };
  return own;
}

const optional = (value) => (typeof value === "string" ? value : undefined);

/** A holder from the text of its lock; undefined when it is none. A bare number is a process of this machine. */
function parseHolder(text) {
  if (/^\d+\s*$/.test(text)) return { host: hostname(), pid: Number(text), since: "" };
  const value = orUndefined(() => JSON.parse(text));
  if (value === null || typeof value !== "object" || typeof value.host !== "string") return undefined;
  if (!Number.isSafeInteger(value.pid) || value.pid <= 0) return undefined;
  const { host, pid, since = "", token, started, boot, namespace } = value;
  const details = { started: optional(started), boot: optional(boot), namespace: optional(namespace) };
  const isToken = new RegExp(`^[0-9a-f]{${TOKEN_CHARACTERS}}$`).test(token);
  return { host, pid, since: String(since), ...details, ...(isToken && { token }) };
}

/**
 * Who holds a lock: undefined when nobody does. `isRead` is false where the file may not be read, `isWhole` where it is no lock's
 * text (an empty file, say). `modified` changes as long as its holder is at work.
 */
export function readHolder(path) {
  let modified = 0;
  let inode = 0;
  let text;
  try {
    const { mtimeMs, ino } = statSync(path);
    modified = mtimeMs;
    inode = ino;
    text = readFileSync(path, "utf8");
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    if (error.code === "EISDIR" || error.code === "ENOTDIR") throw error;
  }
  const parsed = text === undefined ? undefined : parseHolder(text);
  const token = createHash("sha256").update(`${inode} ${text}`).digest("hex").slice(0, TOKEN_CHARACTERS);
  return {
    token,
    host: "",
    pid: 0,
    since: "",
    ...parsed,
    modified,
    isRead: text !== undefined,
    isWhole: parsed !== undefined,
  };
}

/**
 * "gone" when the holder's process is known to have ended, "alive" when it is known to live, "unknown" for one of another
 * machine, of another container, or of before this machine was started, of which only the heartbeat can be seen.
 */
export function judgeHolder(holder) {
  const self = ownIdentity();
  if (!holder.isWhole || holder.host !== self.host) return "unknown";
  if (holder.boot !== undefined && (holder.boot !== self.boot || holder.namespace !== self.namespace)) return "unknown";
  if (!isAlive(holder.pid)) return "gone";
  if (holder.started === undefined) return holder.pid === process.pid ? "gone" : "alive"; // own id: a container's earlier life
  const started = startOf(holder.pid);
  return started === undefined || started === holder.started ? "alive" : "gone";
}

/** Makes the lock from a file that holds its text; false when it is there already. */
function place(written, path) {
  try {
    linkSync(written, path);
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    if (!NO_LINKS.has(error.code)) throw error;
  }
  return create(path, readFileSync(written));
}

function create(path, bytes) {
  let file;
  try {
    file = openSync(path, "wx");
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  }
  try {
    writeFileSync(file, bytes);
    return true;
  } catch (error) {
    rmSync(path, { force: true }); // a full disk leaves it empty
    throw error;
  } finally {
    closeSync(file);
  }
}

/** Removes what killed processes left beside a lock; nothing of it counts any more. */
function sweep(path) {
  const pattern = new RegExp(`^(\\.[0-9a-f]{${TOKEN_CHARACTERS}})+(\\.new)?$`);
  const start = basename(path);
  for (const name of readdirSync(dirname(path))) {
    if (!name.startsWith(start) || !pattern.test(name.slice(start.length))) continue;
    const file = join(dirname(path), name);
    const holder = orUndefined(() => readHolder(file));
    if (!holder) continue;
    const isOld = Date.now() - holder.modified > DAY_MILLISECONDS;
    if (judgeHolder(holder) === "gone" || isOld) orUndefined(() => rmSync(file, { force: true }));
  }
}

function lockAt(path, token) {
  const isOurs = () => readHolder(path)?.token === token;
  return {
    isOurs,
    heartbeat() {
      const now = new Date();
      utimesSync(path, now, now);
    },
    release() {
      if (isOurs()) rmSync(path, { force: true });
    },
  };
}

/**
 * Attempts to take the lock at `path`, whose folder is there. `take` returns `{ lock }`, or `{ holder }` of whom it has to wait
 * for; call it again until patience ends. A living process's lock is never taken. One that cannot be judged is taken once it
 * has stood still for `staleMilliseconds` under the eyes of this locker, one that is no lock's text for `brokenMilliseconds`.
 * Throws the system's error where the folder cannot be written to.
 */
export function createLocker(path, { staleMilliseconds = 60_000, brokenMilliseconds = 2000 } = {}) {
  const seen = new Map();

  /** Notes what the lock looks like; for how long it has, and whether its holder has sent a heartbeat. */
  function watch(at, holder) {
    const before = seen.get(at);
    const isSame = before?.token === holder.token && before.modified === holder.modified;
    const hasHeartbeat = before?.token === holder.token && (before.hasHeartbeat || !isSame);
    const since = isSame ? before.since : performance.now();
    seen.set(at, { token: holder.token, modified: holder.modified, hasHeartbeat, since });
    return { stillMilliseconds: performance.now() - since, hasHeartbeat };
  }

  function isLeft(at, holder) {
    const { stillMilliseconds } = watch(at, holder);
    if (holder.isRead && !holder.isWhole) return stillMilliseconds >= brokenMilliseconds;
    const judged = judgeHolder(holder);
    return judged === "gone" || (judged === "unknown" && stillMilliseconds >= staleMilliseconds);
  }

  function takeAt(at) {
    const token = randomBytes(TOKEN_CHARACTERS / 2).toString("hex");
    const written = `${at}.${token}.new`;
    const text = `${JSON.stringify({ ...ownIdentity(), since: new Date().toISOString(), token })}\n`;
    try {
      writeFileSync(written, text, { flag: "wx" });
      for (;;) {
        if (place(written, at)) return { lock: lockAt(at, token) };
        const holder = readHolder(at);
        if (!holder) continue; // released between the two calls
        if (holder.token === token) return { lock: lockAt(at, token) }; // a network's second try of a link that was made
        if (!isLeft(at, holder)) return { holder: { ...holder, hasHeartbeat: seen.get(at).hasHeartbeat } };
        const right = takeAt(`${at}.${holder.token}`);
        if (!right.lock) return right;
        try {
          if (readHolder(at)?.token !== holder.token) continue;
          renameSync(written, at);
          return { lock: lockAt(at, token) };
        } finally {
          right.lock.release();
        }
      }
    } finally {
      rmSync(written, { force: true });
    }
  }

  return {
    take() {
      const taken = takeAt(path);
      if (taken.lock) orUndefined(() => sweep(path));
      return taken;
    },
  };
}
