import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { existsSync, readdirSync, statSync, truncateSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { readManifest } from '../src/manifest.js';
import type { EngineSource } from '../src/pinned.js';
import { clear, installer, makeFakeWheel, onlyFrom } from './fake-wheel.js';
import { runNode, start } from './run-node.js';

let root: string;
let source: EngineSource;
let environment: Record<string, string>;
const engines = (): string => join(root, 'cache', 'engines');
const target = (): string => join(engines(), 'fake');

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'toco-install-'));
  source = await makeFakeWheel(join(root, 'wheels'));
  environment = onlyFrom(join(root, 'wheels'), join(root, 'cache'));
});
beforeEach(() => clear(join(root, 'cache')));
afterAll(() => clear(root));

test('two processes at once: one installs, the other waits, both end well', async () => {
  const both = await Promise.all([
    runNode(installer(source), environment),
    runNode(installer(source), environment),
  ]);
  expect(both.map(({ code }) => code)).toEqual([0, 0]);
  const output = both.map(({ stdout }) => stdout).join('');
  expect(output.match(/Downloading fakeflow==1\.0/g)).toHaveLength(1);
  expect(output.match(/Waiting for another process that installs fake/g)).toHaveLength(1);
  expect(readManifest(target())).toMatchObject({
    name: 'fake',
    files: { 'tensorflow/libtensorflow_cc.so.2': 8e6 },
  });
  expect(readdirSync(engines())).toEqual(['fake']);
});

test('only what is needed is unpacked, programs stay executable, no wheel is kept', async () => {
  await runNode(installer(source), environment);
  const manifest = readManifest(target());
  expect(typeof manifest === 'object' ? Object.keys(manifest.files).sort() : manifest).toEqual([
    'nvidia/cuda_nvcc/bin/ptxas',
    'tensorflow/libtensorflow_cc.so.2',
    'tensorflow/libtensorflow_framework.so.2',
    'tfjs_binding.node',
  ]);
  expect(statSync(join(target(), 'nvidia/cuda_nvcc/bin/ptxas')).mode & 0o100).toBe(0o100);
});

test('a killed installation is not taken for a whole one, and the next clears it away', async () => {
  const { child, ended } = start(
    'node',
    ['--input-type=module', '-e', installer(source, { wait: true })],
    environment,
  );
  await new Promise<void>((resolve) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      if (chunk.toString().includes('binding')) resolve();
    });
  });
  child.kill('SIGKILL');
  await ended;
  expect(existsSync(target())).toBe(false);
  expect(readdirSync(engines()).filter((name) => name.startsWith('fake.'))).toHaveLength(2); // its lock, its folder
  const again = await runNode(installer(source), environment);
  expect(again).toMatchObject({ code: 0, stderr: '' });
  expect(typeof readManifest(target())).toBe('object');
  expect(readdirSync(engines())).toEqual(['fake']);
});

test('a wrong hash is one sentence, leaves nothing, and the right wheel installs afterwards', async () => {
  const wrong = { ...source, wheels: source.wheels.map((wheel) => ({ ...wheel, sha256: '0'.repeat(64) })) };
  const { code, stderr } = await runNode(installer(wrong), environment);
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /^UserError: fakeflow-1\.0-.*\.whl has the SHA-256 [0-9a-f]{64} instead of 0{64}: .*purge.*\n$/,
  );
  expect(readdirSync(engines())).toEqual([]);
  expect((await runNode(installer(source), environment)).code).toBe(0);
});

test('a damaged file is found by its size and installed again; a whole folder is left alone', async () => {
  await runNode(installer(source), environment);
  truncateSync(join(target(), 'tensorflow/libtensorflow_cc.so.2'), 1000);
  const repaired = await runNode(installer(source), environment);
  expect(repaired.stdout).toMatch(
    /libtensorflow_cc\.so\.2 has 1000 bytes instead of 8000000: installing it again/,
  );
  expect(statSync(join(target(), 'tensorflow/libtensorflow_cc.so.2')).size).toBe(8e6);
  expect((await runNode(installer(source), environment)).stdout).toBe('done\n');
});

describe('what can not be had is one sentence', () => {
  test('the wheel', async () => {
    const { code, stderr } = await runNode(installer(source), { ...environment, PIP_FIND_LINKS: '' });
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^UserError: pip could not download fakeflow==1\.0 \(ERROR: .*\): check the network .*\n$/,
    );
  });

  test('python', async () => {
    const { stderr } = await runNode(installer(source), { ...environment, PATH: join(root, 'nothing') });
    expect(stderr).toMatch(/^UserError: python3 was not found: install Python 3 with pip .*\n$/);
  });

  test('pip', async () => {
    const noPip = join(root, 'no-pip');
    await start('sh', [
      '-c',
      `mkdir -p ${noPip} && printf '#!/bin/sh\\necho "python3: No module named pip" >&2; exit 1\\n' > ${noPip}/python3 && chmod +x ${noPip}/python3`,
    ]).ended;
    const path = [noPip, process.env['PATH']].join(delimiter);
    const { stderr } = await runNode(installer(source), { ...environment, PATH: path });
    expect(stderr).toMatch(/^UserError: python3 has no pip: install it .*\n$/);
  });

  test('space on the disk', async () => {
    const { stderr } = await runNode(installer({ ...source, unpackedBytes: 1e18 }), environment);
    expect(stderr).toMatch(
      /^UserError: .* free, and the engine needs 1000000 TB: make room, or set TOCO_CACHE .*\n$/,
    );
  });
});
