import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from '@jest/globals';
import { decodeSafetensors } from '@toco/formats';
import { tinyConfig, toco } from './run-toco.js';

const module = fileURLToPath(new URL('class-tokens-network.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'toco-class-tokens-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('a network with a class token for each class: trained in a compiled step, resumed to the same bits, evaluated, its masks written', async () => {
  const train = async (name: string, ...args: string[]): Promise<void> => {
    expect(await toco(['train', '--out', join(folder, name), ...args])).toMatchObject({ status: 0 });
  };
  const modelOf = (name: string, iteration: number): Uint8Array =>
    readFileSync(join(folder, name, `checkpoints/iteration-00000${iteration}/model.safetensors`));
  const config = ['--config', tinyConfig, '--network', module];
  await train('whole', ...config);
  await train('parts', ...config, '--set', 'run.stopAfter=4');
  await train('parts', '--resume', '--set', 'run.stopAfter=8');
  expect(Buffer.compare(modelOf('whole', 8), modelOf('parts', 8))).toBe(0);

  const tokensOf = (bytes: Uint8Array): Float32Array => {
    const { shape, data } = decodeSafetensors(bytes)['encoder.reg_token']!;
    expect(shape).toEqual([1, 6, 12]);
    return Float32Array.from(data as Float32Array);
  };
  // Each class token learns: of 12 numbers all have moved.
  const [early, late] = [tokensOf(modelOf('parts', 4)), tokensOf(modelOf('whole', 8))];
  const moved = late.map((value, i) => Math.abs(value - early[i]!));
  expect(Math.min(...moved)).toBeGreaterThan(0);

  const run = join(folder, 'whole');
  const evaluated = await toco(['evaluate', run, '--json']);
  expect(evaluated).toMatchObject({ status: 0 });
  const { columns } = JSON.parse(evaluated.stdout) as { columns: Record<string, { mean: number }> };
  for (const column of ['cam', 'camAux', 'single']) expect(columns[column]!.mean).toBeGreaterThan(0);
  const labeled = await toco(['label', run, '--limit', '2', '--out', join(folder, 'labels')]);
  expect(labeled).toMatchObject({ status: 0 });
  const shown = await toco([
    'show',
    run,
    '--images',
    'val-00000',
    '--limit',
    '1',
    '-o',
    join(folder, 'shown'),
  ]);
  expect(shown).toMatchObject({ status: 0 });

  const hub = join(folder, 'hub');
  const eager = ['--set', 'engine.compile=false'];
  expect(await toco(['export', run, '--format', 'hub', '--size', '48', '--out', hub])).toMatchObject({
    status: 0,
  });
  const file = [join(hub, 'model.safetensors'), '--config', tinyConfig, '--network', module, ...eager];
  const published = await toco(['evaluate', ...file, '--out', join(folder, 'evaluations'), '--json']);
  expect(published).toMatchObject({ status: 0 });
  const again = await toco(['evaluate', run, '--json', ...eager]);
  expect((JSON.parse(published.stdout) as { columns: unknown }).columns).toEqual(
    (JSON.parse(again.stdout) as { columns: unknown }).columns,
  );
}, 600_000);
