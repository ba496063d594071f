/** Lookups of what has to be there: for code that builds or reads once, not for loops over samples. */

/** Element `index` of a list, from the end if negative. Throws a RangeError where there is none. */
export function elementAt<T>(values: readonly T[], index: number): T {
  const value = values.at(index);
  if (value === undefined) throw new RangeError(`invalid index: ${index} of ${values.length} elements`);
  return value;
}

/** The member of that name. Throws a RangeError where there is none. */
export function memberOf<T>(record: Readonly<Record<string, T>>, name: string): T {
  const value = record[name];
  if (value === undefined) throw new RangeError(`no member named ${name} among ${Object.keys(record).join(", ")}`);
  return value;
}
