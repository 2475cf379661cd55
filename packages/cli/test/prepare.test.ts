import { afterAll, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { toco, type Outcome } from './run-toco.js';

const program = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const archive = (name: string): string => fileURLToPath(new URL(`__fixtures__/${name}`, import.meta.url));
const folder = await mkdtemp(join(tmpdir(), 'toco-prepare-'));
afterAll(() => rm(folder, { recursive: true, force: true }));

const prepare = [
  'prepare',
  'voc',
  '--trainval',
  archive('voc.tar.gz'),
  '--sbd',
  archive('sbd.tar.gz'),
  '--workers',
  '0',
];
const out = join(folder, 'data');
const root = join(out, 'VOCdevkit', 'VOC2012');

/** Serves a file: the first half to the first request, which is left waiting, and ranges afterwards. */
async function halfServer(
  file: Buffer,
  tag: string,
): Promise<{ server: Server; ranges: (string | undefined)[] }> {
  const ranges: (string | undefined)[] = [];
  const server = createServer((request, response) => {
    const { range } = request.headers;
    ranges.push(range);
    const first = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
    const headers = { etag: tag, 'content-length': file.length - first };
    if (first === 0) {
      response.writeHead(200, headers);
      response.write(file.subarray(0, file.length / 2));
    } else {
      response.writeHead(206, {
        ...headers,
        'content-range': `bytes ${first}-${file.length - 1}/${file.length}`,
      });
      response.end(file.subarray(first));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, ranges };
}

describe('toco prepare voc, toco check', () => {
  test('killed within a download it goes on; the result is checked; a damaged file fails the check', async () => {
    const bytes = await readFile(archive('voc.tar.gz'));
    const { server, ranges } = await halfServer(bytes, '"voc"');
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/voc.tar.gz`;
    const args = ['prepare', 'voc', '--trainval', address, '--sbd', archive('sbd.tar.gz'), '--workers', '0'];
    args.push('--out', out, '--partial');
    try {
      const child = spawn(process.execPath, [program, ...args], { stdio: 'ignore' });
      const killed = new Promise((resolve) => child.on('close', (_code, signal) => resolve(signal)));
      const unfinished = join(out, 'downloads', 'voc.tar.gz.download');
      while (child.exitCode === null && (await stat(unfinished).catch(() => ({ size: 0 }))).size === 0)
        await wait(5);
      child.kill('SIGKILL');
      expect(await killed).toBe('SIGKILL');
      const { status, stdout } = await toco(args);
      expect({ status, stdout }).toEqual({
        status: 0,
        stdout: `${root}: prepared (train_aug 5, val 2 images)\nTrain on it: toco train --data ${root}\n`,
      });
      expect(ranges).toEqual([undefined, `bytes=${Math.floor(bytes.length / 2)}-`]);
      const again = await toco(args);
      expect(again.stdout).toContain('was prepared already (train_aug 5, val 2 images)');
    } finally {
      server.closeAllConnections();
      server.close();
    }

    const checked = await toco(['check', root, '--workers', '0']);
    expect(checked.status).toBe(0);
    expect(checked.stdout).toMatch(/bird +│ +2 │ +2 │/);
    expect(checked.stdout).toContain('0 errors, 0 disagreements of labels and masks, 1 warning\n');

    const image = join(root, 'JPEGImages', '2008_000002.jpg');
    await writeFile(image, (await readFile(image)).subarray(0, 200));
    const damaged = await toco(['check', root, '--workers', '0', '--json']);
    expect(damaged.status).toBe(1);
    expect(JSON.parse(damaged.stdout)).toMatchObject({
      errors: 1,
      problems: [{ id: '2008_000002', kind: 'error' }],
    });
  });

  test('a second one waits for the first; Ctrl-C ends both in one line and leaves no lock', async () => {
    const { server } = await halfServer(await readFile(archive('voc.tar.gz')), '"voc"');
    const { port } = server.address() as AddressInfo;
    const busy = join(folder, 'busy');
    const args = ['prepare', 'voc', '--trainval', `http://127.0.0.1:${port}/voc.tar.gz`];
    args.push('--sbd', archive('sbd.tar.gz'), '--out', busy, '--partial', '--workers', '0');
    const lock = join(busy, '.toco-prepare.lock');
    try {
      let second: Promise<Outcome> | undefined;
      const first = await toco(args, {
        onOutput: (_text, { pid }) => {
          second ??= toco(args, {
            onOutput: (text, waiting) => {
              if (!text.endsWith('waiting for it to finish.\n')) return;
              waiting.kill('SIGINT');
              process.kill(pid!, 'SIGINT');
            },
          });
        },
      });
      expect(first.status).toBe(130);
      expect(first.stderr).toMatch(
        /\nInterrupted: finishing the current files \(press Ctrl-C again to stop now\)\.\ninterrupted; run the same command to continue where it stopped\n$/,
      );
      expect(await second).toEqual({
        status: 130,
        stdout: '',
        stderr: `${busy}: another toco prepare is running here, or has just been killed; waiting for it to finish.\n\nInterrupted: finishing the current files (press Ctrl-C again to stop now).\ninterrupted\n`,
      });
      expect(await stat(lock).catch(() => 'gone')).toBe('gone');
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  test('a mistake is one line', async () => {
    const whole = await toco([...prepare, '--out', out]);
    expect(whole.status).toBe(1);
    expect(whole.stderr.trimEnd().split('\n').at(-1)).toBe(
      `${root}: list train has 2 images instead of 1464: an archive is not the owners' whole one; set partial (--partial) where a part is meant`,
    );
    const nowhere = await toco(['check', join(folder, 'none')]);
    expect(nowhere).toEqual({
      status: 1,
      stdout: '',
      stderr: `${join(folder, 'none')}: no such folder; name the folder of the data set\n`,
    });
    const noZips = await toco(['prepare', 'coco', join(folder, 'none')]);
    expect(noZips).toEqual({
      status: 1,
      stdout: '',
      stderr: `${join(folder, 'none')}: no such folder; name the one that has the zips, or what was in them\n`,
    });
    expect((await toco(['check', root, '--most', 'x'])).stderr).toBe(
      '--most x: give a whole number, 0 or more.\n',
    );
    // the folder may stand behind the lists
    const behind = await toco(['check', '--list', 'val', root, '--json']);
    expect(
      (JSON.parse(behind.stdout) as { lists: { name: string }[] }).lists.map(({ name }) => name),
    ).toEqual(['val']);
    expect((await toco(['check', '--list', 'val'])).stderr).toBe(
      'Name the folder of the data set, such as: toco check VOCdevkit/VOC2012 --list val\n',
    );
    const unknown = await toco(['check', root, '--list', 'none']);
    expect(unknown.stdout).toMatch(/^error: none: [^\n]*none\.txt: the list does not exist /);
    const coco = await toco(['prepare', 'coco', folder]);
    expect(coco.status).toBe(1);
    expect(coco.stderr).toMatch(
      /^[^\n]*instances_train2014\.json: does not exist, nor does [^\n]*annotations_trainval2014\.zip\n$/,
    );
  });
});
