/** One field of a protobuf message: its number and its raw value. */
export interface Field {
  readonly number: number;
  readonly value: number | Uint8Array;
}

/** Splits a message into its fields. Fixed-width fields are kept as their bytes. */
export function readFields(bytes: Uint8Array): Field[] {
  const fields: Field[] = [];
  let position = 0;
  const varint = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[position++]!;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  const take = (length: number): Uint8Array => bytes.subarray(position, (position += length));
  while (position < bytes.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    const wire = tag % 8;
    fields.push({
      number,
      value: wire === 0 ? varint() : take(wire === 2 ? varint() : wire === 5 ? 4 : 8),
    });
  }
  return fields;
}

/** The message inside the first field `number`, empty when missing. */
export function messages(fields: readonly Field[], number: number): Field[][] {
  return fields
    .filter((field) => field.number === number && typeof field.value !== 'number')
    .map((field) => readFields(field.value as Uint8Array));
}

/** Text of the first field `number`, empty when missing. */
export function text(fields: readonly Field[], number: number): string {
  const value = fields.find((field) => field.number === number)?.value;
  return value instanceof Uint8Array ? Buffer.from(value).toString('utf8') : '';
}

/** Integer of the first field `number`, zero when missing. */
export function integer(fields: readonly Field[], number: number): number {
  const value = fields.find((field) => field.number === number)?.value;
  return typeof value === 'number' ? value : 0;
}

/** Writes a message: numbers and booleans become varints, strings and messages are length-delimited, `undefined` is left out. */
export function writeMessage(
  fields: readonly (readonly [number, number | boolean | string | Uint8Array | undefined])[],
): Uint8Array {
  const bytes: number[] = [];
  const varint = (value: number): void => {
    for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) + 128);
    bytes.push(value);
  };
  for (const [number, value] of fields) {
    if (value === undefined) continue;
    if (typeof value === 'number' || typeof value === 'boolean') {
      varint(number * 8);
      varint(Number(value));
    } else {
      const content = typeof value === 'string' ? Buffer.from(value) : value;
      varint(number * 8 + 2);
      varint(content.length);
      for (const byte of content) bytes.push(byte);
    }
  }
  return Uint8Array.from(bytes);
}
