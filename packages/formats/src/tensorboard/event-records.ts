// TFRecord files of TensorBoard events, with the few fields of the protocol buffers that a run writes.

import {
  bytesOf,
  type FieldEntry,
  message,
  messageBytes,
  messagesOf,
  numbersOf,
  readMessage,
  type ReadMessage,
  textOf,
} from '../protobuf/protobuf.js';

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
export function maskedCrc32c(bytes: Uint8Array): number {
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

function event(wallTime: number, fields: readonly FieldEntry[]): Buffer {
  return record(messageBytes([[1, { double: wallTime }], ...fields]));
}

/** The record that a file begins with. */
export function fileVersion(wallTime: number): Buffer {
  return event(wallTime, [[3, 'brain.Event:2']]);
}

/** Tells a TensorBoard that is already showing the folder to forget what it has read: all of it follows. */
export function sessionStart(wallTime: number): Buffer {
  const start = 1; // SessionLog.START; step 0 is left out as every default is
  return event(wallTime, [[7, message([[1, start]])]]);
}

/** Scalars of one step. */
export function scalars({ wallTime, step, values }: BoardEvent): Buffer {
  const summary = Object.entries(values).map(
    ([tag, value]) =>
      [
        1,
        message([
          [1, tag],
          [2, { float: value }],
        ]),
      ] as const,
  );
  return event(wallTime, [
    [2, step],
    [5, message(summary)],
  ]);
}

/** The events of a file, as far as it can be read. */
export function* readEvents(file: Buffer): Generator<BoardEvent> {
  for (const data of records(file)) {
    const read = readMessage(data);
    const values = messagesOf(read, 5).flatMap((summary) =>
      messagesOf(summary, 1).map((value) => [textOf(value, 1), numberIn(value, 2)] as const),
    );
    yield {
      wallTime: numberIn(read, 1),
      step: numbersOf(read, 2)[0] ?? 0,
      values: Object.fromEntries(values),
    };
  }
}

/** The number of fixed width in a field; NaN where it is missing. */
function numberIn(read: ReadMessage, field: number): number {
  const [bytes] = bytesOf(read, field);
  if (bytes === undefined) return Number.NaN;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return bytes.length === 8 ? view.getFloat64(0, true) : view.getFloat32(0, true);
}
