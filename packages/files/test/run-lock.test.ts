import { spawn, type ChildProcess } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { lockRun } from '../src/run-lock.js';

const module = new URL('../dist/run-lock.js', import.meta.url).href;
const program = `
  const { lockRun } = await import(${JSON.stringify(module)});
  const lock = await lockRun(process.argv[1], (line) => console.log(line)).catch((error) => {
    console.log('refused: ' + error.message);
    process.exit();
  });
  console.log('held');
  process.stdin.on('end', async () => {
    await lock.release();
    process.exit();
  }).resume();
`;

let folder: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'toco lock-'));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

interface Contender {
  readonly child: ChildProcess;
  /** All that it said, once it holds the folder or was refused. */
  readonly said: string;
}

/** A process that tries to lock the folder, and holds it until its input ends. */
function contender(): Promise<Contender> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', program, folder], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(child);
  return new Promise((resolve) => {
    let said = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (/^(?:held|refused: .*)\n/m.test(said)) resolve({ child, said });
    });
  });
}

function ended(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => child.once('exit', () => resolve()));
}

const lines: string[] = [];
const print = (line: string): void => void lines.push(line);
beforeEach(() => void lines.splice(0));

/** The file of the lock that counts. */
function lockFile(): string {
  const newest = Math.max(...readdirSync(join(folder, '.lock')).map(Number).filter(Number.isInteger));
  return join(folder, '.lock', String(newest));
}

test('one process holds a folder; killed, it leaves it to exactly one of many', async () => {
  const holder = await contender();
  await expect(lockRun(folder, print)).rejects.toThrow(
    new RegExp(`process ${holder.child.pid} on .* is training here; wait for it, stop it, or choose another`),
  );
  holder.child.kill('SIGKILL');
  await ended(holder.child);
  const all = await Promise.all(Array.from({ length: 8 }, contender));
  const winners = all.filter(({ said }) => /^held$/m.test(said));
  expect(winners).toHaveLength(1);
  expect(winners[0]!.said).toMatch(/Taking over .*: process \d+ on .* ended without finishing\./);
  for (const { child, said } of all) {
    if (child !== winners[0]!.child) expect(said).toContain(`process ${winners[0]!.child.pid} on`);
  }
  // let go of in the ordinary way, it is free without a word
  winners[0]!.child.stdin!.end();
  await ended(winners[0]!.child);
  const lock = await lockRun(folder, print);
  await lock.release();
  expect(lines).toEqual([]);
  expect(readdirSync(join(folder, '.lock')).length).toBeLessThanOrEqual(2);
});

test('a process id that is used again is no holder', async () => {
  const lock = await lockRun(folder, print);
  const own = JSON.parse(readFileSync(lockFile(), 'utf8')) as Record<string, unknown>;
  writeFileSync(lockFile(), JSON.stringify({ ...own, started: '1' }));
  await (await lockRun(folder, print)).release();
  expect(lines).toHaveLength(1);
  await expect(lock.assertHeld()).rejects.toThrow(/another process took this run over/);
  await lock.release();
});

test('on another host a holder counts as gone after a minute without a beat', async () => {
  const lock = await lockRun(folder, print);
  const own = JSON.parse(readFileSync(lockFile(), 'utf8')) as Record<string, unknown>;
  const elsewhere = JSON.stringify({ ...own, host: 'elsewhere', machine: 'elsewhere' });
  writeFileSync(lockFile(), elsewhere);
  await expect(lockRun(folder, print)).rejects.toThrow(/on elsewhere .*last sign of life \d+ s ago/);
  const ago = (seconds: number): Date => new Date(Date.now() - seconds * 1000);
  utimesSync(lockFile(), ago(50), ago(50));
  await expect(lockRun(folder, print)).rejects.toThrow(/last sign of life (?:49|5\d) s ago/);
  // a clock that was set back: a beat that still came would be dated anew
  utimesSync(lockFile(), ago(-50), ago(-50));
  await expect(lockRun(folder, print)).rejects.toThrow(/last sign of life 0 s ago/);
  utimesSync(lockFile(), ago(-3600), ago(-3600));
  await (await lockRun(folder, print)).release();
  expect(lines.splice(0)).toHaveLength(1);
  writeFileSync(lockFile(), elsewhere);
  utimesSync(lockFile(), ago(70), ago(70));
  const second = await lockRun(folder, print);
  expect(lines[0]).toMatch(/^Taking over .*on elsewhere/);
  await second.assertHeld();
  await lock.release();
  await second.assertHeld();
  await second.release();
});

test('a lock that is not whole is taken over', async () => {
  await (await lockRun(folder, print)).release();
  writeFileSync(lockFile(), '{"host":');
  const lock = await lockRun(folder, print);
  await lock.assertHeld();
  await lock.release();
});

test('a copy of a folder in which a process trains is free, a moved one is not', async () => {
  const lock = await lockRun(folder, print);
  const copy = join(folder, 'copy');
  cpSync(join(folder, '.lock'), join(copy, '.lock'), { recursive: true });
  await (await lockRun(copy, print)).release();
  expect(lines).toHaveLength(1);
  const moved = join(folder, 'moved');
  mkdirSync(moved);
  renameSync(join(folder, '.lock'), join(moved, '.lock'));
  await expect(lockRun(moved, print)).rejects.toThrow(/is training here/);
  await lock.release();
});

test('what is no lock there is passed over, and a file in the place of the folder is told', async () => {
  await (await lockRun(folder, print)).release();
  for (const name of ['9007199254740992', '1e3', '-1', 'notes.txt'])
    writeFileSync(join(folder, '.lock', name), '');
  await (await lockRun(folder, print)).release();
  expect(lines).toEqual([]);
  rmSync(join(folder, '.lock'), { recursive: true });
  writeFileSync(join(folder, '.lock'), '');
  await expect(lockRun(folder, print)).rejects.toThrow(
    /\.lock: the folder can't be made \(a file has its name/,
  );
});
