// TFRecord files of TensorBoard events, with the few fields of the protocol buffers that a run writes.

/** What one event says. */
export interface BoardEvent {
  readonly wallTime: number;
  readonly step: number;
  /** Values by tag; none in the record that a file begins with. */
  readonly values: Readonly<Record<string, number>>;
}

/** CRC-32C (Castagnoli), the checksum of TFRecord files. */
const crcTable = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0x82f63b78 : c >>> 1;
  return c;
});

/** The checksum as TFRecord stores it: rotated and offset. */
function maskedCrc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ crcTable[(crc ^ byte) & 255]!;
  crc = ~crc >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** One record: length, its checksum, data, its checksum. */
function record(data: Uint8Array): Buffer {
  const out = Buffer.alloc(16 + data.length);
  out.writeBigUInt64LE(BigInt(data.length), 0);
  out.writeUInt32LE(maskedCrc32c(out.subarray(0, 8)), 8);
  out.set(data, 12);
  out.writeUInt32LE(maskedCrc32c(data), 12 + data.length);
  return out;
}

/** The whole records of a file up to the first that is cut off or damaged, each checked against its two checksums. */
function* records(file: Buffer): Generator<Buffer> {
  for (let at = 0; at + 16 <= file.length;) {
    if (file.readUInt32LE(at + 8) !== maskedCrc32c(file.subarray(at, at + 8))) return;
    const end = at + 12 + Number(file.readBigUInt64LE(at));
    if (end + 4 > file.length) return;
    const data = file.subarray(at + 12, end);
    if (file.readUInt32LE(end) !== maskedCrc32c(data)) return;
    yield data;
    at = end + 4;
  }
}

// Event { wall_time = 1, step = 2, file_version = 3, summary = 5 { value = 1 { tag = 1, simple_value = 2 } }, session_log = 7 { status = 1 } }

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) | 128);
  }
}

function message(field: number, content: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.from([(field << 3) | 2, ...varint(content.length)]), content]);
}

function float(field: number, value: number): Uint8Array {
  const out = Buffer.alloc(5);
  out[0] = (field << 3) | 5;
  out.writeFloatLE(value, 1);
  return out;
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

function event(wallTime: number, fields: readonly Uint8Array[]): Buffer {
  const time = Buffer.alloc(9);
  time[0] = (1 << 3) | 1;
  time.writeDoubleLE(wallTime, 1);
  return record(Buffer.concat([time, ...fields]));
}

/** The record that a file begins with. */
export function fileVersion(wallTime: number): Buffer {
  return event(wallTime, [message(3, text('brain.Event:2'))]);
}

/** Tells a TensorBoard that is already showing the folder to forget what it has read: all of it follows. */
export function sessionStart(wallTime: number): Buffer {
  const start = 1; // SessionLog.START; step 0 is left out as every default is
  return event(wallTime, [message(7, Uint8Array.from([1 << 3, start]))]);
}

/** Scalars of one step. */
export function scalars({ wallTime, step, values }: BoardEvent): Buffer {
  const summary = Object.entries(values).map(([tag, value]) =>
    message(1, Buffer.concat([message(1, text(tag)), float(2, value)])),
  );
  return event(wallTime, [Uint8Array.from([2 << 3, ...varint(step)]), message(5, Buffer.concat(summary))]);
}

interface Field {
  readonly number: number;
  /** Bytes of a message, a string or a number of fixed size; none for a whole number. */
  readonly bytes: Buffer;
  /** The whole number. */
  readonly value: number;
}

function* fieldsOf(data: Buffer): Generator<Field> {
  let at = 0;
  const whole = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = data[at++] ?? 0;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  while (at < data.length) {
    const key = whole();
    const wire = key & 7;
    const value = wire === 0 || wire === 2 ? whole() : 0;
    const length = { 0: 0, 1: 8, 2: value, 5: 4 }[wire];
    if (length === undefined) return; // a kind of field that events do not have
    yield { number: key >>> 3, bytes: data.subarray(at, at + length), value };
    at += length;
  }
}

function scalarOf(value: Buffer): [string, number] {
  let [tag, scalar] = ['', Number.NaN];
  for (const { number, bytes } of fieldsOf(value)) {
    if (number === 1) tag = bytes.toString();
    if (number === 2) scalar = bytes.readFloatLE(0);
  }
  return [tag, scalar];
}

/** The events of a file, as far as it can be read. */
export function* readEvents(file: Buffer): Generator<BoardEvent> {
  for (const data of records(file)) {
    let [wallTime, step] = [0, 0];
    const values: Record<string, number> = {};
    for (const { number, bytes, value } of fieldsOf(data)) {
      if (number === 1) wallTime = bytes.readDoubleLE(0);
      if (number === 2) step = value;
      if (number !== 5) continue;
      for (const each of fieldsOf(bytes)) {
        const [tag, scalar] = scalarOf(each.bytes);
        values[tag] = scalar;
      }
    }
    yield { wallTime, step, values };
  }
}
