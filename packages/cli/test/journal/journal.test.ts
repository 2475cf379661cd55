import { appendFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { type JournalHead, type JournalRow, openJournal, readJournal } from '../../src/journal/journal.js';
import { inTemporaryFolder } from '../run-toco.js';

const head: JournalHead = {
  command: 'predict',
  shard: { index: 0, count: 1 },
  hashes: { checkpoint: 'a', list: 'b', settings: 'c' },
  images: 3,
  kinds: ['masks'],
  about: {},
};

interface Opened {
  readonly place: string;
  readonly lines: string[];
  readonly how: { readonly again: boolean; readonly print: (line: string) => void };
  readonly file: (path: string) => string;
  readonly has: (path: string) => boolean;
}

async function inPlace(use: (opened: Opened) => Promise<void>): Promise<void> {
  await inTemporaryFolder(async (folder) => {
    const place = join(folder, 'out');
    const lines: string[] = [];
    const how = { again: false, print: (line: string) => void lines.push(line) };
    const file = (path: string): string => {
      mkdirSync(dirname(join(place, path)), { recursive: true });
      writeFileSync(join(place, path), '');
      return path;
    };
    await use({ place, lines, how, file, has: (path) => existsSync(join(place, path)) });
  });
}

test('goes on where a kill in the middle of a row left it, and without the files that are gone', async () => {
  await inPlace(async ({ place, lines, how, file, has }) => {
    const path = join(place, 'predict.jsonl');
    const journal = await openJournal(path, head, how);
    for (const index of [0, 1])
      await journal.add({ index, files: [file(`masks/${index}.png`)], kinds: ['masks'] });
    appendFileSync(path, '{"index": 2, "fi');
    const again = await openJournal(path, head, how);
    expect([...again.done.keys()]).toEqual([0, 1]);
    expect(lines).toHaveLength(1);
    rmSync(join(place, 'masks/0.png'));
    expect([...(await openJournal(path, head, how)).done.keys()]).toEqual([1]);
    const row = { index: 1, files: ['masks/1.png'], kinds: ['masks'] };
    expect(await readJournal(path, how.print)).toEqual({ head, rows: [row] });

    const other = { ...head, hashes: { ...head.hashes, checkpoint: 'x' } };
    await expect(openJournal(path, other, how)).rejects.toThrow(
      `${place}: holds results of another network; choose another --out, or overwrite them with --again.`,
    );
    await expect(openJournal(path, { ...head, command: 'label' }, how)).rejects.toThrow(
      'results of toco predict',
    );
    expect(has('masks/1.png')).toBe(true);
    expect((await openJournal(path, other, { ...how, again: true })).done.size).toBe(0);
    expect(has('masks/1.png')).toBe(false);
    await expect(readJournal(join(place, 'nothing.jsonl'), how.print)).rejects.toThrow(
      'not the journal of a part',
    );
  });
});

test('of two rows with one key the later one counts, even where its files are gone', async () => {
  await inPlace(async ({ place, how, file }) => {
    const path = join(place, 'predict.jsonl');
    const named = { ...how, keyOf: ({ name }: Readonly<Record<string, unknown>>) => String(name) };
    const journal = await openJournal(path, head, named);
    const a = { index: 1, files: [file('masks/a.png')], kinds: ['masks'], name: 'a', of: 'x' };
    await journal.add(a);
    const later = { ...a, index: 0, of: 'y' };
    await journal.add(later);
    await journal.add({ ...later, name: 'b' });
    const { done } = await openJournal(path, head, named);
    expect([...done.keys()]).toEqual(['a', 'b']);
    expect(done.get('a')).toEqual(later);
    await journal.add({ ...later, files: ['masks/gone.png'] });
    expect([...(await openJournal(path, head, named)).done.keys()]).toEqual(['b']);
  });
});

test('an image keeps the kinds whose files are all there; what all calls have asked for is remembered', async () => {
  await inPlace(async ({ place, how, file }) => {
    const path = join(place, 'predict.jsonl');
    const files = ['masks/a.png', 'cams/a-cat.jpg', 'cams/a-dog.jpg'].map(file);
    const journal = await openJournal(path, head, how);
    await journal.add({ index: 0, files, kinds: ['masks', 'cams'] });
    rmSync(join(place, 'cams/a-dog.jpg'));
    const next = await openJournal(path, { ...head, kinds: ['scores'] }, how);
    expect(next.kinds).toEqual(['masks', 'scores']);
    expect(next.done.get(0)).toEqual({ index: 0, files: files.slice(0, 2), kinds: ['masks'] });
    expect((await readJournal(path, how.print)).head.kinds).toEqual(['masks', 'scores']);
  });
});

test('files of a row that holds no more go, and what was made of it', async () => {
  await inPlace(async ({ place, how, file, has }) => {
    const path = join(place, 'predict.jsonl');
    const journal = await openJournal(path, head, how);
    for (const index of [0, 1])
      await journal.add({ index, files: [file(`masks/${index}.png`)], kinds: ['masks'] });
    file('all.json');
    writeFileSync(join(place, '..', 'own'), '');
    await journal.add({ index: 2, files: ['../own'], kinds: ['masks'] });
    const isKept = ({ index }: JournalRow): boolean => index === 0;
    const next = await openJournal(path, head, { ...how, isKept, madeOf: () => ['all.json'] });
    expect([[...next.done.keys()], [...next.dropped.keys()]]).toEqual([[0], [1, 2]]);
    expect(['masks/0.png', 'masks/1.png', 'all.json', '../own'].map(has)).toEqual([true, false, false, true]);
  });
});

test('journals of other parts are of the same, or go with --again; parts of the same split are left to their own calls', async () => {
  await inPlace(async ({ place, how, file, has }) => {
    const part = (index: number, count: number): string => join(place, `.predict-${index}-of-${count}.jsonl`);
    const headOf = (checkpoint: string, index: number, count: number): JournalHead => ({
      ...{ ...head, shard: { index, count } },
      hashes: { ...head.hashes, checkpoint },
    });
    const whole = await openJournal(join(place, '.predict.jsonl'), head, how);
    for (const index of [0, 1, 2])
      await whole.add({ index, files: [file(`masks/${index}.png`)], kinds: ['masks'] });
    await openJournal(part(0, 2), headOf('a', 0, 2), how);
    await openJournal(part(1, 2), headOf('a', 1, 2), how);
    await expect(openJournal(part(0, 3), headOf('x', 0, 3), how)).rejects.toThrow(
      /: holds results of another network \(\.predict-0-of-2\.jsonl\); choose/,
    );
    const again = { ...how, again: true, isLeft: ({ index }: JournalRow) => index === 1 };
    await openJournal(part(0, 2), headOf('x', 0, 2), again);
    expect(['.predict.jsonl', '.predict-1-of-2.jsonl'].map(has)).toEqual([false, true]);
    expect([0, 1, 2].map((index) => has(`masks/${index}.png`))).toEqual([false, true, false]);
    await openJournal(part(1, 2), headOf('x', 1, 2), again);
    await openJournal(part(0, 2), headOf('x', 0, 2), how);
  });
});
