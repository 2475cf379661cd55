import { appendFileSync, mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { MetricsRow } from './metrics-log.js';

/** Writes rows of metrics as TensorBoard events. */
export interface TensorBoardWriter {
  write(row: MetricsRow): void;
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

// Protocol buffers by hand: the four field kinds that an Event with scalars has.
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

/** Event { wall_time = 1, step = 2, file_version = 3, summary = 5 { value = 1 { tag = 1, simple_value = 2 } } } */
function event(seconds: number, fields: readonly Uint8Array[]): Buffer {
  const time = Buffer.alloc(9);
  time[0] = (1 << 3) | 1;
  time.writeDoubleLE(seconds, 1);
  return record(Buffer.concat([time, ...fields]));
}

/**
 * An event file of one's own in `folder`, for `tensorboard --logdir`. Every number of a row becomes a scalar; rows are on
 * the disk as soon as they are written.
 */
export function tensorBoardWriter(folder: string): TensorBoardWriter {
  const now = (): number => Date.now() / 1000;
  const began = now();
  const path = join(folder, `events.out.tfevents.${Math.floor(began)}.${hostname()}.${process.pid}`);
  const text = (value: string): Uint8Array => new TextEncoder().encode(value);
  let started = false;
  return {
    write({ kind, iteration, ...metrics }) {
      if (!started) {
        mkdirSync(folder, { recursive: true });
        appendFileSync(path, event(began, [message(3, text('brain.Event:2'))]));
        started = true;
      }
      const values = Object.entries(metrics).flatMap(([name, value]) =>
        typeof value === 'number'
          ? [message(1, Buffer.concat([message(1, text(`${kind}/${name}`)), float(2, value)]))]
          : [],
      );
      const step = Uint8Array.from([2 << 3, ...varint(iteration)]);
      appendFileSync(path, event(now(), [step, message(5, Buffer.concat(values))]));
    },
  };
}
