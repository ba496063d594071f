/**
 * YAML of strangers as plain data: every fault of a text at once, each with its line and key and in our own words. Refused
 * are what other readers pass on silently: a key that stands twice, names of the language's own machinery, numbers that a
 * double cannot hold.
 */
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Scalar, visit } from "yaml";
import { ConfigError } from "./errors.js";
import { isReservedName } from "./records.js";

/** A key's way from the top of the text; list members count from 0. */
export type YamlPath = readonly (string | number)[];

/** What is wrong at a place of the text. */
export interface YamlFault {
  readonly path: YamlPath;
  /** From 1; undefined where the fault has no place of its own. */
  readonly line: number | undefined;
  readonly message: string;
}

/** A text that was read. */
export interface YamlText {
  readonly value: unknown;
  /** Line of a key or list member, from 1; of the nearest one above it where the text does not hold it. */
  lineOf(path: YamlPath): number | undefined;
}

const SYNTAX: Readonly<Record<string, string>> = {
  ALIAS_PROPS: "an alias (*name) takes no anchor and no tag",
  BAD_ALIAS: "an alias (*name) or anchor (&name) without a proper name",
  BAD_COLLECTION_TYPE: "a tag that does not fit what it stands before",
  BAD_DIRECTIVE: "a line that begins with % is no directive that is known",
  BAD_DQ_ESCAPE: "a backslash in \"…\" that begins no known escape; use '…' for text with backslashes",
  BAD_INDENT: "the indentation does not fit the lines above it, or a bracket or quote is not closed",
  BAD_PROP_ORDER: "anchors and tags stand before the value, after its dash",
  BAD_SCALAR_START: 'text that begins with a reserved character; put it in "…"',
  BLOCK_AS_IMPLICIT_KEY: 'a second "key: value" on one line, or a value that is not indented below its key',
  BLOCK_IN_FLOW: "an indented block within [ ] or { }",
  DUPLICATE_KEY: "a key that stands twice in one section",
  IMPOSSIBLE: "it cannot be read",
  KEY_OVER_1024_CHARS: "a key of more than 1024 characters",
  MISSING_CHAR: "something is missing: a closing bracket, brace or quote, a comma, or a blank after a colon",
  MULTILINE_IMPLICIT_KEY: "a key that goes over several lines; is a colon missing?",
  MULTIPLE_ANCHORS: "two anchors for one value",
  MULTIPLE_DOCS: "more than one document (---); only one is read",
  MULTIPLE_TAGS: "two tags for one value",
  NON_STRING_KEY: "a key that is no text",
  TAB_AS_INDENT: "a tab indents the line; use spaces",
  TAG_RESOLVE_FAILED: "a tag (!name) that is not known here",
  UNEXPECTED_TOKEN: "something that does not belong there",
};

/** Aliases may repeat values, but not blow a small text up. */
const MOST_VALUES = 100_000;

const INTEGER = /^[-+]?(\d[\d_]*|0x[\da-f]+|0o[0-7]+|0b[01]+)$/i;

function numberFault({ value, source }: Scalar): string | undefined {
  if (typeof value === "bigint") return `${source ?? value} is too large a whole number`;
  if (typeof value !== "number" || Number.isSafeInteger(value)) return undefined;
  if (!Number.isFinite(value)) return `${source ?? value} is no number to compute with; expected a finite one`;
  if (source === undefined || !INTEGER.test(source.trim())) return undefined;
  return `${source} is beyond 2^53 and cannot be kept exactly; put it in quotes if it is text`;
}

/** Plain data from a parsed text, with the faults that only show then. */
class Walk {
  readonly faults: YamlFault[] = [];
  readonly lines = new Map<string, number>();
  readonly #document: Document;
  readonly #counter: LineCounter;
  readonly #open = new Set<unknown>();
  #values = 0;

  constructor(document: Document, counter: LineCounter) {
    this.#document = document;
    this.#counter = counter;
  }

  lineAt(node: unknown): number | undefined {
    const range = (node as { range?: readonly number[] | null } | null)?.range; // every node of a parsed text has one
    return range ? this.#counter.linePos(range[0]!).line : undefined;
  }

