import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What differs from run to run on the same machine. */
const incomparable = new Set(['seconds', 'memory']);

/**
 * How a run that was killed and resumed differs from one that was not: weights and moments by their bytes, rows and events but
 * for times and memory, and what was left lying about.
 *
 * @returns a line for each difference
 */
export function compareRuns(
  expected: string,
  actual: string,
  { iterations }: { iterations: number },
): string[] {
  const differences: string[] = [];
  const last = join('checkpoints', `iteration-${String(iterations).padStart(6, '0')}`);
  for (const name of ['model.safetensors', 'optimizer.safetensors']) {
    const [a, b] = [expected, actual].map((folder) => readFileSync(join(folder, last, name)));
    if (!a!.equals(b!)) differences.push(`${name}: other bytes`);
  }
  differences.push(...difference('metrics.jsonl', rowsOf(expected), rowsOf(actual)));
  differences.push(...difference('TensorBoard', scalarsOf(expected), scalarsOf(actual)));
  const names = (folder: string): string[] =>
    (readdirSync(folder, { recursive: true }) as string[])
      .map((name) => name.replace(/(tfevents)\..*/, '$1'))
      .filter((name) => !name.startsWith('.'))
      .sort();
  differences.push(...difference('files', names(expected), names(actual)));
  return differences;
}

function difference(what: string, expected: readonly string[], actual: readonly string[]): string[] {
  const at = expected.findIndex((line, i) => line !== actual[i]);
  if (at < 0 && expected.length === actual.length) return [];
  const first = at < 0 ? expected.length : at;
  const shown = (lines: readonly string[]): string => lines[first]?.slice(0, 200) ?? 'nothing';
  return [
    `${what}: ${actual.length} instead of ${expected.length}; number ${first + 1} is ${shown(actual)}, expected ${shown(expected)}`,
  ];
}

function rowsOf(folder: string): string[] {
  return readFileSync(join(folder, 'metrics.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) =>
      JSON.stringify(JSON.parse(line), (key, value: unknown) => (incomparable.has(key) ? 0 : value)),
    );
}

/** `train/loss 20: 1.5` for each scalar, in TensorBoard's order. Reads the files by itself, so that a writer's mistake shows. */
function scalarsOf(folder: string): string[] {
  const files = readdirSync(folder).filter((name) => name.includes('tfevents'));
  return files.sort().flatMap((name) => recordsOf(readFileSync(join(folder, name))).flatMap(scalarsOfEvent));
}

function recordsOf(file: Buffer): Buffer[] {
  const records: Buffer[] = [];
  for (let at = 0; at < file.length;) {
    const length = Number(file.readBigUInt64LE(at));
    records.push(file.subarray(at + 12, at + 12 + length));
    at += 16 + length;
  }
  return records;
}

function scalarsOfEvent(event: Buffer): string[] {
  let step = 0;
  const found: string[] = [];
  for (const { field, value, bytes } of protobufFields(event)) {
    if (field === 2) step = value;
    if (field !== 5) continue;
    for (const scalar of protobufFields(bytes)) {
      const parts = protobufFields(scalar.bytes);
      const tag = parts.find((part) => part.field === 1)!.bytes.toString();
      const number = parts.find((part) => part.field === 2)!.bytes.readFloatLE(0);
      if (!incomparable.has(tag.split('/')[1]!)) found.push(`${tag}: ${number}`);
    }
  }
  return found.map((scalar) => `${step} ${scalar}`);
}

interface ProtobufField {
  readonly field: number;
  readonly value: number;
  readonly bytes: Buffer;
}

function protobufFields(data: Buffer): ProtobufField[] {
  const fields: ProtobufField[] = [];
  let at = 0;
  const varint = (): number => {
    for (let [value, shift] = [0, 0]; ; shift += 7) {
      const byte = data[at++]!;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  };
  while (at < data.length) {
    const key = varint();
    const kind = key & 7;
    const value = kind === 0 || kind === 2 ? varint() : 0;
    const length = kind === 2 ? value : kind === 1 ? 8 : kind === 5 ? 4 : 0;
    fields.push({ field: key >> 3, value, bytes: data.subarray(at, at + length) });
    at += length;
  }
  return fields;
}
