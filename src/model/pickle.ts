/**
 * The part of Python's pickle that files of tensors are written in. A pickle is a program for a small stack machine whose
 * opcodes may import and call anything; here only plain values, containers and the names that `Globals` knows exist, so
 * that no code is ever run. Source: Lib/pickletools.py of CPython, protocols 0 to 5; torch/_weights_only_unpickler.py for the
 * opcodes that torch.save writes.
 */
import { FormatError, UnsupportedError } from "@ictal/base/errors";

/** Something that a pickle names by module and name. `call` makes a value of it from arguments. */
export interface PickleGlobal {
  readonly name: string;
  /** Absent for names that stand for themselves, such as a storage class. */
  readonly call?: (args: readonly unknown[]) => unknown;
  /** Whether a value made of it may be given a state, which is then ignored. */
  readonly takesState?: boolean;
}

/** What a pickle may refer to. */
export interface PickleWorld {
  /** The global of that qualified name, e.g. "collections.OrderedDict"; undefined refuses the file. */
  readonly global: (name: string) => PickleGlobal | undefined;
  /** The value that a persistent identifier stands for. */
  readonly persistent: (id: unknown) => unknown;
}

const MARK = Symbol("mark");

type Dict = Map<unknown, unknown>;

/** A reader of the bytes and the machine's stack. */
class Machine {
  #at = 0;
  readonly #stack: unknown[] = [];
  readonly #memo: unknown[] = [];
  readonly #view: DataView;
  readonly #text = new TextDecoder("utf-8", { fatal: true });

