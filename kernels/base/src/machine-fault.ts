import { existsSync } from "node:fs";
import { isAbsolute } from "node:path";

/** What a machine can be short of, by the codes and words in which Node, V8 and libuv report it, with what to do about it. */
const FAULTS: readonly { readonly codes: readonly string[]; readonly sign: RegExp; readonly advice: string }[] = [
  {
    codes: ["EMFILE", "ENFILE"],
    sign: /\b(EMFILE|ENFILE)\b: /,
    advice: "too many files are open; allow more (ulimit -n 4096)",
  },
  {
    codes: ["ERR_WORKER_INIT_FAILED", "EAGAIN"],
    sign: /\bEAGAIN\b: |pthread_create/,
    advice: "no more threads can be started; allow more (ulimit -u)",
  },
  {
    codes: ["ENOMEM", "ERR_WORKER_OUT_OF_MEMORY", "ERR_MEMORY_ALLOCATION_FAILED"],
    sign: /\bENOMEM\b: |out of memory|could not allocate memory|allocation failed|reaching memory limit/i,
    advice: "memory ran out, or its limit is too low (ulimit -v, a container's or a job's limit); allow more",
  },
];

/**
 * True when a module or package could not be found that is there: Node's loader takes one that it has no file handle to read
 * for a missing one.
 */
function isUnreadModule({ code, message }: NodeJS.ErrnoException): boolean {
  if (code !== "ERR_MODULE_NOT_FOUND") return false;
  const path = /^Cannot find (?:package|module) '([^']+)'/.exec(message)?.[1] ?? "";
  const packageFolder = /^.*node_modules[\\/](?:@[^\\/]+[\\/])?[^\\/]+/.exec(path)?.[0];
  return isAbsolute(path) && (existsSync(path) || (packageFolder !== undefined && existsSync(packageFolder)));
}

const PLATFORM_ERRORS: ReadonlySet<string> = new Set(["Error", "RangeError", "CompileError", "RuntimeError"]);

/** What this machine is short of, as a sentence with what to do, where an error or a cause of it shows that; else undefined. */
export function machineFault(error: unknown): string | undefined {
  for (let each = error, depth = 0; each instanceof Error && depth < 8; each = each.cause, depth++) {
    const { code, message, name } = each as NodeJS.ErrnoException;
    const isPlatforms = PLATFORM_ERRORS.has(name); // words of our own errors may come out of a file
    const faultCode = isUnreadModule(each) ? "EMFILE" : (code ?? "");
    const found = FAULTS.find(({ codes, sign }) => codes.includes(faultCode) || (isPlatforms && sign.test(message)));
    if (found) return `${found.advice}. The system said: ${message.split("\n")[0]}`;
  }
  return undefined;
}
