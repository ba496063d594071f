/**
 * Records that are keyed by names of strangers. `__proto__` is no key but a way into the object's machinery, and a plain
 * object answers for `constructor` and `toString` though nobody put them there.
 */

const RESERVED = new Set(["__proto__", "constructor", "prototype"]);

/** True for names that may not be a key of merged data. */
export function isReservedName(name: string): boolean {
  return RESERVED.has(name);
}

/** How often each of `names` occurs, in the order of their first occurrence; any text may be a name. */
export function countNames(names: Iterable<string>): Record<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return Object.fromEntries(counts); // unlike an assignment, it makes a key of __proto__ too
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
