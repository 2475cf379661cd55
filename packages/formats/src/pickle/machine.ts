import { ByteReader } from '../byte-reader.js';
import { quote, refuse } from '../format-error.js';
import { parseFloatText, parseIntegerText, readInteger, unescapeText } from './numbers.js';
import { isKey, type PickleGlobal, type PickleKey, type PickleValue } from './values.js';

/** A known class or function: what calling it with arguments gives. */
export interface KnownGlobal extends PickleGlobal {
  call?(args: readonly PickleValue[], machine: PickleMachine): PickleValue;
}

/** What a pickle may name, and what stands in for its persistent objects (PyTorch's storages). */
export interface PickleVocabulary {
  readonly globals: ReadonlyMap<string, KnownGlobal>;
  persistent?(id: PickleValue): PickleValue;
}

/**
 * A restricted reader of Python's pickles, protocols 0 to 5. It knows the opcodes that plain data, arrays and tensors need and
 * the globals of its vocabulary; everything else is refused by name. Work and memory are bounded by the length of the input.
 */
export class PickleMachine {
  readonly reader: ByteReader;
  readonly #vocabulary: PickleVocabulary;
  readonly #memo = new Map<number, PickleValue>();
  readonly #setState = new Map<PickleValue, (state: PickleValue) => void>();
  readonly #marks: number[] = [];
  #stack: PickleValue[] = [];
  #budget: number;

  constructor(bytes: Uint8Array, vocabulary: PickleVocabulary, start = 0) {
    this.reader = new ByteReader(bytes, start);
    this.#vocabulary = vocabulary;
    this.#budget = 4 * bytes.length + 4096;
  }

  /** Counts work that one short instruction can ask for again and again (copying a large array, say). */
  spend(amount: number): void {
    this.#budget -= amount;
    if (this.#budget < 0) refuse('pickle asks for far more data than it holds');
  }

  /** Remembers what is to be done when the state of `value` follows. */
  onState(value: PickleValue, setState: (state: PickleValue) => void): void {
    this.#setState.set(value, setState);
  }

  /** Runs to the end of the pickle and gives its value; `reader.position` is then behind it. */
  run(): PickleValue {
    for (;;) {
      const opcode = this.reader.uint8();
      if (opcode === 0x2e) return this.#pop();
      this.#step(opcode);
    }
  }

  #step(opcode: number): void {
    const { reader } = this;
    switch (opcode) {
      case 0x80: // PROTO
        if (reader.uint8() > 5) refuse('pickle has a protocol beyond 5');
        return;
      case 0x95: // FRAME
        return void reader.take(8);
      case 0x28: // MARK
        return void this.#marks.push(this.#stack.length);
      case 0x30: // POP
        return void (this.#marks.at(-1) === this.#stack.length ? this.#marks.pop() : this.#pop());
      case 0x31: // POP_MARK
        return void this.#popMark();
      case 0x32: // DUP
        return this.#push(this.#top());
      case 0x4e: // NONE
        return this.#push(null);
      case 0x88: // NEWTRUE
        return this.#push(true);
      case 0x89: // NEWFALSE
        return this.#push(false);
      case 0x49: // INT
      case 0x4c: // LONG
        return this.#push(parseIntegerText(reader.line()));
      case 0x4a: // BININT
        return this.#push(reader.int32());
      case 0x4b: // BININT1
        return this.#push(reader.uint8());
      case 0x4d: // BININT2
        return this.#push(reader.uint16());
      case 0x8a: // LONG1
        return this.#push(readInteger(reader.take(reader.uint8())));
      case 0x8b: // LONG4
        return this.#push(readInteger(reader.take(reader.uint32())));
      case 0x46: // FLOAT
        return this.#push(parseFloatText(reader.line()));
      case 0x47: // BINFLOAT
        return this.#push(Buffer.from(reader.take(8)).readDoubleBE());
      case 0x53: // STRING
        return this.#push(unescapeText(reader.line(), true));
      case 0x56: // UNICODE
        return this.#push(unescapeText(reader.line(), false));
      case 0x54: // BINSTRING
        return this.#pushText(reader.uint32(), 'latin1');
      case 0x55: // SHORT_BINSTRING
        return this.#pushText(reader.uint8(), 'latin1');
      case 0x58: // BINUNICODE
        return this.#pushText(reader.uint32(), 'utf8');
      case 0x8c: // SHORT_BINUNICODE
        return this.#pushText(reader.uint8(), 'utf8');
      case 0x8d: // BINUNICODE8
        return this.#pushText(reader.uint64(), 'utf8');
      case 0x42: // BINBYTES
        return this.#push(reader.take(reader.uint32()));
      case 0x43: // SHORT_BINBYTES
        return this.#push(reader.take(reader.uint8()));
      case 0x8e: // BINBYTES8
      case 0x96: // BYTEARRAY8
        return this.#push(reader.take(reader.uint64()));
      case 0x5d: // EMPTY_LIST
      case 0x29: // EMPTY_TUPLE
        return this.#push([]);
      case 0x6c: // LIST
      case 0x74: // TUPLE
        return this.#push(this.#popMark());
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        return this.#push(this.#popMany(opcode - 0x84));
      case 0x61: // APPEND
        return this.#append([this.#pop()]);
      case 0x65: // APPENDS
        return this.#append(this.#popMark());
      case 0x7d: // EMPTY_DICT
        return this.#push(new Map());
      case 0x64: {
        // DICT
        const items = this.#popMark();
        this.#push(new Map());
        return this.#setItems(items);
      }
      case 0x73: // SETITEM
        return this.#setItems(this.#popMany(2));
      case 0x75: // SETITEMS
        return this.#setItems(this.#popMark());
      case 0x70: // PUT
        return void this.#memo.set(Number(reader.line()), this.#top());
      case 0x71: // BINPUT
        return void this.#memo.set(reader.uint8(), this.#top());
      case 0x72: // LONG_BINPUT
        return void this.#memo.set(reader.uint32(), this.#top());
      case 0x94: // MEMOIZE
        return void this.#memo.set(this.#memo.size, this.#top());
      case 0x67: // GET
        return this.#recall(Number(reader.line()));
      case 0x68: // BINGET
        return this.#recall(reader.uint8());
      case 0x6a: // LONG_BINGET
        return this.#recall(reader.uint32());
      case 0x63: // GLOBAL
        return this.#global(reader.line(), reader.line());
      case 0x93: {
        // STACK_GLOBAL
        const [module, name] = this.#popMany(2);
        if (typeof module !== 'string' || typeof name !== 'string')
          refuse('pickle names a global by no text');
        return this.#global(module, name);
      }
      case 0x52: // REDUCE
      case 0x81: // NEWOBJ
        return this.#call();
      case 0x62: // BUILD
        return this.#build();
      case 0x50: // PERSID
        return this.#persistent(reader.line());
      case 0x51: // BINPERSID
        return this.#persistent(this.#pop());
      default:
        refuse(
          `pickle uses the opcode 0x${opcode.toString(16)} at byte ${reader.position - 1}, which plain data does not need`,
        );
    }
  }

  #push(value: PickleValue): void {
    this.#stack.push(value);
  }

