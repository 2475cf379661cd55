import { describe, expect, test } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { published, root } from './workspace.js';

const text = readFileSync(join(root, 'CONTRIBUTING.md'), 'utf8');
const [, section = ''] = /^## One place for each task\n([\s\S]*?)^## /m.exec(text) ?? [];
/** Rows of the table below its head: a task, and the folders that it belongs to. */
const tasks = [...section.matchAll(/^\| (.+?) +\| (.+?) +\|$/gm)]
  .map(([, task = '', where = '']) => ({ task, where }))
  .filter(({ task }) => task !== 'task' && !task.startsWith('--'));

/** `losses` → packages/losses/src; `runtime/native/kernels` stands beside `src`, `examples/paper` in the root. Git knows no empty folders, a clone that was pulled does. */
function folderOf(path: string): string | undefined {
  const [name = '', ...inside] = path.split('/');
  const folder = join(root, 'packages', name);
  return [join(folder, 'src', ...inside), join(folder, ...inside), join(root, path)].find(
    (each) => existsSync(each) && readdirSync(each).length > 0,
  );
}

/** Words in backticks that name a folder: whatever begins with the name of a package. */
const foldersIn = (where: string): string[] =>
  [...where.matchAll(/`([a-z-]+(?:\/[a-z-]+)*)`/g)]
    .map(([, path = '']) => path)
    .filter((path) => path.includes('/') || published.some(({ name }) => name === `@toco/${path}`));

describe('the table of tasks in CONTRIBUTING.md', () => {
  test('has a place for work on every package', () => {
    const places = new Set(tasks.flatMap(({ where }) => foldersIn(where).map((path) => path.split('/')[0])));
    const names = published.map(({ name }) => name.replace('@toco/', ''));
    // core has no task of its own: what others need of it is found on the way.
    expect(names.filter((name) => !places.has(name))).toEqual(['core']);
  });

  test.each(tasks)('$task: its folders are there', ({ where }) => {
    const folders = foldersIn(where);
    expect(folders).not.toEqual([]);
    expect(folders.filter((path) => folderOf(path) === undefined)).toEqual([]);
  });

  test('a folder that is gone would be noticed', () => {
    expect(folderOf('trainer/optimizer')).toBeUndefined();
    expect(folderOf('method/optimizer')).toContain('packages');
  });
});
