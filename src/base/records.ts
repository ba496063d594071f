/**
 * Records that are keyed by names of strangers. `__proto__` is no key but a way into the object's machinery, and a plain
 * object answers for `constructor` and `toString` though nobody put them there.
 */

const RESERVED = new Set(["__proto__", "constructor", "prototype"]);

/** True for names that may not be a key of merged data. */
export function isReservedName(name: string): boolean {
  return RESERVED.has(name);
}

/** An empty record that any name may key: it answers only for what was put in. */
export function emptyRecord<V>(): Record<string, V> {
  return Object.create(null) as Record<string, V>; // without a prototype there is nothing to inherit
}

/** Adds `amount` to the count of `name`. */
export function countIn(counts: Record<string, number>, name: string, amount = 1): void {
  counts[name] = (Object.hasOwn(counts, name) ? counts[name]! : 0) + amount;
}

/** The own value of `name`; undefined for what `record` only inherits. */
export function ownValue<V>(record: Readonly<Record<string, V>>, name: string): V | undefined {
  return Object.hasOwn(record, name) ? record[name] : undefined;
}

/** The value at `path`, own members only. */
export function valueAt(tree: unknown, path: readonly PropertyKey[]): unknown {
  let node = tree;
  for (const key of path) {
    if (typeof node !== "object" || node === null || !Object.hasOwn(node, key)) return undefined;
    node = (node as Record<PropertyKey, unknown>)[key];
  }
  return node;
}
