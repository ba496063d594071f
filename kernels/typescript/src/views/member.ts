/**
 * The member `key` of any value, read without letting a throwing getter or a revoked proxy through; undefined then, and
 * for null and undefined.
 */
export function member(value: unknown, key: PropertyKey): unknown {
  if ((typeof value !== "object" && typeof value !== "function") || value === null) return undefined;
  try {
    return (value as Record<PropertyKey, unknown>)[key];
  } catch {
    return undefined;
  }
}

/** The name of the constructor that made `value`, or `otherwise`. */
export function classNameOf(value: unknown, otherwise: string): string {
  const name = member(member(value, "constructor"), "name");
  return typeof name === "string" && name !== "" ? name : otherwise;
}
