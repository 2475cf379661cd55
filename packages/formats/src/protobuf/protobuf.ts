/** Bytes in pieces, so that large arrays are not copied into their messages. */
export interface Pieces {
  readonly parts: readonly Uint8Array[];
  readonly length: number;
}

/** What a field of a message can hold: numbers and booleans become varints unless a width is named, the rest is length-delimited. */
export type FieldValue =
  number | boolean | string | Uint8Array | Pieces | { readonly float: number } | { readonly double: number };

/** One field of a message: its number and its value; those without value are left out. */
export type FieldEntry = readonly [number: number, value: FieldValue | undefined];

/** Encodes a message of Protocol Buffers. */
export function message(fields: Iterable<FieldEntry>): Pieces {
  const parts: Uint8Array[] = [];
  let small: number[] = [];
  let length = 0;
  const push = (part: Uint8Array): void => {
    parts.push(part);
    length += part.length;
  };
  const flush = (): void => {
    if (small.length > 0) push(Uint8Array.from(small));
    small = [];
  };
  for (const [number, value] of fields) {
    if (value === undefined) continue;
    if (typeof value === 'number' || typeof value === 'boolean') {
      small.push(...varint(number * 8), ...varint(Number(value)));
      continue;
    }
    if (typeof value === 'object' && ('float' in value || 'double' in value)) {
      small.push(...varint(number * 8 + ('float' in value ? 5 : 1)), ...fixed(value));
      continue;
    }
    small.push(...varint(number * 8 + 2));
    const content = toPieces(value);
    small.push(...varint(content.length));
    flush();
    for (const part of content.parts) push(part);
  }
  flush();
  return { parts, length };
}

/** Encodes a small message into one array of bytes. */
export function messageBytes(fields: Iterable<FieldEntry>): Uint8Array {
  const { parts, length } = message(fields);
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Bytes of a number of fixed width. */
function fixed(value: { readonly float: number } | { readonly double: number }): Uint8Array {
  const view = new DataView(new ArrayBuffer('float' in value ? 4 : 8));
  if ('float' in value) view.setFloat32(0, value.float, true);
  else view.setFloat64(0, value.double, true);
  return new Uint8Array(view.buffer);
}

function toPieces(value: string | Uint8Array | Pieces): Pieces {
  if (typeof value === 'string') return toPieces(new TextEncoder().encode(value));
  return value instanceof Uint8Array ? { parts: [value], length: value.length } : value;
}

/** Base-128 digits of a whole number; negative ones as 64-bit two's complement. */
function varint(value: number): number[] {
  const digits: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) digits.push(Number(rest & 127n) | 128);
  return [...digits, Number(rest)];
}

/** A message that was read: the values of each field, in order. */
export type ReadMessage = ReadonlyMap<number, readonly (bigint | Uint8Array)[]>;

/** Splits a message into its fields: varints as whole numbers, all else as bytes. */
export function readMessage(bytes: Uint8Array): ReadMessage {
  const fields = new Map<number, (bigint | Uint8Array)[]>();
  let position = 0;
  const varintAt = (): bigint => {
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[position++]!;
      value |= BigInt(byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const take = (count: number): Uint8Array => bytes.subarray(position, (position += count));
  const widths: Readonly<Record<number, number>> = { 1: 8, 5: 4 };
  while (position < bytes.length) {
    const tag = Number(varintAt());
    const wire = tag & 7;
    const value = wire === 0 ? varintAt() : take(wire === 2 ? Number(varintAt()) : widths[wire]!);
    const values = fields.get(tag >>> 3);
    if (values) values.push(value);
    else fields.set(tag >>> 3, [value]);
  }
  return fields;
}

/** All values of a field that are bytes. */
export function bytesOf(message: ReadMessage, number: number): readonly Uint8Array[] {
  return (message.get(number) ?? []).filter((value) => value instanceof Uint8Array);
}

/** The messages of a field. */
export function messagesOf(message: ReadMessage, number: number): ReadMessage[] {
  return bytesOf(message, number).map(readMessage);
}

/** The text of a field, empty where it is missing. */
export function textOf(message: ReadMessage, number: number): string {
  return new TextDecoder().decode(bytesOf(message, number)[0]);
}

/** The whole numbers of a field, packed or one by one. */
export function numbersOf(message: ReadMessage, number: number): number[] {
  return (message.get(number) ?? []).flatMap((value) => {
    if (typeof value === 'bigint') return [Number(BigInt.asIntN(64, value))];
    const values: number[] = [];
    let current = 0n;
    let shift = 0n;
    for (const byte of value) {
      current |= BigInt(byte & 127) << shift;
      shift += 7n;
      if (byte > 127) continue;
      values.push(Number(BigInt.asIntN(64, current)));
      [current, shift] = [0n, 0n];
    }
    return values;
  });
}
