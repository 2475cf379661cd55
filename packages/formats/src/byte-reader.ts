import { refuse } from './format-error.js';

/** Reads numbers and pieces one after the other, never beyond the end. */
export class ByteReader {
  position: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #littleEndian: boolean;

  constructor(bytes: Uint8Array, position = 0, littleEndian = true) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#littleEndian = littleEndian;
    this.position = position;
  }

  get remaining(): number {
    return this.#bytes.length - this.position;
  }

  /** The next `length` bytes, shared with the input. */
  take(length: number): Uint8Array {
    const start = this.#advance(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** Where the next `length` bytes begin, once they have been passed. */
  #advance(length: number): number {
    if (!(length >= 0 && length <= this.remaining)) {
      refuse(
        `is cut short: ${length} bytes are expected at byte ${this.position}, ${this.remaining} are left`,
      );
    }
    this.position += length;
    return this.position - length;
  }

  uint8(): number {
    return this.#view.getUint8(this.#advance(1));
  }

  uint16(): number {
    return this.#view.getUint16(this.#advance(2), this.#littleEndian);
  }

  uint32(): number {
    return this.#view.getUint32(this.#advance(4), this.#littleEndian);
  }

  int32(): number {
    return this.#view.getInt32(this.#advance(4), this.#littleEndian);
  }

  /** A length of 64 bits; beyond 2⁵³ it is larger than any input, and so is the nearest number. */
  uint64(): number {
    return Number(this.#view.getBigUint64(this.#advance(8), this.#littleEndian));
  }

  /** The text up to the next line end, which is passed. */
  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.position);
    if (end < 0) refuse(`is cut short: a line that begins at byte ${this.position} has no end`);
    const text = Buffer.from(this.take(end - this.position)).toString('latin1');
    this.position++;
    return text;
  }
}
