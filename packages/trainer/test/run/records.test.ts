import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { readEvents } from '@toco/formats';
import { appendMetrics, readMetrics, repairMetrics, type MetricsRow } from '../../src/logs/metrics-log.js';
import { metricsWindow } from '@toco/method';
import { tensorBoardWriter } from '../../src/logs/tensorboard.js';

const rowOf = (iteration: number, kind: MetricsRow['kind'] = 'train'): MetricsRow => ({
  kind,
  iteration,
  loss: 1 / iteration,
});
const rows = [rowOf(1), rowOf(2), rowOf(2, 'evaluation'), rowOf(3), rowOf(4)];

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'toco-test-'));
  path = join(folder, 'metrics.jsonl');
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const bytesOf = (text: string): Buffer => Buffer.from(text);
const damages: readonly [string, Buffer][] = [
  ['half a row', bytesOf('{"kind":"train","iter')],
  ['two rows in one line', bytesOf('{"kind":"train","iteration":2}{"kind":"train","iteration":2}')],
  ['bytes that are no text', Buffer.from([123, 0xff, 0xfe, 0, 125])],
  ['zeros', Buffer.alloc(700)],
  ['JSON that is no row', bytesOf('null')],
  ['a row of nothing', bytesOf('{"kind":"other","iteration":1}')],
  ['a row without iteration', bytesOf('{"kind":"train"}')],
  ['nothing', Buffer.alloc(0)],
];

test.each(damages)('%s among the rows is told once and kept aside', async (_, damage) => {
  await appendMetrics(path, rows.slice(0, 2));
  appendFileSync(path, Buffer.concat([damage, bytesOf('\n')]));
  await appendMetrics(path, rows.slice(2));

  const told: string[] = [];
  const print = (line: string): void => void told.push(line);
  expect(await readMetrics(path, { print })).toEqual(rows);
  expect(told).toEqual([`${path}: line 3 is damaged and was left out; the other rows are used.`]);

  expect(await repairMetrics(path, ({ iteration }) => iteration <= 3, print)).toEqual(rows.slice(0, 4));
  const aside = join(folder, 'metrics.damaged.jsonl');
  expect(told[1]).toBe(
    `${path}: line 3 is damaged and was moved to ${aside}; the run continues with the other rows.`,
  );
  expect(readFileSync(aside)).toEqual(Buffer.concat([damage, bytesOf('\n')]));

  expect(await readMetrics(path, { print })).toEqual(rows.slice(0, 4));
  await repairMetrics(path, () => true, print);
  expect(told.length).toBe(2);
});

test('a last line without its end may be one that is being written; a run that goes on mends it', async () => {
  await appendMetrics(path, rows);
  const whole = readFileSync(path);
  const last = whole.lastIndexOf('\n', whole.length - 2) + 1;
  for (let length = last; length <= whole.length; length++) {
    writeFileSync(path, whole.subarray(0, length));
    const told: string[] = [];
    const print = (line: string): void => void told.push(line);
    // The row is whole without its line's end, too.
    const expected = length < whole.length - 1 ? rows.slice(0, -1) : rows;
    expect(await readMetrics(path, { print })).toEqual(expected);
    expect(told).toEqual([]);
    expect(await repairMetrics(path, () => true, print)).toEqual(expected);
    expect(told.length).toBe(length > last && length < whole.length - 1 ? 1 : 0);
    await appendMetrics(path, [rowOf(9)]);
    expect(await readMetrics(path, { print })).toEqual([...expected, rowOf(9)]);
  }
});

test('a run without a file of metrics has no rows', async () => {
  expect(await readMetrics(path)).toEqual([]);
  expect(
    await repairMetrics(
      path,
      () => true,
      () => undefined,
    ),
  ).toEqual([]);
  expect(existsSync(join(folder, 'metrics.damaged.jsonl'))).toBe(false);
});

/** `train/loss 3` for every scalar that TensorBoard finds, in its order. */
function shownSteps(): string[] {
  const files = readdirSync(folder).filter((name) => name.includes('tfevents'));
  return files
    .sort()
    .flatMap((name) => [...readEvents(readFileSync(join(folder, name)))])
    .flatMap(({ step, values }) => Object.keys(values).map((tag) => `${tag} ${step}`));
}
const expectedSteps = (of: readonly MetricsRow[]): string[] =>
  of.map(({ kind, iteration }) => `${kind}/loss ${iteration}`);

test('events of a run that goes on are those of its rows, whatever was left', async () => {
  const before = await tensorBoardWriter(folder);
  for (const row of rows) before.write(row);
  expect(shownSteps()).toEqual(expectedSteps(rows));
  const [name] = readdirSync(folder);
  const whole = readFileSync(join(folder, name!));
  const written = [...readEvents(whole)];

  // Cut anywhere: in the first record, between records, within one; damaged in the middle; doubled by another file.
  const left: Buffer[] = [];
  for (let length = 0; length <= whole.length; length += 7) left.push(whole.subarray(0, length));
  const flipped = Buffer.from(whole);
  flipped[whole.length >> 1]! ^= 1;
  left.push(flipped, Buffer.concat([whole, Buffer.alloc(64)]));
  for (const bytes of left) {
    for (const file of readdirSync(folder)) rmSync(join(folder, file));
    writeFileSync(join(folder, 'events.out.tfevents.1700000000.host.1'), bytes);
    writeFileSync(join(folder, 'events.out.tfevents.1700000001.host.2'), whole);
    const kept = rows.slice(0, 3);
    const board = await tensorBoardWriter(folder, kept);
    expect(shownSteps()).toEqual(expectedSteps(kept));
    board.write(rows[3]!);
    board.write(rows[4]!);
    expect(shownSteps()).toEqual(expectedSteps(rows));
    expect(readdirSync(folder).length).toBe(1);
    const again = [...readEvents(readFileSync(join(folder, readdirSync(folder)[0]!)))];
    const times = (events: typeof written): number[] =>
      events.flatMap(({ values, wallTime, step }) => ('train/loss' in values && step < 3 ? [wallTime] : []));
    expect(times(again)).toEqual(times(written));
  }
});

test('files of events keep their order where the clock was set back', async () => {
  const future = `events.out.tfevents.${Math.floor(Date.now() / 1000) + 5000}.host.1`;
  writeFileSync(join(folder, future), '');
  await tensorBoardWriter(folder, rows);
  const [name] = readdirSync(folder);
  expect(name! > future).toBe(true);
});

test('a window goes on from what a checkpoint holds', () => {
  const values = [0.1, 0.7, 1 / 3, 1e-7, 12345.678].map((loss) => ({ loss, cls: loss / 7 }));
  const whole = metricsWindow();
  for (const value of values) whole.add(value);
  for (let at = 0; at <= values.length; at++) {
    const first = metricsWindow();
    for (const value of values.slice(0, at)) first.add(value);
    expect(first.isEmpty()).toBe(at === 0);
    const second = metricsWindow(JSON.parse(JSON.stringify(first.state())) as ReturnType<typeof first.state>);
    for (const value of values.slice(at)) second.add(value);
    expect(second.means()).toEqual(whole.means());
    expect(second.recent()).toEqual(whole.recent());
  }
  whole.clear();
  expect(whole.isEmpty()).toBe(true);
});
