import type { MimeBundle } from "../wire/message.js";
import { factsBundle } from "./facts.js";
import { cutText, formatBytes, formatCount } from "./format-value.js";
import { member } from "./member.js";
import { describeNumbers, endsOf, readable, summarizeNumbers } from "./number-summary.js";

type Values = ArrayLike<number> | readonly string[];

/** What tensors of tensorflow.js have; recognised by these members alone. */
interface TensorLike {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly isDisposed?: boolean;
  data(): Promise<Values>;
  dataSync(): Values;
  reshape?(shape: number[]): TensorLike & { slice(begin: number, size: number): TensorLike };
  dispose?(): void;
}

/** Larger tensors stay where they are (on a GPU, most likely); only their first values are fetched. */
const MOST_FETCHED = 4_194_304;
const FIRST_VALUES = 12;
const ITEM_BYTES: Readonly<Record<string, number>> = { float32: 4, int32: 4, bool: 1, complex64: 8 };

function isTensor(value: unknown): value is TensorLike {
  return (
    typeof member(value, "dataSync") === "function" &&
    typeof member(value, "data") === "function" &&
    typeof member(value, "dtype") === "string" &&
    Array.isArray(member(value, "shape"))
  );
}

/** The first values of a large tensor; the two tensors made on the way are disposed. */
async function firstValues(tensor: TensorLike): Promise<Values | undefined> {
  const flat = tensor.reshape?.([-1]);
  const head = flat?.slice(0, FIRST_VALUES);
  try {
    return await head?.data();
  } finally {
    head?.dispose?.();
    flat?.dispose?.();
  }
}

const listed = (values: Values): string =>
  typeof values[0] === "string"
    ? `[${(values as readonly string[])
        .slice(0, FIRST_VALUES)
        .map((text) => JSON.stringify(cutText(text, 60)))
        .join(", ")}${values.length > FIRST_VALUES ? `, … ${formatCount(values.length - FIRST_VALUES)} more` : ""}]`
    : endsOf(values as ArrayLike<number>);

async function fetchedFacts(tensor: TensorLike, size: number): Promise<{ facts: [string, string][]; values?: string }> {
  if (tensor.isDisposed) return { facts: [["state", "disposed: its values are gone"]] };
  try {
    if (size > MOST_FETCHED) {
      const values = await firstValues(tensor);
      const text = `not read, there are more than ${formatCount(MOST_FETCHED)}; slice the tensor to see its range`;
      return {
        facts: [["values", text]],
        ...(values ? { values: `${endsOf(values as ArrayLike<number>).slice(0, -1)}, …]` } : {}),
      };
    }
    const values = await tensor.data();
    const range =
      typeof values[0] === "string"
        ? ""
        : describeNumbers(summarizeNumbers(readable(values as ArrayLike<number>), values.length));
    const unit = tensor.dtype === "complex64" && range ? " (real and imaginary parts in turn)" : "";
    return { facts: [["values", range + unit]], values: listed(values) };
  } catch (error) {
    return { facts: [["values", `could not be read: ${String(member(error, "message") ?? error)}`]] };
  }
}

async function tensorBundle(tensor: TensorLike): Promise<MimeBundle> {
  const { shape, dtype } = tensor;
  const size = shape.reduce((product, length) => product * length, 1);
  const bytes = ITEM_BYTES[dtype];
  const { facts, values } = await fetchedFacts(tensor, size);
  return factsBundle({
    heading: `Tensor ${dtype} [${shape.join(", ")}]`,
    facts: [...facts, ["size", bytes === undefined ? "" : formatBytes(size * bytes)]],
    ...(values === undefined ? {} : { values }),
  });
}

/**
 * A tensor of tensorflow.js: type, shape, range, mean, a few values, fetched without blocking the thread; of more than
 * 4,194,304 values only the first are fetched. A disposed one is shown as such. Undefined for anything else.
 */
export function tensorView(value: unknown): Promise<MimeBundle> | undefined {
  return isTensor(value) ? tensorBundle(value) : undefined;
}
