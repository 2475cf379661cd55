import { dataTypeOf, dataTypes } from './data-type.js';
import { readShape } from './graph-def.js';
import { bytesOf, numbersOf, readMessage, type ReadMessage } from '@toco/formats';

const floatAt = (bytes: Uint8Array, index: number): number =>
  new DataView(bytes.buffer, bytes.byteOffset).getFloat32(4 * index, true);
const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const typeName = (code: number): string => dataTypes[dataTypeOf(code)].name;

/** A shape as TensorFlow.js reads it. */
export function shapeJson(shape: readonly number[]): object {
  return { dim: shape.map((size) => ({ size: String(size) })) };
}

/** An encoded `AttrValue` as the JSON that TensorFlow.js reads (the canonical one of Protocol Buffers). */
export function attributeJson(bytes: Uint8Array): object {
  const value = readMessage(bytes);
  if (value.has(1)) return { list: listJson(readMessage(bytesOf(value, 1)[0]!)) };
  if (value.has(2)) return { s: base64(bytesOf(value, 2)[0]!) };
  if (value.has(3)) return { i: String(numbersOf(value, 3)[0]) };
  if (value.has(4)) return { f: floatAt(bytesOf(value, 4)[0]!, 0) };
  if (value.has(5)) return { b: numbersOf(value, 5)[0] === 1 };
  if (value.has(6)) return { type: typeName(numbersOf(value, 6)[0]!) };
  if (value.has(7)) return { shape: shapeJson(readShape(bytesOf(value, 7)[0])) };
  return {};
}

function listJson(list: ReadMessage): object {
  return {
    ...(list.has(2) && { s: bytesOf(list, 2).map(base64) }),
    ...(list.has(3) && { i: numbersOf(list, 3).map(String) }),
    ...(list.has(4) && { f: floatsOf(list) }),
    ...(list.has(5) && { b: numbersOf(list, 5).map((flag) => flag === 1) }),
    ...(list.has(6) && { type: numbersOf(list, 6).map(typeName) }),
    ...(list.has(7) && { shape: bytesOf(list, 7).map((shape) => shapeJson(readShape(shape))) }),
  };
}

function floatsOf(list: ReadMessage): number[] {
  return bytesOf(list, 4).flatMap((bytes) =>
    Array.from({ length: bytes.length / 4 }, (_, index) => floatAt(bytes, index)),
  );
}
