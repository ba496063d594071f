import { type InspectOptions, inspect, types } from "node:util";
import { formatCount } from "./format-value.js";
import { member } from "./member.js";

/** So many values are printed at most; with more in reach, fewer levels are shown. */
const MOST_NODES = 2000;
/** Objects with more keys are shown by their first ones when they are on top, and as [Object] when they are inside. */
const MOST_KEYS = 200;
/** Node walks the holes of longer arrays. */
const MOST_ITEMS = 10_000;
const LIMITS: readonly InspectOptions[] = [
  { depth: 4, maxArrayLength: 100, maxStringLength: 10_000 },
  { depth: 3, maxArrayLength: 50, maxStringLength: 1000 },
  { depth: 2, maxArrayLength: 20, maxStringLength: 200 },
  { depth: 1, maxArrayLength: 20, maxStringLength: 200 },
  { depth: 0, maxArrayLength: 20, maxStringLength: 200 },
];

/** What one inspection has seen: values counted down, objects met, and objects with too many keys. */
interface Reach {
  left: number;
  readonly seen: Set<object>;
  readonly wide: Set<object>;
}

/** The values one level below `value` that Node would print, at most `most` of them; undefined when it has too many keys. */
function membersOf(value: object, most: number): unknown[] | undefined {
  if (types.isProxy(value)) return []; // its target is not to be had; Node prints it by the same limits
  if (Array.isArray(value)) return value.slice(0, most);
  if (ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)) return [];
  if (types.isMap(value)) return firstOf(Map.prototype.entries.call(value), most).flat();
  if (types.isSet(value)) return firstOf(Set.prototype.values.call(value), most);
  const keys = Object.keys(value);
  if (keys.length > MOST_KEYS) return undefined;
  return keys.map((key) => Object.getOwnPropertyDescriptor(value, key)?.value);
}

function firstOf<T>(values: IterableIterator<T>, most: number): T[] {
  const first: T[] = [];
  for (const value of values) if (first.push(value) >= most) break;
  return first;
}

/** True when Node's inspection of `value` to `depth` prints no more than `reach.left` values; counts them down. */
function fits(value: unknown, depth: number, most: number, reach: Reach): boolean {
  reach.left -= 1;
  if (reach.left < 0) return false;
  if (typeof value !== "object" || value === null || depth < 0 || reach.seen.has(value)) return true;
  reach.seen.add(value);
  const members = reach.wide.has(value) ? undefined : membersOf(value, most);
  if (!members) reach.wide.add(value);
  return members?.every((inner) => fits(inner, depth - 1, most, reach)) ?? false;
}

/** `value` by its first members alone, its class and getters retained, and the number of the others. */
function shortened(value: object): { shown: object; left: string } {
  const whole = { shown: value, left: "" };
  if (types.isProxy(value) || ArrayBuffer.isView(value) || typeof member(value, inspect.custom) === "function")
    return whole;
  if (Array.isArray(value)) {
    if (value.length <= MOST_ITEMS) return whole;
    return {
      shown: Array.prototype.slice.call(value, 0, 100),
      left: `\n… ${formatCount(value.length - 100)} more items`,
    };
  }
  const keys = Object.keys(value);
  if (keys.length <= MOST_KEYS) return whole;
  const shown = Object.create(Object.getPrototypeOf(value)) as object;
  for (const key of keys.slice(0, MOST_KEYS))
    Object.defineProperty(shown, key, Object.getOwnPropertyDescriptor(value, key)!);
  return { shown, left: `\n… ${formatCount(keys.length - MOST_KEYS)} more keys` };
}

/** Node's asynchronous hooks, in use for AsyncLocalStorage, leave members of their own on every promise. */
const HOOK_MEMBER = /,?\s*\[Symbol\((?:async_id_symbol|trigger_async_id_symbol|kResourceStore)\)\]: /;

/** Where a printed member that starts at `from` ends: at the comma or bracket that closes it. */
function memberEnd(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const character = text[at]!;
    if (depth === 0 && /[,\n}\]]/.test(character)) return at;
    if (/[[{(]/.test(character)) depth += 1;
    else if (/[\]})]/.test(character)) depth -= 1;
  }
  return text.length;
}

function withoutHookMembers(text: string): string {
  let rest = text;
  for (let match = HOOK_MEMBER.exec(rest); match; match = HOOK_MEMBER.exec(rest))
    rest = rest.slice(0, match.index) + rest.slice(memberEnd(rest, match.index + match[0].length));
  return rest === text ? text : rest.replace(/Promise \{\s*(\S+?)\s*\}/g, "Promise { $1 }");
}

/**
 * What Node prints for a value, never more than some thousand members: the more there is, the fewer levels and members
 * are shown. Getters are not called. A value whose own inspection throws is printed without it.
 */
export function inspectText(value: unknown, options: InspectOptions = {}): string {
  try {
    const { shown, left } = typeof value === "object" && value !== null ? shortened(value) : { shown: value, left: "" };
    const wide = new Set<object>();
    const fitting = LIMITS.find(({ depth, maxArrayLength }) =>
      fits(shown, depth!, maxArrayLength!, { left: MOST_NODES, seen: new Set(), wide }),
    );
    return withoutHookMembers(inspect(shown, { ...(fitting ?? LIMITS.at(-1)), ...options })) + left;
  } catch {
    try {
      return inspect(value, { ...LIMITS.at(-1), ...options, customInspect: false });
    } catch (error) {
      return `[a ${typeof value} that cannot be shown: ${String(member(error, "message"))}]`;
    }
  }
}
