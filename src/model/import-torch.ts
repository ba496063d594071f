/**
 * Tensors of a file of torch.save (PyTorch 1.6 and later): a zip whose `data.pkl` describes the object and whose `data/KEY` are
 * the storages. Source: torch/serialization.py and torch/_utils.py. No code of the pickle is run.
 */
import { open } from "node:fs/promises";
import { FormatError, UnsupportedError } from "@ictal/base/errors";
import { explainReadError } from "@ictal/base/read-fault";
import { openZip, type ZipFile } from "../base/zip-file.js";
import { ELEMENT_TYPES, elementCount, gatherElements, reachOf, type StridedLayout } from "./element-types.js";
import type { ImportedTensor, ImportedTensors } from "./import-weights.js";
import { type PickleGlobal, type PickleWorld, readPickle } from "./pickle.js";

/** Types of numbers by the names of PyTorch's storages and dtypes. */
const TYPE_OF: Readonly<Record<string, string>> = {
  DoubleStorage: "F64",
  FloatStorage: "F32",
  HalfStorage: "F16",
  BFloat16Storage: "BF16",
  LongStorage: "I64",
  IntStorage: "I32",
  ShortStorage: "I16",
  CharStorage: "I8",
  ByteStorage: "U8",
  BoolStorage: "BOOL",
};

const STORAGE = Symbol("storage");
const TENSOR = Symbol("tensor");

/** A storage of the archive. */
interface Storage {
  readonly kind: typeof STORAGE;
  readonly type: string;
  readonly key: string;
  readonly elements: number;
}

/** A tensor that the pickle describes. */
interface TorchTensor extends StridedLayout {
  readonly kind: typeof TENSOR;
  readonly storage: Storage;
}

const isOfKind =
  <T extends { readonly kind: symbol }>(kind: T["kind"]) =>
  (value: unknown): value is T =>
    typeof value === "object" && value !== null && "kind" in value && value.kind === kind;
const isStorage = isOfKind<Storage>(STORAGE);
const isTensor = isOfKind<TorchTensor>(TENSOR);

const isCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((each) => Number.isSafeInteger(each) && each >= 0);

/** What the pickle of a file of tensors may name. */
function worldOf(file: string): PickleWorld {
  const fail = (message: string): never => {
    throw new FormatError(`not a sound file of PyTorch: ${message}`, { file });
  };
  const rebuildTensor = ([storage, offset, shape, strides]: readonly unknown[]): TorchTensor => {
    if (!isStorage(storage) || !isCounts([offset]) || !isCounts(shape) || !isCounts(strides))
      return fail("a tensor without storage, shape and strides");
    if (shape.length !== strides.length) fail(`a tensor of shape [${shape}] with strides [${strides}]`);
    return { kind: TENSOR, storage, offset: offset as number, shape, strides }; // checked by isCounts
  };
  const known: Readonly<Record<string, Omit<PickleGlobal, "name">>> = {
    "collections.OrderedDict": { call: () => new Map(), takesState: true },
    "torch._utils._rebuild_tensor_v2": { call: rebuildTensor },
    "torch._utils._rebuild_parameter": { call: ([data]) => data },
    "torch.Size": { call: ([sizes]) => sizes },
  };
  return {
    global(name) {
      if (Object.hasOwn(known, name)) return { name, ...known[name] };
      const [, storage] = /^torch\.(\w+)$/.exec(name) ?? [];
      return storage !== undefined && Object.hasOwn(TYPE_OF, storage) ? { name: storage } : undefined;
    },
    persistent(id) {
      const [tag, storage, key, , elements] = Array.isArray(id) ? id : [];
      const type = TYPE_OF[(storage as PickleGlobal | undefined)?.name ?? ""];
      if (tag !== "storage" || type === undefined || typeof key !== "string" || !isCounts([elements]))
        return fail("a storage without type, key and length");
      return { kind: STORAGE, type, key, elements: elements as number } satisfies Storage; // checked by isCounts
    },
  };
}

/** Names under which training scripts keep the state_dict in a dict of other things, in the order of preference. */
const NESTS = ["state_dict", "model_state_dict", "model_state", "model", "net", "network", "weights", "ema", "module"];

const isNamedTensors = (value: unknown): value is Map<string, unknown> =>
  value instanceof Map &&
  value.size > 0 &&
  [...value.keys()].every((key) => typeof key === "string") &&
  [...value.values()].some(isTensor);

function dictInWords(saved: ReadonlyMap<unknown, unknown>): string {
  const keys = [...saved.keys()].slice(0, 6).map(String);
  return keys.length === 0 ? "an empty dict" : `a dict of ${keys.join(", ")}`;
}

