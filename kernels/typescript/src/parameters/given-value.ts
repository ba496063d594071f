/** Values as they are given on the command line or in YAML, before it is known what type they should have. */

import { ConfigError, isIctalError } from "@ictal/base/errors";
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type Node,
  parseDocument,
  type Scalar as ScalarNode,
} from "yaml";

export type Scalar = null | boolean | number | bigint | string;

/** A value without a type: a YAML tree, or a text of the command line, which can still be read in several ways. */
export type Given =
  | {
      readonly kind: "scalar";
      readonly value: Scalar;
      /** The words of YAML 1.1 that mean true or false there, written without quotes. */
      readonly means?: boolean;
    }
  | { readonly kind: "text"; readonly text: string }
  /** A number that would become another one, or could be taken for another. */
  | { readonly kind: "unfit"; readonly text: string; readonly reason: string }
  | { readonly kind: "list"; readonly items: readonly Given[] }
  | { readonly kind: "map"; readonly entries: readonly (readonly [string, Given])[] };

/** Why a YAML text cannot be taken. */
class UnfitTextError extends Error {
  override readonly name = "UnfitTextError";
}

const TRUE_WORDS = /^(?:yes|Yes|YES|on|On|ON)$/;
const FALSE_WORDS = /^(?:no|No|NO|off|Off|OFF)$/;
const WRITTEN_IN_FULL = /^[-+]?\d+(?=\.\d*$)/;
const LEADING_ZERO = /^[-+]?0\d/;
const FAULTS: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: "a name stands there twice",
  TAG_RESOLVE_FAILED: "its tag (!…) is not known",
  MULTIPLE_DOCS: "a second document begins there",
};
const NODE_LIMIT = 100_000;
const DEPTH_LIMIT = 200;

/** The number behind its text, with the sign of -0. */
function givenNumber(text: string, value: number | bigint): Given {
  const unfit = (reason: string): Given => ({ kind: "unfit", text, reason });
  if (LEADING_ZERO.test(text))
    return unfit("with its leading zero it could be decimal or octal; write it without, or 0o…");
  if (typeof value === "number" && !Number.isFinite(value) && !/inf|nan/i.test(text))
    return unfit("it is beyond the largest number, 1.8e308");
  if (value === 0 && /[1-9]/.test(text.replace(/e.*$/i, ""))) return unfit("it is closer to 0 than any number but 0");
  const [whole] = WRITTEN_IN_FULL.exec(text) ?? [];
  if (whole !== undefined && Math.abs(Number(value)) >= 2 ** 53 && BigInt(whole.replace("+", "")) !== BigInt(value))
    return unfit(
      "beyond 2^53 a number does not hold all of its digits; write it with an exponent if it may be rounded",
    );
  if (typeof value === "number") return { kind: "scalar", value };
  const isSmall = value >= -(2n ** 53n) && value <= 2n ** 53n;
  return { kind: "scalar", value: text === "-0" ? -0 : isSmall ? Number(value) : value };
}

interface Reading {
  readonly document: Document;
  nodes: number;
}

function keyOf(node: unknown): string {
  const key = isScalar(node) ? (typeof node.value === "string" ? node.value : node.source) : undefined;
  if (key === undefined) throw new UnfitTextError("a key of a map is not a word");
  if (key === "__proto__") throw new UnfitTextError("__proto__ cannot be the name of a value");
  return key;
}

function fromNode(node: unknown, reading: Reading, depth = 0): Given {
  reading.nodes += 1;
  if (reading.nodes > NODE_LIMIT || depth > DEPTH_LIMIT)
    throw new UnfitTextError("it is too large or too deep, or its anchors refer to themselves");
  if (node === null || node === undefined) return { kind: "scalar", value: null };
  if (isAlias(node)) {
    const target: Node | undefined = node.resolve(reading.document);
    if (!target) throw new UnfitTextError(`*${node.source} refers to an anchor that does not stand before it`);
    return fromNode(target, reading, depth + 1);
  }
  if (isSeq(node)) return { kind: "list", items: node.items.map((item) => fromNode(item, reading, depth + 1)) };
  if (isMap(node)) {
    const entries = node.items.map(({ key, value }) => [keyOf(key), fromNode(value, reading, depth + 1)] as const);
    return { kind: "map", entries };
  }
  if (!isScalar(node)) throw new UnfitTextError("it is no text, number, list or map");
  return fromScalar(node);
}

function fromScalar({ value, source = "", type, tag }: ScalarNode): Given {
  const isPlain = type === "PLAIN" && tag === undefined;
  if (typeof value === "number" || typeof value === "bigint") return givenNumber(source, value);
  if (isPlain && TRUE_WORDS.test(source)) return { kind: "scalar", value: source, means: true };
  if (isPlain && FALSE_WORDS.test(source)) return { kind: "scalar", value: source, means: false };
  if (value === null || typeof value === "boolean" || typeof value === "string") return { kind: "scalar", value };
  throw new UnfitTextError("it is no text, number, list or map");
}

/** The value that YAML text stands for; ConfigError with `place`, line and column where it is not YAML. */
export function givenByYaml(text: string, place: string): Given {
  // Under the level "silent" a second document would be passed over without a word.
  const document = parseDocument(text, { intAsBigInt: true, logLevel: "error" });
  const [fault] = [...document.errors, ...document.warnings];
  const refuse = (reason: string, cause?: unknown): never => {
    throw new ConfigError(`${place} ${reason}`, { key: place }, { cause });
  };
  if (fault) {
    const { line, col } = fault.linePos?.[0] ?? { line: 1, col: 1 };
    const why = FAULTS[fault.code] ?? "NAME: VALUE on each line was expected";
    return refuse(`cannot be read as YAML: line ${line}, column ${col}: ${why}`, fault);
  }
  try {
    return fromNode(document.contents, { document, nodes: 0 });
  } catch (error) {
    if (error instanceof UnfitTextError) return refuse(`cannot be taken: ${error.message}`, error);
    throw error;
  }
}

/** papermill's reading of a bare text: True/true, None/null, a number, a YAML list or map, else the text. */
export function guessText(text: string): Given {
  const scalar = (value: Scalar): Given => ({ kind: "scalar", value });
  const bare = text.trim();
  if (/^true$/i.test(bare)) return scalar(true);
  if (/^false$/i.test(bare)) return scalar(false);
  if (/^(?:none|null)$/i.test(bare)) return scalar(null);
  if (/^[+-]?\d+$/.test(bare)) return givenNumber(bare, BigInt(bare.replace("+", "")));
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(bare)) return givenNumber(bare, Number(bare));
  if (/^(?:\.nan|\.NaN|\.NAN|NaN)$/.test(bare)) return scalar(Number.NaN);
  const infinite = /^([+-]?)(?:\.inf|\.Inf|\.INF|Infinity)$/.exec(bare);
  if (infinite) return scalar(infinite[1] === "-" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY);
  return /^[[{]/.test(bare) ? structureOf(text) : scalar(text);
}

/** A list or map that stands in one text. */
export function structureOf(text: string): Given {
  try {
    return givenByYaml(text, "it");
  } catch (error) {
    if (isIctalError(error, "ConfigError")) return { kind: "unfit", text, reason: error.message };
    throw error;
  }
}
