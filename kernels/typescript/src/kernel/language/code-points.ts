/** UTF-16 units of the code point at an index. */
const unitsAt = (text: string, index: number): number => ((text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1);

/** The index in UTF-16 units of a position in code points, as Jupyter counts; past the end means the end. */
export function unitIndex(text: string, codePoints: number): number {
  let units = 0;
  for (let left = codePoints; left > 0 && units < text.length; left--) units += unitsAt(text, units);
  return units;
}

/** The position in code points of an index in UTF-16 units. */
export function codePointIndex(text: string, units: number): number {
  let count = 0;
  for (let at = 0; at < Math.min(units, text.length); count++) at += unitsAt(text, at);
  return count;
}
