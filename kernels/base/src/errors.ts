/** Errors a caller can act on. Each class has a literal `tag`; `isIctalError` narrows by tag. */

import { ownValue } from "./records.js";

abstract class TaggedError extends Error {
  abstract readonly tag: string;
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** A recording, object, bucket or file that was asked for does not exist. */
export class NotFoundError extends TaggedError {
  readonly tag = "NotFoundError";
  constructor(
    message: string,
    readonly what: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** Where in which input a fault was found: a byte offset for binary formats, a 1-based line for text. */
export interface FormatPlace {
  readonly file: string;
  readonly byteOffset?: number;
  readonly line?: number;
  readonly field?: string;
}

/** Bytes or text that break the rules of their format so that they cannot be placed. */
export class FormatError extends TaggedError {
  readonly tag = "FormatError";
  constructor(
    message: string,
    readonly place: FormatPlace,
    options?: { cause?: unknown },
  ) {
    const at =
      place.line !== undefined
        ? `:${place.line}`
        : place.byteOffset !== undefined
          ? ` at byte ${place.byteOffset}`
          : "";
    super(`${place.file}${at}: ${message}`, options);
  }
}

/** A legal request that this build, machine or format version cannot serve; the message names what can. */
export class UnsupportedError extends TaggedError {
  readonly tag = "UnsupportedError";
}

/** A configuration value or command-line flag that is wrong, with what is allowed and the nearest known key. */
export class ConfigError extends TaggedError {
  readonly tag = "ConfigError";
  constructor(
    message: string,
    readonly details: {
      key: string;
      value?: unknown;
      allowed?: string | undefined;
      nearest?: string | undefined;
    },
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** A cache or checkpoint that is not what its name or sidecar promises. */
export class CacheError extends TaggedError {
  readonly tag = "CacheError";
  constructor(
    message: string,
    readonly details: { found?: unknown; expected?: unknown } = {},
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** A notebook cell that failed; `line` is 1-based within the cell's source. */
export class CellError extends TaggedError {
  readonly tag = "CellError";
  constructor(
    message: string,
    readonly details: { index: number; source: string; line?: number; traceback: readonly string[] },
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

/** A store request that failed for good after its retries. */
export class StoreError extends TaggedError {
  readonly tag = "StoreError";
  constructor(
    message: string,
    readonly details: { key?: string; status?: number; attempt?: number; code?: string },
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}

export type IctalError =
  | NotFoundError
  | FormatError
  | UnsupportedError
  | ConfigError
  | CacheError
  | CellError
  | StoreError;

const CLASSES: Readonly<Record<string, { readonly prototype: IctalError }>> = {
  NotFoundError,
  FormatError,
  UnsupportedError,
  ConfigError,
  CacheError,
  CellError,
  StoreError,
};

/** One of our errors from its parts, for one that comes from another process; undefined for an unknown tag. */
export function ictalErrorFrom(tag: string, message: string, properties: object): IctalError | undefined {
  const made = ownValue(CLASSES, tag);
  if (!made) return undefined;
  const error = Object.setPrototypeOf(new Error(message), made.prototype) as IctalError;
  return Object.assign(error, properties, { tag });
}

/** True when `error` is one of ours and, if tags are given, carries one of them. */
export function isIctalError<T extends IctalError["tag"] = IctalError["tag"]>(
  error: unknown,
  ...tags: T[]
): error is Extract<IctalError, { tag: T }> {
  if (!(error instanceof TaggedError)) return false;
  return tags.length === 0 || (tags as string[]).includes(error.tag);
}
