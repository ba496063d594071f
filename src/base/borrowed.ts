/**
 * Who owns memory within a thread, as types (shared-bytes.ts says it across threads). `Borrowed<T>` belongs to the function that
 * gave it and is overwritten by its next call: read it or copy it at once. Whoever keeps what it is given asks for `Owned<T>`,
 * to which nothing borrowed can be assigned. A copy (`slice`) is not borrowed.
 */

declare const borrowed: unique symbol;

/** A view that is valid until the next call of the function, iterator or callback that gave it. */
export type Borrowed<T> = T & { readonly [borrowed]: true };

/** A value that the receiver may keep: anything but a `Borrowed` one. */
export type Owned<T> = T & { readonly [borrowed]?: never };

/** Marks `value` as borrowed; at run time it is the value itself. */
export function lend<T extends object>(value: T): Borrowed<T> {
  return value as Borrowed<T>; // the mark exists in the type alone
}
