import type { Output } from "../notebook/notebook-file.js";
import { projectOf, shownPath } from "../project.js";
import type { ErrorContent } from "../wire/message.js";

const DIAGNOSTIC = /^(?:\S+ )?(\d+):(\d+) - (.+)$/;
const FRAME = /^\s+at /;
const NAMED =
  /^(?:Uncaught )?(?<name>[A-Za-z_$][\w$.]*(?:Error|Exception|Interrupt|Warning)?)(?: \[[\w]+\])?: (?<message>[\s\S]*)$/;

function stripAnsi(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape character is what starts an ANSI sequence
  return text.replace(/\u001b\[[0-9;]*[A-Za-z]/g, "");
}

function lastIndexWhere<T>(items: readonly T[], accept: (item: T) => boolean): number {
  let index = items.length - 1;
  while (index >= 0 && !accept(items[index]!)) index -= 1;
  return index;
}

interface Tail {
  readonly error: ErrorContent;
  /** What stood on stderr before the error. */
  readonly before: string;
}

/** Compiler complaints at the end of stderr: `line:column - message`, one per line. */
function diagnosticTail(lines: readonly string[]): Tail | undefined {
  let start = lines.length;
  while (start > 0 && DIAGNOSTIC.test(lines[start - 1]!)) start -= 1;
  const traceback = lines.slice(start);
  if (traceback.length === 0) return undefined;
  return {
    error: { ename: "CompileError", evalue: traceback[0]!, traceback },
    before: lines.slice(0, start).join("\n"),
  };
}

/** A printed Error at the end of stderr: name, message, `at` frames, perhaps its own properties in braces. */
function stackTail(lines: readonly string[]): Tail | undefined {
  const lastFrame = lastIndexWhere(lines, (line) => FRAME.test(line));
  if (lastFrame < 0) return undefined;
  let firstFrame = lastFrame;
  while (firstFrame > 0 && FRAME.test(lines[firstFrame - 1]!)) firstFrame -= 1;
  const head = lastIndexWhere(lines.slice(0, firstFrame), (line) => NAMED.test(line));
  if (head < 0) return undefined;
  const groups = NAMED.exec(lines.slice(head, firstFrame).join("\n"))!.groups!;
  const traceback = lines.slice(head);
  return {
    error: { ename: groups.name!, evalue: groups.message!, traceback },
    before: lines.slice(0, head).join("\n"),
  };
}

function splitTail(stderr: string): Tail {
  const text = stripAnsi(stderr).trimEnd();
  const lines = text.split("\n");
  const tail = diagnosticTail(lines) ?? stackTail(lines);
  if (tail) return tail;
  const named = NAMED.exec(lines.at(-1) ?? "")?.groups;
  const evalue = named?.message ?? lines.at(-1) ?? "";
  return {
    error: {
      ename: named?.name ?? "Error",
      evalue: evalue || "the kernel reported a failure and no reason",
      traceback: lines.slice(-1),
    },
    before: lines.slice(0, -1).join("\n"),
  };
}

/**
 * Gives a failed cell the `error` output that its kernel did not send: from the reply where it names the error, else
 * from what the kernel printed last on stderr, which is then taken out of the stream. Changes `outputs`.
 */
export function ensureErrorOutput(
  outputs: Output[],
  fromReply: ErrorContent | undefined,
): Extract<Output, { output_type: "error" }> {
  for (const output of outputs) if (output.output_type === "error") return output;
  let error = fromReply;
  if (!error) {
    const index = lastIndexWhere(outputs, (output) => output.output_type === "stream" && output.name === "stderr");
    const stream = outputs[index];
    const tail = splitTail(stream?.output_type === "stream" ? stream.text : "");
    error = tail.error;
    if (stream?.output_type === "stream") {
      if (tail.before.trim() === "") outputs.splice(index, 1);
      else stream.text = `${tail.before}\n`;
    }
  }
  const output = {
    output_type: "error" as const,
    ename: error.ename,
    evalue: error.evalue,
    traceback: [...error.traceback],
  };
  outputs.push(output);
  return output;
}

/**
 * The 1-based line of the cell that an error names; undefined when nothing in it does. `count` is the cell's execution
 * count: of a stack that runs through several cells its own line counts. Null takes the first cell that is named.
 */
export function errorLine(error: ErrorContent, count: number | null = null): number | undefined {
  const text = stripAnsi([error.evalue, ...error.traceback].join("\n"));
  const diagnostic = error.ename === "CompileError" ? /^(\d+):\d+ - /.exec(error.evalue) : null;
  const frames = diagnostic ? [] : [...text.matchAll(/\bcell-(\d+)\.ts:(\d+):\d+/g)]; // of our kernels
  if (frames.length > 0) {
    const own = frames.find(([, cell]) => count === null || Number(cell) === count);
    return own && Number(own[2]);
  }
  const place =
    diagnostic ??
    /\bCell In\s?\[\d+\], line (\d+)/.exec(text) ?? // ipykernel
    /\bIn \[\d+\]:?(?:[^\n]*\n)*?\s*-+> (\d+) /.exec(text) ?? // older ipykernel
    /^-+> (\d+) /m.exec(text) ??
    /File "<[^>]*>", line (\d+)/.exec(text);
  return place ? Number(place[1]) : undefined;
}

/** Place of a frame in a cell or a file; Node's own modules, `node:fs` and so on, do not match. */
const FRAME_PLACE = /^\s+at (?:.*? \(|async )?(?:file:\/\/)?((?:[A-Za-z]:[\\/])?[^:()<>]+):(\d+):\d+\)?$/;

/**
 * `file:line` of the first frame of an error's stack: of a cell or a file, one of a package only where there is no other.
 * Undefined when all its frames are Node's own, or it has none.
 */
export function errorPlace({ traceback }: ErrorContent): string | undefined {
  const places = traceback.flatMap((text) =>
    stripAnsi(text)
      .split("\n")
      .flatMap((line) => {
        const [, file, at] = FRAME_PLACE.exec(line) ?? [];
        return file === undefined ? [] : [{ file, at }];
      }),
  );
  const first = places.find(({ file }) => !/[\\/]node_modules[\\/]/.test(file)) ?? places[0];
  return first && `${shownPath(first.file, projectOf(process.cwd()))}:${first.at}`;
}

/** `name: message` on one line. */
export function describeCellError(error: ErrorContent): string {
  const [evalue = ""] = error.evalue.split("\n", 1);
  return error.ename === "CompileError"
    ? `does not compile: ${evalue.replace(/^\d+:\d+ - /, "")}`
    : `${error.ename}: ${evalue}`;
}
