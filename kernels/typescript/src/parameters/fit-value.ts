/** Makes a given value one of a parameter's type, or finds why it cannot be one. */
import { type Given, guessText, structureOf } from "./given-value.js";
import type { ParameterType } from "./parameter-types.js";
import type { ParameterLanguage } from "./parameters.js";

/** The value, or why there is none; the reason is empty where the type alone is the reason. */
export type Fit = { readonly value: unknown } | { readonly reason: string };

const MISFIT: Fit = { reason: "" };
const BEYOND =
  "a number holds whole numbers up to 2^53 = 9007199254740992 exactly; declare the parameter as bigint, or give it as text";

type ScalarGiven = Extract<Given, { kind: "scalar" }>;

function fitBigint(value: ScalarGiven["value"]): Fit {
  if (typeof value === "string" && /^-?\d+n$/.test(value)) return { value: BigInt(value.slice(0, -1)) };
  if (typeof value === "bigint") return { value };
  return typeof value === "number" && Number.isSafeInteger(value) ? { value: BigInt(value) } : MISFIT;
}

/** How a scalar fits each kind of type that scalars can have. */
const SCALAR_FITS: Partial<Record<ParameterType["kind"], (given: ScalarGiven) => Fit>> = {
  number({ value }) {
    if (typeof value === "bigint") return { reason: BEYOND };
    return typeof value === "number" ? { value } : MISFIT;
  },
  integer: ({ value }) => (typeof value === "bigint" || Number.isInteger(value) ? { value } : MISFIT),
  bigint: ({ value }) => fitBigint(value),
  string({ value }) {
    if (typeof value === "string") return { value };
    return { reason: value === null ? "" : "write it in quotes to give it as text" };
  },
  boolean({ value, means }) {
    if (means !== undefined) return { value: means };
    return typeof value === "boolean" ? { value } : MISFIT;
  },
  null: ({ value }) => (value === null ? { value } : MISFIT),
};

const fitScalar = (given: ScalarGiven, kind: ParameterType["kind"]): Fit => SCALAR_FITS[kind]?.(given) ?? MISFIT;

/** All members of a list, or the first reason why one does not fit. */
function together<T>(parts: readonly T[], fit: (part: T, index: number) => Fit): { values: unknown[] } | Fit {
  const values: unknown[] = [];
  for (const [index, part] of parts.entries()) {
    const found = fit(part, index);
    if ("reason" in found) return found;
    values.push(found.value);
  }
  return { values };
}

function fitMap(
  entries: readonly (readonly [string, Given])[],
  typeOf: (name: string) => ParameterType | undefined,
  language: ParameterLanguage,
): Fit {
  const fitted = together(entries, ([name, member]) => {
    const type = typeOf(name);
    if (!type) return { reason: `it has no member "${name}"` };
    const found = fitValue(member, type, language);
    return "reason" in found ? { reason: found.reason || `its member "${name}" has another type` } : found;
  });
  if (!("values" in fitted)) return fitted;
  return { value: Object.fromEntries(entries.map(([name], index) => [name, fitted.values[index]])) };
}

function fitRecord(given: Given, type: Extract<ParameterType, { kind: "record" }>, language: ParameterLanguage): Fit {
  if (given.kind !== "map") return MISFIT;
  const lacking = type.members.find(
    ({ name, optional }) => !optional && !given.entries.some(([given]) => given === name),
  );
  if (lacking) return { reason: `its member "${lacking.name}" is missing` };
  const typeOf = (name: string) => type.members.find((member) => member.name === name)?.type ?? type.rest;
  return fitMap(given.entries, typeOf, language);
}

/** The value as it stands, where the type does not restrict it. */
function fitAny(given: Given, language: ParameterLanguage): Fit {
  const any: ParameterType = { kind: "any" };
  if (given.kind === "map") return fitMap(given.entries, () => any, language);
  if (given.kind === "list") {
    const fitted = together(given.items, (item) => fitAny(item, language));
    return "values" in fitted ? { value: fitted.values } : fitted;
  }
  if (given.kind === "text") return fitAny(guessText(given.text), language);
  if (given.kind === "unfit") return { reason: given.reason };
  return typeof given.value === "bigint" && language !== "python" ? { reason: BEYOND } : { value: given.value };
}

/** Members of a union in the order in which they are tried: text is text first where it is text in YAML, last in a bare word. */
function inOrder(members: readonly ParameterType[], given: Given): readonly ParameterType[] {
  const isText = ({ kind }: ParameterType) => kind === "string" || kind === "any";
  const [texts, others] = [members.filter(isText), members.filter((member) => !isText(member))];
  return given.kind === "text" ? [...others, ...texts] : [...texts, ...others];
}

function fitUnion(given: Given, members: readonly ParameterType[], language: ParameterLanguage): Fit {
  let reason = "";
  for (const member of inOrder(members, given)) {
    const found = fitValue(given, member, language);
    if ("value" in found) return found;
    if (member.kind !== "string") reason ||= found.reason;
  }
  return { reason };
}

function fitLiteral(given: Given, value: unknown): Fit {
  if (given.kind === "text" && given.text === value) return { value: given.text };
  const scalar = given.kind === "text" ? guessText(given.text) : given;
  const isSame = scalar.kind === "scalar" && (scalar.value === value || scalar.means === value);
  return isSame ? { value } : MISFIT;
}

/** A list as a list or a tuple. */
function fitItems(items: readonly Given[], type: ParameterType, language: ParameterLanguage): Fit {
  if (type.kind !== "list" && type.kind !== "tuple") return MISFIT;
  if (type.kind === "tuple" && type.items.length !== items.length)
    return { reason: `${type.items.length} members were expected` };
  const fitted = together(items, (item, index) =>
    fitValue(item, type.kind === "list" ? type.item : type.items[index]!, language),
  );
  return "values" in fitted ? { value: fitted.values } : fitted;
}

/** `given` as a value of `type`. */
export function fitValue(given: Given, type: ParameterType, language: ParameterLanguage): Fit {
  if (given.kind === "unfit") return { reason: given.reason };
  switch (type.kind) {
    case "any":
      return fitAny(given, language);
    case "union":
      return fitUnion(given, type.members, language);
    case "string":
      if (given.kind === "text") return { value: given.text };
      break;
    case "literal":
      return fitLiteral(given, type.value);
    default:
  }
  if (given.kind === "text") return fitText(given.text, type, language);
  if (given.kind === "scalar") return fitScalar(given, type.kind);
  if (type.kind === "object") return fitAny(given, language);
  if (type.kind === "record") return fitRecord(given, type, language);
  return given.kind === "list" ? fitItems(given.items, type, language) : MISFIT;
}

function fitText(text: string, type: ParameterType, language: ParameterLanguage): Fit {
  const isNumber = type.kind === "number";
  if (isNumber && /^[+-]?nan$/i.test(text)) return { value: Number.NaN };
  if (isNumber && /^[+-]?inf(?:inity)?$/i.test(text)) return { value: text.startsWith("-") ? -Infinity : Infinity };
  const isStructure = ["list", "tuple", "record", "object"].includes(type.kind);
  return fitValue(isStructure ? structureOf(text) : guessText(text), type, language);
}