  constructor(
    private readonly bytes: Uint8Array,
    private readonly file: string,
    private readonly world: PickleWorld,
  ) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  fail(message: string): never {
    throw new FormatError(`not a sound pickle: ${message}`, { file: this.file, byteOffset: this.#at });
  }

  /** The one sentence that refuses a class, with what to do. */
  refuse(name: string): never {
    throw new UnsupportedError(
      `${this.file} holds an object of ${name}, which would be Python code to run; only tensors are read, so save them alone: torch.save(model.state_dict(), FILE)`,
    );
  }

  take(count: number): Uint8Array {
    const end = this.#at + count;
    if (!(count >= 0 && end <= this.bytes.length)) this.fail(`${count} bytes are announced, the file ends before`);
    const taken = this.bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  /** An unsigned number of 1, 2, 4 or 8 bytes, little-endian. */
  count(size: 1 | 2 | 4 | 8): number {
    const at = this.#at;
    this.take(size);
    if (size === 1) return this.#view.getUint8(at);
    if (size === 2) return this.#view.getUint16(at, true);
    if (size === 4) return this.#view.getUint32(at, true);
    const value = this.#view.getBigUint64(at, true);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) this.fail(`the length ${value}`);
    return Number(value);
  }

  int32(): number {
    const at = this.#at;
    this.take(4);
    return this.#view.getInt32(at, true);
  }

  /** A float64, big-endian as pickle has it. */
  float(): number {
    const at = this.#at;
    this.take(8);
    return this.#view.getFloat64(at, false);
  }

  text(length: number): string {
    const bytes = this.take(length);
    try {
      return this.#text.decode(bytes);
    } catch {
      return this.fail("a text is not UTF-8");
    }
  }

  line(): string {
    const end = this.bytes.indexOf(0x0a, this.#at);
    if (end < 0) this.fail("a line does not end");
    const text = this.text(end - this.#at);
    this.#at += 1;
    return text;
  }

  /** An integer of `length` bytes in two's complement, little-endian; a bigint where a number cannot hold it. */
  long(length: number): number | bigint {
    let value = 0n;
    for (const [i, byte] of this.take(length).entries()) value |= BigInt(byte) << BigInt(8 * i);
    const signed = length === 0 ? 0n : BigInt.asIntN(8 * length, value);
    const number = Number(signed);
    return Number.isSafeInteger(number) ? number : signed;
  }

  push(value: unknown): void {
    this.#stack.push(value);
  }

  pop(): unknown {
    if (this.#stack.length === 0) this.fail("a value is taken from an empty stack");
    return this.#stack.pop();
  }

  peek(): unknown {
    return this.#stack.at(-1);
  }

  popMark(): unknown[] {
    const at = this.#stack.lastIndexOf(MARK);
    if (at < 0) this.fail("a list is taken without its mark");
    const [, ...values] = this.#stack.splice(at);
    return values;
  }

  memoize(index = this.#memo.length): void {
    this.#memo[index] = this.peek();
  }

  recall(index: number): void {
    if (!(index in this.#memo)) this.fail(`value ${index} is recalled before it was stored`);
    this.push(this.#memo[index]);
  }

  appendTo(values: readonly unknown[]): void {
    const list = this.peek();
    if (!Array.isArray(list)) this.fail("values are appended to something other than a list");
    for (const value of values) list.push(value);
  }

  setItems(items: readonly unknown[]): void {
    const dict = this.peek();
    if (!(dict instanceof Map) || items.length % 2 !== 0) this.fail("items are set in something other than a dict");
    for (let i = 0; i < items.length; i += 2) (dict as Dict).set(items[i], items[i + 1]);
  }

  pushGlobal(module: unknown, name: unknown): void {
    const qualified = `${String(module)}.${String(name)}`;
    this.push(this.world.global(qualified) ?? this.refuse(qualified));
  }

  reduce(): void {
    const args = this.pop();
    const callee = this.pop() as PickleGlobal | undefined;
    if (!Array.isArray(args)) this.fail("a call without a tuple of arguments");
    if (typeof callee?.call !== "function") this.refuse(typeof callee?.name === "string" ? callee.name : "a call");
    this.push(callee.call(args));
  }

  /** Sets the state of an object: only dicts of their own class have one, of which nothing depends. */
  build(): void {
    this.pop();
    if (!(this.peek() instanceof Map)) this.refuse("a class with a state of its own");
  }

  persistent(id: unknown): void {
    this.push(this.world.persistent(id));
  }

  opcode(): number {
    return this.count(1);
  }
}

const OPS: Readonly<Record<number, (machine: Machine) => void>> = {
  128: (m) => void (m.count(1) > 5 && m.fail("a protocol above 5")), // PROTO
  149: (m) => void m.count(8), // FRAME: the values follow one after another anyway
  40: (m) => m.push(MARK), // MARK
  48: (m) => void m.pop(), // POP
  49: (m) => void m.popMark(), // POP_MARK
  50: (m) => m.push(m.peek()), // DUP
  78: (m) => m.push(null), // NONE
  136: (m) => m.push(true), // NEWTRUE
  137: (m) => m.push(false), // NEWFALSE
  75: (m) => m.push(m.count(1)), // BININT1
  77: (m) => m.push(m.count(2)), // BININT2
  74: (m) => m.push(m.int32()), // BININT
  138: (m) => m.push(m.long(m.count(1))), // LONG1
  139: (m) => m.push(m.long(m.count(4))), // LONG4
  71: (m) => m.push(m.float()), // BINFLOAT
  88: (m) => m.push(m.text(m.count(4))), // BINUNICODE
  140: (m) => m.push(m.text(m.count(1))), // SHORT_BINUNICODE
  141: (m) => m.push(m.text(m.count(8))), // BINUNICODE8
  84: (m) => m.push(m.take(m.count(4))), // BINSTRING
  85: (m) => m.push(m.take(m.count(1))), // SHORT_BINSTRING
  66: (m) => m.push(m.take(m.count(4))), // BINBYTES
  67: (m) => m.push(m.take(m.count(1))), // SHORT_BINBYTES
  41: (m) => m.push([]), // EMPTY_TUPLE
  133: (m) => m.push([m.pop()]), // TUPLE1
  134: (m) => m.push([m.pop(), m.pop()].reverse()), // TUPLE2
  135: (m) => m.push([m.pop(), m.pop(), m.pop()].reverse()), // TUPLE3
  116: (m) => m.push(m.popMark()), // TUPLE
  93: (m) => m.push([]), // EMPTY_LIST
  108: (m) => m.push(m.popMark()), // LIST
  97: (m) => m.appendTo([m.pop()]), // APPEND
  101: (m) => m.appendTo(m.popMark()), // APPENDS
  143: (m) => m.push([]), // EMPTY_SET
  144: (m) => m.appendTo(m.popMark()), // ADDITEMS
  125: (m) => m.push(new Map()), // EMPTY_DICT
  115: (m) => m.setItems([m.pop(), m.pop()].reverse()), // SETITEM
  117: (m) => m.setItems(m.popMark()), // SETITEMS
  113: (m) => m.memoize(m.count(1)), // BINPUT
  114: (m) => m.memoize(m.count(4)), // LONG_BINPUT
  148: (m) => m.memoize(), // MEMOIZE
  104: (m) => m.recall(m.count(1)), // BINGET
  106: (m) => m.recall(m.count(4)), // LONG_BINGET
  99: (m) => m.pushGlobal(m.line(), m.line()), // GLOBAL
  147: (m) => {
    const name = m.pop(); // STACK_GLOBAL
    m.pushGlobal(m.pop(), name);
  },
  81: (m) => m.persistent(m.pop()), // BINPERSID
  82: (m) => m.reduce(), // REDUCE
  98: (m) => m.build(), // BUILD
};

const STOP = 0x2e;

/** Opcodes that make objects of classes by ways of their own. */
const OF_CLASSES: Readonly<Record<number, string>> = { 129: "NEWOBJ", 146: "NEWOBJ_EX", 105: "INST", 111: "OBJ" };

function refuseOpcode(machine: Machine, opcode: number): never {
  if (!(opcode in OF_CLASSES)) return machine.fail(`opcode 0x${opcode.toString(16)}, which no file of tensors has`);
  if (opcode !== 0x6f && opcode !== 0x69) machine.pop(); // the arguments
  if (opcode === 0x92) machine.pop();
  if (opcode === 0x69) return machine.refuse(`${machine.line()}.${machine.line()}`);
  const named = opcode === 0x6f ? machine.popMark()[0] : machine.pop();
  return machine.refuse((named as PickleGlobal | undefined)?.name ?? "a class");
}

/**
 * The value that a pickle describes: dicts as Maps, tuples and lists as arrays, texts, numbers, booleans, null, and what
 * `world` makes. Throws an UnsupportedError that names the class for anything else, a FormatError for damage. Nothing is run.
 */
export function readPickle(bytes: Uint8Array, file: string, world: PickleWorld): unknown {
  const machine = new Machine(bytes, file, world);
  for (;;) {
    const opcode = machine.opcode();
    if (opcode === STOP) return machine.pop();
    const run = OPS[opcode] ?? refuseOpcode(machine, opcode);
    run(machine);
  }
}
