import { afterAll, describe, expect, test } from '@jest/globals';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { canMount, testWhere } from '@toco/testing';
import { makeTar } from '../archive/make-tar.js';
import { temporaryFolder, writeTree } from '../folder.js';
import { sbdMatFile } from '../voc/mat-file.js';
import { height, maskOf, sbdMembers, vocMembers, width } from '../voc/small-archives.js';

const folder = await temporaryFolder();
const program = fileURLToPath(new URL('prepare-voc.mjs', import.meta.url));

/** More masks than one moment converts. */
const extra = Array.from({ length: 300 }, (_, i) => `2010_${String(i).padStart(6, '0')}`);
const voc = await vocMembers();
const [jpeg, xml] = ['.jpg', '.xml'].map(
  (end) => voc.find(({ name }) => name.endsWith(`2008_000002${end}`))!.content!,
);
const base = 'VOCdevkit/VOC2012';
await writeTree(folder, {
  'VOCtrainval_11-May-2012.tar': await makeTar([
    ...voc,
    ...extra.map((id) => ({ name: `${base}/Annotations/${id}.xml`, content: xml! })),
    ...extra.map((id) => ({ name: `${base}/JPEGImages/${id}.jpg`, content: jpeg! })),
  ]),
  'benchmark.tgz': gzipSync(
    await makeTar([
      ...sbdMembers().filter(({ name }) => !name.endsWith('/train.txt')),
      ...extra.map((id) => ({
        name: `benchmark_RELEASE/dataset/cls/${id}.mat`,
        content: sbdMatFile(maskOf(id, 'sbd'), height, width),
      })),
      { name: 'benchmark_RELEASE/dataset/train.txt', content: extra.map((id) => `${id}\n`).join('') },
    ]),
  ),
});

const running = new Set<ChildProcess>();
afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
});

function system(command: string, args: readonly string[]): void {
  execFileSync(command, args, { stdio: 'ignore' });
}

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly error: string;
}

function start(out: string): { child: ChildProcess; ended: Promise<Ended> } {
  const options = {
    out,
    trainval: join(folder, 'VOCtrainval_11-May-2012.tar'),
    sbd: join(folder, 'benchmark.tgz'),
    partial: true,
    workers: 1,
  };
  const child = spawn(process.execPath, [program, JSON.stringify(options)]);
  running.add(child);
  const [text, error]: [string[], string[]] = [[], []];
  child.stdout.on('data', (chunk: Buffer) => text.push(chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => error.push(chunk.toString()));
  const ended = new Promise<Ended>((resolve) => {
    child.on('close', (code) => {
      running.delete(child);
      resolve({ code, out: text.join(''), error: error.join('') });
    });
  });
  return { child, ended };
}

async function count(root: string, path: string): Promise<number> {
  const names = await readdir(join(root, base, path)).catch(() => []);
  return names.filter((name) => !name.endsWith('.part')).length;
}

async function contents(root: string): Promise<Record<string, string>> {
  const entries: [string, string][] = [];
  for (const name of (await readdir(root, { recursive: true })).sort()) {
    if (name.endsWith('preparation.json') || (await stat(join(root, name))).isDirectory()) continue;
    entries.push([
      name,
      createHash('sha1')
        .update(await readFile(join(root, name)))
        .digest('hex'),
    ]);
  }
  return Object.fromEntries(entries);
}

describe('prepareVoc in a process of its own', () => {
  test('killed again and again, it goes on, and ends with the same files', async () => {
    const straight = join(folder, 'straight');
    expect(await start(straight).ended).toMatchObject({ code: 0, error: '' });
    const out = join(folder, 'killed');
    const moments: [string, number][] = [
      ['Annotations', 20],
      ['JPEGImages', 150],
      ['SegmentationClassAug', 10],
      ['SegmentationClassAug', 150],
    ];
    let kills = 0;
    for (const [part, files] of moments) {
      const { child, ended } = start(out);
      let isOver = false;
      void ended.then(() => (isOver = true));
      while (!isOver && (await count(out, part)) < files) await wait(2);
      child.kill('SIGKILL');
      if ((await ended).code === null) kills++;
    }
    expect(kills).toBeGreaterThanOrEqual(3);
    const { code, out: text } = await start(out).ended;
    expect({ code, ...(JSON.parse(text) as object) }).toMatchObject({ code: 0, lists: { train_aug: 303 } });
    expect(await contents(out)).toEqual(await contents(straight));
    expect(JSON.parse((await start(out).ended).out)).toMatchObject({ alreadyDone: true });
  });

  const where = testWhere(test, canMount(), 'only root can mount a small disk');
  where('a full disk ends it in one line; with room it goes on', async () => {
    const disk = join(folder, 'disk');
    await mkdir(disk);
    system('mount', ['-t', 'tmpfs', '-o', 'size=800k', 'tmpfs', disk]);
    try {
      const { code, error } = await start(disk).ended;
      expect({ code, error }).toEqual({
        code: 1,
        error: expect.stringMatching(
          /^[^\n]*(the disk is full; free some space and run the same command again|are needed, [^\n]* are free; make room or choose another folder)$/,
        ) as unknown,
      });
      const small = error;
      system('mount', ['-o', 'remount,size=2m', disk]);
      const second = await start(disk).ended;
      expect([second.code, second.error, small === second.error]).toEqual([
        1,
        expect.stringMatching(/the disk is full/),
        false,
      ]);
      system('mount', ['-o', 'remount,size=64m', disk]);
      expect(await start(disk).ended).toMatchObject({ code: 0, error: '' });
      expect(await contents(disk)).toEqual(await contents(join(folder, 'straight')));
    } finally {
      system('umount', [disk]);
      await rm(disk, { recursive: true });
    }
  });
});