  #pushText(length: number, encoding: 'latin1' | 'utf8'): void {
    this.#push(Buffer.from(this.reader.take(length)).toString(encoding));
  }

  /** Values above the latest mark belong to what it began, those below are out of reach. */
  #assertDepth(count: number): void {
    if (this.#stack.length - (this.#marks.at(-1) ?? 0) < count) {
      refuse(`pickle takes more from its stack than it has put there, at byte ${this.reader.position - 1}`);
    }
  }

  #top(): PickleValue {
    this.#assertDepth(1);
    return this.#stack.at(-1)!;
  }

  #pop(): PickleValue {
    this.#assertDepth(1);
    return this.#stack.pop()!;
  }

  #popMany(count: number): PickleValue[] {
    this.#assertDepth(count);
    return this.#stack.splice(this.#stack.length - count);
  }

  #popMark(): PickleValue[] {
    const mark = this.#marks.pop() ?? refuse('pickle ends a group that it did not begin');
    return this.#stack.splice(mark);
  }

  #append(items: readonly PickleValue[]): void {
    const list = this.#top();
    if (!Array.isArray(list)) refuse('pickle appends to something that is not a list');
    for (const item of items) list.push(item);
  }

  #setItems(items: readonly PickleValue[]): void {
    const map = this.#top();
    if (!(map instanceof Map)) refuse('pickle sets an item of something that is not a dictionary');
    if (items.length % 2 !== 0) refuse('pickle has a key without a value');
    for (let i = 0; i < items.length; i += 2) map.set(this.#key(items[i]!), items[i + 1]!);
  }

  #key(value: PickleValue): PickleKey {
    return isKey(value) ? value : refuse('pickle has a dictionary key that is neither a text nor a number');
  }

  #recall(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) refuse('pickle refers to something that it did not hold before');
    this.#push(value);
  }

  #global(module: string, name: string): void {
    const full = `${module}.${name}`;
    this.#push(
      this.#vocabulary.globals.get(full) ??
        refuse(`pickle names ${quote(full)}, which is not on the list of what is read here; nothing was run`),
    );
  }

  #call(): void {
    const [target, args] = this.#popMany(2);
    if (!Array.isArray(args)) refuse('pickle calls something without arguments');
    const known = target as KnownGlobal | null;
    if (typeof known !== 'object' || known?.call === undefined)
      refuse('pickle calls something that is not a function');
    this.#push(known.call(args, this));
  }

  #build(): void {
    const state = this.#pop();
    const setState =
      this.#setState.get(this.#top()) ?? refuse('pickle gives a state to something that takes none');
    setState(state);
  }

  #persistent(id: PickleValue): void {
    if (this.#vocabulary.persistent === undefined) refuse('pickle refers to objects outside of it');
    this.#push(this.#vocabulary.persistent(id));
  }
}
