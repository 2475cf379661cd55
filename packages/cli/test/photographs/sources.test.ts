import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { expect, test } from '@jest/globals';
import { findPhotographs, namePhotographs } from '../../src/photographs/sources.js';
import { inTemporaryFolder } from '../run-toco.js';

function place(folder: string, files: readonly string[]): void {
  for (const file of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), 'x');
  }
}

test('files, folders, lists, globs and names on standard input, each once, with names apart', async () => {
  await inTemporaryFolder(async (folder) => {
    place(folder, [
      'a.jpg',
      'in/b.JPG',
      'in/b.png',
      'in/deep/c.tif',
      'in/.hidden/d.jpg',
      'in/notes.md',
      'e f.webp',
    ]);
    writeFileSync(join(folder, 'in', 'list.txt'), '../a.jpg\r\n\n deep/c.tif\ngone.jpg\n');
    const at = (path: string): string => join(folder, path);
    const named = async (sources: readonly string[], input = ''): Promise<string[][]> => {
      const found = await findPhotographs(sources, {
        out: at('results'),
        readInput: () => Promise.resolve(input),
      });
      return namePhotographs(found, []).map(({ path, name }) => [relative(folder, path), name]);
    };
    expect(await named([at('a.jpg'), at('e f.webp'), at('a.jpg')])).toEqual([
      ['a.jpg', 'a'],
      ['e f.webp', 'e f'],
    ]);
    expect(await named([at('in')])).toEqual([
      ['in/b.JPG', 'b'],
      ['in/b.png', 'b_png'],
      ['in/deep/c.tif', 'deep/c'],
    ]);
    // Names in a list count from its folder; one that is missing is told when its turn comes.
    expect(await named([at('in/list.txt'), at('in/b.png')])).toEqual([
      ['a.jpg', 'a'],
      ['in/deep/c.tif', 'c'],
      ['in/gone.jpg', 'gone'],
      ['in/b.png', 'b'],
    ]);
    expect(await named([at('in/**/*.{tif,png}')])).toEqual([
      ['in/b.png', 'b'],
      ['in/deep/c.tif', 'deep/c'],
    ]);
    expect(await named(['-'], `${at('a.jpg')}\n${at('in/b.png')}\n`)).toEqual([
      ['a.jpg', 'a'],
      ['in/b.png', 'b'],
    ]);
    await expect(named([at('nothing.jpg')])).rejects.toThrow(
      `${at('nothing.jpg')}: there is no such photograph, folder or list.`,
    );
    await expect(named([at('*.gif')])).rejects.toThrow('no photograph is there');
    mkdirSync(at('empty'));
    await expect(named([at('empty')])).rejects.toThrow('no photograph is there');
    await expect(named(['-'], '\n')).rejects.toThrow('-: no photograph is there');
  });
});

test('no name is that of another photograph of an earlier call', async () => {
  await inTemporaryFolder(async (folder) => {
    place(folder, ['x/a.jpg', 'y/A.jpg', 'y/b.jpg']);
    const at = (path: string): string => join(folder, path);
    const earlier = [
      { path: at('x/a.jpg'), name: 'a' },
      { path: at('y/b.jpg'), name: 'deep/b' },
    ];
    const readInput = (): Promise<string> => Promise.resolve('');
    const found = await findPhotographs([at('y'), at('x')], { out: at('results'), readInput });
    const named = namePhotographs(found, earlier);
    expect(named.map(({ path, name }) => [relative(folder, path), name])).toEqual([
      ['y/A.jpg', 'A_jpg'],
      ['y/b.jpg', 'b'],
      ['x/a.jpg', 'a'],
    ]);
  });
});

test('what was written below a folder of photographs is none of them; that folder itself is not written to', async () => {
  await inTemporaryFolder(async (folder) => {
    place(folder, ['a.jpg', 'out/masks/a.png', 'outside/b.jpg']);
    const named = async (source: string, out: string): Promise<string[]> => {
      const readInput = (): Promise<string> => Promise.resolve('');
      const found = await findPhotographs([source], { out: join(folder, out), readInput });
      return namePhotographs(found, []).map(({ name }) => name);
    };
    expect(await named(folder, 'out')).toEqual(['a', 'outside/b']);
    expect(await named(join(folder, '**/*.{jpg,png}'), 'out')).toEqual(['a', 'outside/b']);
    // Who names a mask means it.
    expect(await named(join(folder, 'out/masks/a.png'), 'out')).toEqual(['a']);
    await expect(named(folder, '')).rejects.toThrow(
      `${folder}: holds the photographs; write to another folder with --out.`,
    );
  });
});
