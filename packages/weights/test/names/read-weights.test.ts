import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { encodeNpz, encodeSafetensors } from '@toco/formats';
import { initBackend } from '@toco/runtime';
import { exportPretrained, loadPretrained, vit } from '@toco/backbone';
import { readWeights } from '../../src/read-weights.js';
import type { NDArray } from '@toco/formats';
import { jaxNames, transformersNames } from './foreign-names.js';

type Fixture = Record<'nested' | 'legacy' | 'both', string> & {
  state: Record<string, { shape: number[]; values: string }>;
};
const fixture = JSON.parse(
  readFileSync(new URL('__fixtures__/weights.json', import.meta.url), 'utf8'),
) as Fixture;
const state: Record<string, NDArray> = Object.fromEntries(
  Object.entries(fixture.state).map(([name, { shape, values }]) => {
    const bytes = Uint8Array.from(Buffer.from(values, 'base64'));
    return [name, { dtype: 'float32', shape, data: new Float32Array(bytes.buffer) }];
  }),
);
const backbone = vit({ imageSize: 8, patchSize: 4, dim: 8, depth: 2, heads: 2, auxBlock: 0 });

let folder = '';
beforeAll(async () => {
  await initBackend();
  folder = await mkdtemp(join(tmpdir(), 'toco-weights-'));
});
afterAll(async () => rm(folder, { recursive: true }));

async function file(name: string, bytes: Uint8Array | string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, bytes);
  return path;
}

function expectSame(actual: Readonly<Record<string, NDArray>>, expected: typeof actual): void {
  expect(Object.keys(actual).sort()).toEqual(Object.keys(expected).sort());
  for (const [name, array] of Object.entries(expected)) {
    expect([name, actual[name]!.shape]).toEqual([name, array.shape]);
    expect(actual[name]!.data).toEqual(array.data);
  }
}

test.each([
  ['safetensors under another name', 'weights.bin', () => encodeSafetensors(state), 'safetensors', []],
  ['zip, nested, 16 bits', 'weights.npz', () => Buffer.from(fixture.nested, 'base64'), 'torch', ['model']],
  ['legacy, module. before names', 'weights.txt', () => Buffer.from(fixture.legacy, 'base64'), 'torch', []],
  ['npz in plain names', 'weights.pth', () => encodeNpz(state), 'npz', []],
])('%s', async (_, name, bytes, format, containers) => {
  const weights = readWeights(await file(name, bytes()));
  expect(weights).toMatchObject({ format, containers, naming: 'as given' });
  expectSame(weights.arrays, state);
});

test.each(['', 'opt/target/', 'params/img/'])('a JAX release under "%s" is the same ViT', async (root) => {
  for (const release of [0, 1] as const) {
    const weights = readWeights(
      await file('jax.npz', encodeNpz(jaxNames(state, { heads: 2, root, release }))),
    );
    expect(weights).toMatchObject({ format: 'npz', naming: 'jax', leftOut: [] });
    expectSame(weights.arrays, state);
  }
});

test('a JAX release loads into a backbone and comes out as it was in PyTorch', async () => {
  const { arrays } = readWeights(await file('jax.npz', encodeNpz(jaxNames(state, { heads: 2 }))));
  const { params, report } = loadPretrained(backbone, backbone.init(3), arrays);
  expect(report.missing).toEqual([]);
  expect(report.leftOver).toEqual(['head.weight', 'head.bias']);
  const encoder = Object.entries(state).filter(([name]) => !name.startsWith('head.'));
  expectSame(await exportPretrained(params), Object.fromEntries(encoder));
});

test('positions of another grid are resized', async () => {
  const { arrays } = readWeights(await file('jax.npz', encodeNpz(jaxNames(state, { heads: 2 }))));
  const larger = vit({ imageSize: 16, patchSize: 4, dim: 8, depth: 2, heads: 2, auxBlock: 0 });
  const { params, report } = loadPretrained(larger, larger.init(0), arrays);
  expect(report.resized).toEqual(['pos_embed']);
  expect(params.pos_embed.shape).toEqual([1, 17, 8]);
});

test.each(['', 'vit.', 'dinov2.'])('names of transformers under "%s" are the same ViT', async (root) => {
  const path = await file('hf.safetensors', encodeSafetensors(transformersNames(state, root)));
  const weights = readWeights(path);
  expect(weights).toMatchObject({ naming: 'transformers', leftOut: [] });
  expectSame(weights.arrays, state);
});

test('a set of weights is chosen by name', async () => {
  const path = await file('dino.pth', Buffer.from(fixture.both, 'base64'));
  expect(() => readWeights(path)).toThrow(/dino\.pth: checkpoint holds several sets .*student, teacher/);
  const { arrays, containers } = readWeights(path, { container: 'teacher' });
  expect(containers).toEqual(['teacher']);
  expectSame(arrays, state);
});

test.each([
  ['a web page', '<!doctype html><title>404</title>', /is a web page/],
  ['a pointer', 'version https://git-lfs\noid sha256:00', /pointer of Git LFS/],
  ['one array', Buffer.from('\x93NUMPY\x01', 'latin1'), /is a single array/],
  ['nothing', '', /not a weight file/],
  ['text', 'weights', /not a weight file/],
  ['the beginning of a zip', 'PK\x03\x04\x00\x00', /not a weight file/],
  ['a zip of nothing known', `PK\x03\x04${'\x00'.repeat(40)}`, /zip/],
])('%s is refused in one line', async (_, bytes, message) => {
  const path = await file('weights', bytes);
  let text = '';
  try {
    readWeights(path);
  } catch (error) {
    text = (error as Error).message;
  }
  expect(text).toMatch(message);
  expect(text).toMatch(/^\S+weights: [^\n]+$/);
});

test('an array of another shape is named', async () => {
  const arrays = jaxNames(state, { heads: 2 });
  const name = 'Transformer/encoderblock_1/MultiHeadDotProductAttention_1/key/kernel';
  const damaged = { ...arrays, [name]: { ...arrays[name]!, shape: [8, 8] } };
  const path = await file('jax.npz', encodeNpz(damaged));
  expect(() => readWeights(path)).toThrow(
    /encoderblock_1.*: has shape \[8,8\] where a kernel \[D,heads,d\] is expected/,
  );
});

test('a folder and a missing file are said to be so', () => {
  expect(() => readWeights(folder)).toThrow(/is a folder/);
  expect(() => readWeights('/dev/null')).toThrow(/is a pipe or device/);
  expect(() => readWeights(join(folder, 'none.pth'))).toThrow(/no such file/);
});
