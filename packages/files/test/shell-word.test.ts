import { execFileSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { shellWord } from '../src/shell-word.js';

test.each(['runs/voc', 'my runs/a', "John's cats", '$(rm -rf x)', '`x`', 'a"b\\c', '*', ''])(
  'a shell gives %j back',
  (text) => {
    expect(execFileSync('sh', ['-c', `printf %s ${shellWord(text)}`], { encoding: 'utf8' })).toBe(text);
  },
);

test('what needs no quotes has none', () => {
  expect(shellWord('runs/voc-1,a@b:c')).toBe('runs/voc-1,a@b:c');
});
