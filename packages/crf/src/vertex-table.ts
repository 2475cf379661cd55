/**
 * Numbers lattice vertices in the order of their first appearance: open addressing with linear probing over
 * 64-bit codes held as two 32-bit words. `low` and `high` are the codes by number.
 */
export class VertexTable {
  size = 0;
  low: Int32Array;
  high: Int32Array;
  /** Number of the vertex + 1; 0 marks a free slot. At most half of the slots are taken. */
  #slots: Int32Array;
  #shift: number;

  constructor(expected: number) {
    const bits = Math.max(4, Math.ceil(Math.log2(expected + 1)));
    this.low = new Int32Array(2 ** (bits - 1));
    this.high = new Int32Array(2 ** (bits - 1));
    this.#slots = new Int32Array(2 ** bits);
    this.#shift = 32 - bits;
  }

  /** Number of the vertex with this code, −1 where there is none. */
  find(low: number, high: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hash(low, high) >>> this.#shift;
    for (;;) {
      const vertex = slots[slot]! - 1;
      if (vertex < 0 || (this.low[vertex] === low && this.high[vertex] === high)) return vertex;
      slot = (slot + 1) & mask;
    }
  }

  /** Number of the vertex with this code, which is added where it is new. */
  insert(low: number, high: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hash(low, high) >>> this.#shift;
    for (;;) {
      const vertex = slots[slot]! - 1;
      if (vertex < 0) break;
      if (this.low[vertex] === low && this.high[vertex] === high) return vertex;
      slot = (slot + 1) & mask;
    }
    if (this.size === this.low.length) {
      this.#grow();
      return this.insert(low, high);
    }
    this.low[this.size] = low;
    this.high[this.size] = high;
    slots[slot] = ++this.size;
    return this.size - 1;
  }

  #grow(): void {
    const low = new Int32Array(this.low.length * 2);
    const high = new Int32Array(low.length);
    low.set(this.low);
    high.set(this.high);
    const slots = new Int32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    this.#shift--;
    for (let vertex = 0; vertex < this.size; vertex++) {
      let slot = hash(low[vertex]!, high[vertex]!) >>> this.#shift;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = vertex + 1;
    }
    this.low = low;
    this.high = high;
    this.#slots = slots;
  }
}

/** Mixes both words so that the upper bits, from which the slot is taken, depend on all of them. */
function hash(low: number, high: number): number {
  let h = Math.imul(low, 0x9e3779b1) ^ Math.imul(high, 0x85ebca6b);
  h ^= h >>> 15;
  return Math.imul(h, 0x2c1b3c6d);
}
