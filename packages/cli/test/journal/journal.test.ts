import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { type JournalHead, openJournal, readJournal } from '../../src/journal/journal.js';
import { inTemporaryFolder } from '../run-toco.js';

const head: JournalHead = {
  command: 'predict',
  shard: { index: 0, count: 1 },
  hashes: { checkpoint: 'a', list: 'b', settings: 'c' },
  images: 3,
  about: {},
};

test('goes on where a kill in the middle of a row left it, and without the files that are gone', async () => {
  await inTemporaryFolder(async (folder) => {
    const path = join(folder, 'out', 'predict.jsonl');
    const lines: string[] = [];
    const how = { again: false, print: (line: string) => void lines.push(line) };
    const journal = await openJournal(path, head, how);
    for (const index of [0, 1]) {
      writeFileSync(join(folder, 'out', `${index}.png`), '');
      await journal.add({ index, files: [`${index}.png`] });
    }
    appendFileSync(path, '{"index": 2, "fi');
    const again = await openJournal(path, head, how);
    expect([...again.done.keys()]).toEqual([0, 1]);
    expect(lines).toHaveLength(1);
    rmSync(join(folder, 'out', '0.png'));
    expect([...(await openJournal(path, head, how)).done.keys()]).toEqual([1]);
    expect(await readJournal(path, how.print)).toEqual({ head, rows: [{ index: 1, files: ['1.png'] }] });

    const other = { ...head, hashes: { ...head.hashes, checkpoint: 'x' } };
    await expect(openJournal(path, other, how)).rejects.toThrow(
      `${join(folder, 'out')}: holds results of another network; choose another --out, or overwrite them with --again.`,
    );
    await expect(openJournal(path, { ...head, command: 'label' }, how)).rejects.toThrow(
      'results of toco predict',
    );
    expect((await openJournal(path, other, { ...how, again: true })).done.size).toBe(0);
    await expect(readJournal(join(folder, 'nothing.jsonl'), how.print)).rejects.toThrow(
      'not the journal of a part',
    );
  });
});

test('of two rows with one key the later one counts, even where its files are gone', async () => {
  await inTemporaryFolder(async (folder) => {
    const path = join(folder, 'predict.jsonl');
    const how = {
      ...{ again: false, print: () => undefined },
      keyOf: ({ name }: Readonly<Record<string, unknown>>) => String(name),
    };
    const journal = await openJournal(path, head, how);
    writeFileSync(join(folder, 'a.png'), '');
    await journal.add({ index: 1, files: ['a.png'], name: 'a', of: 'x' });
    const later = { index: 0, files: ['a.png'], name: 'a', of: 'y' };
    await journal.add(later);
    await journal.add({ index: 0, files: ['a.png'], name: 'b' });
    const { done } = await openJournal(path, head, how);
    expect([...done.keys()]).toEqual(['a', 'b']);
    expect(done.get('a')).toEqual(later);
    await journal.add({ ...later, files: ['a.png', 'gone.jpg'] });
    expect([...(await openJournal(path, head, how)).done.keys()]).toEqual(['b']);
  });
});
