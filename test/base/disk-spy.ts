/** Watches what a writer asks of the disk through `node:fs/promises`: what it wrote, synced and renamed, in order. */
import promises, { type FileHandle } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { dirname, resolve, sep } from "node:path";

/** One request; `path` of a rename is where the file goes, `from` where it was. */
export interface DiskStep {
  readonly kind: "write" | "sync" | "rename" | "append";
  readonly path: string;
  readonly from?: string;
}

const WRITING = ["write", "writev", "writeFile", "appendFile", "truncate"] as const;
const SYNCING = ["sync", "datasync"] as const;

type Method = (...values: never[]) => Promise<unknown>;

/** Replaces a method of `owner` until `restore`; `after` is told of each call that succeeded. */
function watch<T extends object>(
  owner: T,
  name: keyof T & string,
  after: (self: unknown, values: readonly unknown[], result: unknown) => void,
): () => void {
  const original = owner[name] as unknown as Method; // only methods are named
  async function watched(this: unknown, ...values: never[]): Promise<unknown> {
    const result = await original.apply(this, values);
    after(this, values, result);
    return result;
  }
  const replace = (method: Method) =>
    Object.defineProperty(owner, name, { value: method, configurable: true, writable: true });
  replace(watched);
  return () => replace(original);
}

async function fileHandlePrototype(): Promise<FileHandle> {
  const handle = await promises.open("/dev/null");
  await handle.close();
  return Object.getPrototypeOf(handle) as FileHandle;
}

/**
 * The steps of `work`, in this thread, in the order in which they ended, each told to `ended` at that moment; errors of
 * `work` are thrown.
 */
export async function watchDisk(
  work: () => Promise<unknown>,
  ended: (step: DiskStep) => void = () => undefined,
): Promise<DiskStep[]> {
  const steps: DiskStep[] = [];
  const paths = new WeakMap<object, string>();
  const tell = (kind: DiskStep["kind"], path: unknown, from?: unknown) => {
    if (typeof path !== "string") return; // a descriptor or a file: URL, which no writer of ours uses
    const step = { kind, path: resolve(path), ...(typeof from === "string" && { from: resolve(from) }) };
    steps.push(step);
    ended(step);
  };
  const prototype = await fileHandlePrototype();
  const restores = [
    watch(promises, "open", (_, [path], handle) => {
      if (typeof path === "string") paths.set(handle as FileHandle, path);
    }),
    watch(promises, "writeFile", (_, [target]) => tell("write", target)),
    watch(promises, "copyFile", (_, [, to]) => tell("write", to)),
    watch(promises, "appendFile", (_, [target]) => tell("append", target)),
    watch(promises, "rename", (_, [from, to]) => tell("rename", to, from)),
    ...WRITING.map((name) => watch(prototype, name, (self) => tell("write", paths.get(self as FileHandle)))),
    ...SYNCING.map((name) => watch(prototype, name, (self) => tell("sync", paths.get(self as FileHandle)))),
  ];
  syncBuiltinESMExports(); // named imports see the watched functions
  try {
    await work();
  } finally {
    for (const restore of restores) restore();
    syncBuiltinESMExports();
  }
  return steps;
}

/** The files and folders that `steps` put in their place, in order, without temporary folders and what is in them. */
export function placed(steps: readonly DiskStep[], root: string): string[] {
  const isTemporary = (path: string) => path.slice(root.length).includes(".tmp-");
  return steps.flatMap(({ kind, path }) =>
    kind === "rename" && !isTemporary(path) ? [path.slice(resolve(root).length + 1)] : [],
  );
}

/**
 * Why a power cut could lose what `steps` promised, a sentence each; empty when it cannot: every file was synced after its
 * last write and before its rename, and the folder that took it was synced before anything else was renamed.
 */
export function lossesOf(steps: readonly DiskStep[]): string[] {
  const losses: string[] = [];
  for (const [at, { kind, path, from }] of steps.entries()) {
    if (kind !== "rename" || from === undefined) continue;
    const before = steps.slice(0, at);
    const written = before.flatMap((step) => (step.kind === "write" && isIn(step.path, from) ? [step.path] : []));
    // A library that writes a file by itself is not seen: its file must be synced all the same.
    for (const file of new Set(written.length > 0 ? written : [from])) {
      const last = before
        .filter((step) => step.path === file && (step.kind === "write" || step.kind === "sync"))
        .at(-1);
      const moved = before.some((step) => step.kind === "rename" && step.from === file);
      if (last?.kind !== "sync" && !moved) losses.push(`${file} was renamed to ${path} before it was synced`);
    }
    const rest = steps.slice(at + 1);
    const next = rest.findIndex((step) => step.kind === "rename");
    const until = next < 0 ? rest : rest.slice(0, next);
    if (!until.some((step) => step.kind === "sync" && step.path === dirname(path)))
      losses.push(`${dirname(path)} was not synced after ${path} was renamed into it`);
  }
  return losses;
}

const isIn = (path: string, folder: string): boolean => path === folder || path.startsWith(folder + sep);
