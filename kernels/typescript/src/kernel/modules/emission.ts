import { mkdirSync, renameSync, utimesSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, sep } from "node:path";
import { temporaryName } from "@ictal/base/atomic-file";
import { modifiedAt } from "../project/output-paths.js";
import { createBuildLock } from "./build-lock.js";
import { keepMap } from "./positions.js";

const RETRY_MILLISECONDS = 300;

/** A source compiled by the kernel, to be written where the compiler would have put it. */
export interface CompiledSource {
  readonly source: string;
  /** Time of the source's last change when it was read. */
  readonly modifiedMilliseconds: number;
  readonly target: string;
  readonly javaScript: string;
  readonly sourceMap: string;
}

function replaceFile(path: string, text: string, seconds: number): void {
  const temporary = temporaryName(path);
  writeFileSync(temporary, text);
  utimesSync(temporary, seconds, seconds);
  renameSync(temporary, path);
}

/** Writes one file and its map; as old as the source that was read, so that a later edit makes it stale again. */
function write({ source, modifiedMilliseconds, target, javaScript, sourceMap }: CompiledSource): void {
  const seconds = Math.ceil(modifiedMilliseconds) / 1000;
  if (modifiedAt(target) >= modifiedMilliseconds) return; // another process was faster
  mkdirSync(dirname(target), { recursive: true });
  const sources = [relative(dirname(target), source).split(sep).join("/")];
  const map = { ...(JSON.parse(sourceMap) as object), file: basename(target), sources };
  replaceFile(`${target}.map`, JSON.stringify(map), seconds);
  replaceFile(target, `${javaScript}//# sourceMappingURL=${basename(target)}.map\n`, seconds);
  keepMap(target, undefined);
  const declarations = target.replace(/\.([mc]?)js$/, ".d.$1ts");
  if (modifiedAt(declarations) > 0) utimesSync(declarations, 0, 0); // the mark of declarations that may be out of date
}

/** Brings compiled files up to date for the threads and processes that load them from disk. */
export interface Emission {
  /** Writes at once, or as soon as the build that holds the lock is over. */
  write(files: readonly CompiledSource[]): void;
}

export function createEmission(outDir: string): Emission {
  const waiting = new Map<string, CompiledSource>();
  const lock = createBuildLock(join(outDir, ".build.lock"));
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    timer = undefined;
    try {
      const done = lock.under(() => {
        for (const file of waiting.values()) write(file);
        waiting.clear();
      });
      if (!done) timer = setTimeout(flush, RETRY_MILLISECONDS).unref();
    } catch {
      waiting.clear(); // a project that cannot be written to runs from memory
    }
  };
  return {
    write(files) {
      for (const file of files) {
        waiting.set(file.target, file);
        keepMap(file.target, file.sourceMap);
      }
      if (waiting.size > 0 && !timer) flush();
    },
  };
}
