import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from '@jest/globals';
import { encodeLabelPng } from '@toco/formats';
import sharp from 'sharp';
import { inTemporaryFolder, tinyNetwork, toco } from './run-toco.js';

/** Makes masks and photographs come as from a slow server: each takes half a second. */
const slowFiles = `
import fs from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
for (const [name, pattern] of [['readFile', /masks.*png$/], ['stat', /[0-9]\\.jpg$/]]) {
  const real = fs[name];
  fs[name] = async (path, ...more) => {
    if (pattern.test(String(path))) await new Promise((resolve) => setTimeout(resolve, 500));
    return real(path, ...more);
  };
}
syncBuiltinESMExports();
`;

test.each([
  ['evaluate', /^reading masks .*\/200 /m],
  ['label', /^finding photographs .*\/200 /m],
])(
  '%s: says what it does before it reads thousands of files, shows how far it is, and can be stopped',
  (command, bar) =>
    inTemporaryFolder(async (folder) => {
      const data = join(folder, 'data');
      const image = await sharp({ create: { width: 16, height: 16, channels: 3, background: '#864' } })
        .jpeg()
        .toBuffer();
      const mask = encodeLabelPng({ width: 16, height: 16, data: new Uint8Array(256) });
      const ids: string[] = [];
      for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
        for (const place of [join(data, name), join(data, 'masks', name)])
          mkdirSync(place, { recursive: true });
        for (let i = 0; i < 50; i++) {
          writeFileSync(join(data, name, `${i}.jpg`), image);
          writeFileSync(join(data, 'masks', name, `${i}.png`), mask);
          ids.push(`${name}/${i}\n`);
        }
      }
      writeFileSync(join(data, 'train.txt'), ids.slice(0, 200).join(''));
      writeFileSync(join(data, 'val.txt'), ids.slice(200).join(''));
      const slow = join(folder, 'slow.mjs');
      writeFileSync(slow, slowFiles);
      const set = ['data.dataset=folder', `data.root=${data}`];
      const { status, stderr, stdout } = await toco(
        [command, ...tinyNetwork, ...set, '--list', 'train', '--out', join(folder, 'out')],
        {
          env: { NODE_OPTIONS: `--import=${pathToFileURL(slow).href}` },
          onOutput: (text, child) => {
            if (!child.killed && bar.test(text)) child.kill('SIGINT');
          },
        },
      );
      expect({ status, stdout }).toEqual({ status: 130, stdout: '' });
      const [network, protocol] = ['Network ', ' 200 images'].map((part) => stderr.indexOf(part));
      expect(network).toBeGreaterThanOrEqual(0);
      expect(protocol).toBeGreaterThan(network!);
      expect(stderr.search(bar)).toBeGreaterThan(protocol!);
      expect(stderr.trimEnd().split('\n').at(-1)).toBe(
        'interrupted; run the same command to continue where it stopped',
      );
    }),
);