  #fault(path: YamlPath, node: unknown, message: string): undefined {
    this.faults.push({ path, line: this.lineAt(node), message });
    return undefined;
  }

  #place(path: YamlPath, node: unknown): void {
    const line = this.lineAt(node);
    const key = JSON.stringify(path);
    if (line !== undefined && !this.lines.has(key)) this.lines.set(key, line);
  }

  value(node: unknown, path: YamlPath): unknown {
    this.#place(path, node);
    this.#values += 1;
    if (this.#values > MOST_VALUES) {
      if (this.#values === MOST_VALUES + 1) this.#fault(path, node, "aliases repeat values without bound");
      return undefined;
    }
    if (isAlias(node)) {
      const target = node.resolve(this.#document);
      if (target === undefined) return this.#fault(path, node, `the alias *${node.source} stands for nothing above it`);
      return this.value(target, path);
    }
    if (isScalar(node)) {
      const fault = numberFault(node);
      return fault === undefined ? node.value : this.#fault(path, node, fault);
    }
    if (!isMap(node) && !isSeq(node)) return node ?? null;
    if (this.#open.has(node)) return this.#fault(path, node, "an alias stands within what it repeats");
    this.#open.add(node);
    const made = isSeq(node)
      ? node.items.map((item, i) => this.value(item, [...path, i]))
      : this.#map(node.items, path);
    this.#open.delete(node);
    return made;
  }

  #map(items: readonly { key: unknown; value: unknown }[], path: YamlPath): Record<string, unknown> {
    const record: Record<string, unknown> = {};
    for (const { key: node, value } of items) {
      const key = isScalar(node) ? String(node.value) : undefined;
      if (key === undefined) this.#fault(path, node, "a key that is no text");
      else if (isReservedName(key)) this.#fault([...path, key], node, `${key} is a reserved name and can be no key`);
      else {
        this.#place([...path, key], node);
        record[key] = this.value(value, [...path, key]);
      }
    }
    return record;
  }
}

/** The faults of a text, one a line, as one error; `file` names it. */
export function faultsError(file: string, faults: readonly YamlFault[]): ConfigError {
  const texts = faults.map(({ path, line, message }) => {
    const key = path.length > 0 ? `${path.join(".")}: ` : "";
    return `${file}${line === undefined ? "" : `:${line}`}: ${key}${message}`;
  });
  const text = texts.length === 1 ? texts[0]! : `${file}: ${texts.length} faults\n  ${texts.join("\n  ")}`;
  return new ConfigError(text, { key: faults[0]!.path.join(".") || file });
}

/**
 * Read YAML text that `file` names. Throws a ConfigError with every fault. Maps are plain objects whose keys are text, none
 * of them reserved (`__proto__`, `constructor`, …). `isOneLine` leaves the lines out of messages, for a value of a flag.
 */
export function readYaml(text: string, file: string, { isOneLine = false } = {}): YamlText {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false });
  const syntax = [...document.errors, ...document.warnings].map(({ code, pos }) => ({
    path: [],
    line: counter.linePos(pos[0]).line,
    message:
      code === "DUPLICATE_KEY" ? duplicateAt(document, pos[0]) : `not YAML: ${SYNTAX[code] ?? SYNTAX.IMPOSSIBLE}`,
  }));
  const isNew = (fault: YamlFault, i: number) => syntax.findIndex(({ line }) => line === fault.line) === i;
  const withoutLine = (fault: YamlFault): YamlFault => (isOneLine ? { ...fault, line: undefined } : fault);
  if (syntax.length > 0) throw faultsError(file, syntax.filter(isNew).map(withoutLine));
  const walk = new Walk(document, counter);
  const value = walk.value(document.contents, []);
  if (walk.faults.length > 0) throw faultsError(file, walk.faults.map(withoutLine));
  const lineOf = (path: YamlPath): number | undefined => {
    for (let length = path.length; length > 0; length--) {
      const line = walk.lines.get(JSON.stringify(path.slice(0, length)));
      if (line !== undefined) return line;
    }
    return undefined;
  };
  return { value, lineOf };
}

/** Names the key that stands twice. */
function duplicateAt(document: Document, offset: number): string {
  let name: string | undefined;
  visit(document, {
    Pair(_, { key }) {
      if (isScalar(key) && key.range?.[0] === offset) name = String(key.value);
    },
  });
  return name === undefined ? `${SYNTAX.DUPLICATE_KEY}` : `the key ${name} stands twice in one section; keep one`;
}