/** The dict of tensors in what was saved, and the names that lead to it. */
function stateDictOf(saved: unknown, file: string, path: readonly string[] = []): [Map<string, unknown>, string] {
  if (isNamedTensors(saved)) return [saved, path.join(".")];
  if (saved instanceof Map && path.length < 3)
    for (const name of NESTS) {
      const inner = saved.get(name);
      if (inner instanceof Map && inner.size > 0) return stateDictOf(inner, file, [...path, name]);
    }
  const found = saved instanceof Map ? dictInWords(saved) : "no dict";
  throw new UnsupportedError(
    `${file} holds ${found} and no tensors by name; save the state_dict alone: torch.save(model.state_dict(), FILE)`,
  );
}

/** Reads storages, each once. */
function storageReader(zip: ZipFile, folder: string, file: string): (storage: Storage) => Promise<Uint8Array> {
  let last: { readonly key: string; readonly bytes: Uint8Array } | undefined;
  return async ({ key, type, elements }) => {
    if (last?.key === key) return last.bytes;
    const name = `${folder}data/${key}`;
    const needed = elements * (ELEMENT_TYPES[type]?.bytes ?? 0);
    const size = zip.sizeOf(name);
    if (size === undefined || size < needed) {
      const message = `storage ${key} has ${size ?? "no"} bytes; its ${elements} numbers of ${type} need ${needed}: the file is damaged, copy it again`;
      throw new FormatError(message, { file, field: name });
    }
    last = { key, bytes: await zip.bytes(name) };
    return last.bytes;
  };
}

/** The old form is no zip: a pickle of a magic number comes first. */
async function refuseOtherForms(path: string): Promise<void> {
  const handle = await open(path, "r").catch((error: unknown) => {
    throw explainReadError(error, path, `no weights at ${path}; check the path`);
  });
  try {
    const head = new Uint8Array(4);
    await handle.read(head, 0, 4, 0);
    if (head[0] === 0x50 && head[1] === 0x4b) return; // PK: a zip
    const isPickle = head[0] === 0x80 && (head[1] ?? 0) <= 5;
    throw isPickle
      ? new UnsupportedError(
          `${path} has the form of PyTorch before 1.6, which mixes tensors with Python code; write it anew: torch.save(torch.load(FILE, weights_only=True), FILE)`,
        )
      : new FormatError("not a file of PyTorch: it is no zip archive; expected what torch.save writes", { file: path });
  } finally {
    await handle.close();
  }
}

async function readTensor(value: TorchTensor, name: string, read: ReturnType<typeof storageReader>, file: string) {
  const { storage, shape } = value;
  const type = ELEMENT_TYPES[storage.type];
  if (!type) throw new RangeError(`no element type ${storage.type}`); // TYPE_OF names known ones
  if (!Number.isSafeInteger(elementCount(shape)) || reachOf(value) > storage.elements)
    throw new FormatError(`${name} of shape [${shape}] reaches beyond the ${storage.elements} numbers of its storage`, {
      file,
      field: name,
    });
  return { shape, type: storage.type, values: gatherElements(await read(storage), type, value) };
}

/** Folder of the archive that holds the pickle, with its slash. */
function folderOf({ names }: ZipFile, file: string): string {
  const pickle = names.find((name) => /^(?:[^/]+\/)?data\.pkl$/.test(name));
  if (pickle === undefined || names.some((name) => /^[^/]+\/(code\/|constants\.pkl$)/.test(name)))
    throw new UnsupportedError(
      `${file} is ${pickle === undefined ? "a zip archive without tensors of PyTorch" : "a TorchScript program"}; save the state_dict: torch.save(model.state_dict(), FILE)`,
    );
  return pickle.slice(0, -"data.pkl".length);
}

async function checkByteOrder(zip: ZipFile, folder: string, file: string): Promise<void> {
  const name = `${folder}byteorder`;
  if (zip.sizeOf(name) === undefined) return;
  const order = new TextDecoder().decode(await zip.bytes(name)).trim();
  if (order !== "little")
    throw new UnsupportedError(`${file} was written on a ${order}-endian machine; save it on a little-endian one`);
}

/**
 * The named tensors of a file of torch.save: a state_dict, or a dict that holds one under a usual name such as `state_dict`.
 * Views are copied row-major, numbers rounded to float32. Throws an UnsupportedError for files of before PyTorch 1.6, TorchScript
 * and anything but tensors (the class is named), a FormatError for damage, a NotFoundError when there is no file.
 */
export async function readTorchFile(path: string, { signal }: { signal?: AbortSignal | undefined } = {}) {
  await refuseOtherForms(path);
  const zip = await openZip(path);
  try {
    const folder = folderOf(zip, path);
    await checkByteOrder(zip, folder, path);
    const [dict, nest] = stateDictOf(readPickle(await zip.bytes(`${folder}data.pkl`), path, worldOf(path)), path);
    const read = storageReader(zip, folder, path);
    const tensors = new Map<string, ImportedTensor>();
    const ignored: string[] = [];
    for (const [name, value] of dict) {
      signal?.throwIfAborted();
      if (isTensor(value)) tensors.set(name, await readTensor(value, name, read, path));
      else ignored.push(name);
    }
    return { tensors, nest, ignored } satisfies ImportedTensors;
  } finally {
    await zip.close();
  }
}
