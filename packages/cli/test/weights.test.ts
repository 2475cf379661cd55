import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import sharp from 'sharp';
import { inTemporaryFolder, tinyBackbone, tinyConfig, toco } from './run-toco.js';

const pth = fileURLToPath(new URL('../../weights/test/__fixtures__/network.pth', import.meta.url));
const model = ['--weights', pth, '--config', tinyConfig, '--backbone', tinyBackbone];

test("the authors' checkpoints are evaluated by their file", async () => {
  await inTemporaryFolder(async (folder) => {
    const { status, stdout, stderr } = await toco(['evaluate', ...model, '--json', '--out', folder]);
    expect(stderr).toMatch(
      /network\.pth: tiny, 6 classes; 63 arrays matched, missing none, left over encoder\.head/,
    );
    expect(status).toBe(0);
    const { columns } = JSON.parse(stdout) as { columns: { single: { perClass: number[] } } };
    expect(columns.single.perClass).toHaveLength(7);
  });
});

test('the report of a weight file says what is known and no more', async () => {
  await inTemporaryFolder(async (folder) => {
    const page = join(folder, 'reports/page.html');
    expect(await toco(['evaluate', ...model, '--report', page, '--out', folder])).toMatchObject({
      status: 0,
    });
    const text = readFileSync(page, 'utf8');
    // The command as it was typed.
    expect(text).toContain(`toco evaluate ${model.join(' ')} --report ${page} --out ${folder}`);
    expect(text).toContain('<dt>images validated</dt>');
    expect(text).not.toContain('<dt>iterations</dt>');
    expect(text).toMatch(/<p class="note">Protocol: list val of synthetic scenes, \d+ images, .*</);
    expect(text).toMatch(/<section\s+id="thresholds"/);

    const wrong = await toco(['evaluate', ...model, '--report', join(page, 'page.html')]);
    expect(wrong.status).toBe(1);
    expect(wrong.stderr.trimEnd()).toMatch(
      /^.*page\.html: the report can't be written there .*; choose another file\.$/,
    );
  });
});

test('a network is exported by the command', async () => {
  await inTemporaryFolder(async (folder) => {
    const out = join(folder, 'model');
    const outcome = await toco(['export', ...model, '--format', 'tfjs', '--size', '48', '--out', out]);
    expect(outcome).toMatchObject({ status: 0, stdout: `${out}\n` });
    expect(outcome.stderr).toMatch(/in {2}images: float32 \[1,48,48,3\]\n.*logits: float32 \[1,48,48,7\]/);
    expect(readdirSync(out).sort()).toEqual(['model.json', 'weights-1-of-1.bin']);
    const odd = await toco(['export', ...model, '--size', '50', '--out', join(folder, 'odd')]);
    expect(odd).toMatchObject({
      status: 1,
      stderr: '--size 50 is not a multiple of the patch size 8 of tiny; choose 48 or 56.\n',
    });
  });
});

test('weights are converted by the command, with the report of a backbone', async () => {
  await inTemporaryFolder(async (folder) => {
    const out = join(folder, 'encoder.safetensors');
    const { status, stderr } = await toco(['convert', pth, out, '--to', 'timm']);
    expect(stderr).toMatch(
      /network\.pth: torch\.\nLeft out: 21 arrays .*\n.*encoder\.safetensors: 44 arrays/,
    );
    expect(status).toBe(0);
    expect(readFileSync(out).readBigUInt64LE()).toBeGreaterThan(0n);
    const wrong = await toco(['convert', pth, out, '--backbone', 'deit_tiny_patch16_224']);
    expect(wrong.status).toBe(1);
    expect(wrong.stderr).toMatch(/network\.pth: \S+: has shape .* in the checkpoint, .* in the network/);
  });
});

test('a weight file whose backbone or classes are not known is told with what to type, and that works', async () => {
  await inTemporaryFolder(async (folder) => {
    const unnamed = ['--config', tinyConfig, '--set', 'engine.compile=false'];
    const last = async (args: readonly string[]): Promise<string> => {
      const { status, stderr } = await toco(args);
      expect(status).toBe(1);
      return stderr.trimEnd().split('\n').at(-1)!;
    };
    expect(await last(['evaluate', pth, '--set', 'data.dataset=synthetic'])).toBe(
      `${pth}: its shapes don't tell which backbone it is of; name that: --set backbone.name=swin_tiny_patch4_window7_224, or --backbone file.js for one of your own (in a program: loadNetwork(file, { backbone })).`,
    );
    expect(await last(['evaluate', pth, ...unnamed, 'backbone.name=vit_tiny_patch16_224'])).toMatch(
      /; give what it was trained with: --set backbone\.name=… \(--backbone file\.js for one of your own\), and --set network\.decoderDim=… /,
    );

    const data = join(folder, 'data');
    const image = await sharp({ create: { width: 48, height: 48, channels: 3, background: '#864' } })
      .jpeg()
      .toBuffer();
    const classed = (names: readonly string[]): void => {
      for (const name of names) {
        mkdirSync(join(data, name), { recursive: true });
        writeFileSync(join(data, name, '1.jpg'), image);
      }
      const ids = names.map((name) => `${name}/1\n`).join('');
      for (const list of ['train', 'val']) writeFileSync(join(data, `${list}.txt`), ids);
    };
    const evaluate = ['evaluate', ...model, '--out', join(folder, 'out'), '--data', data];
    const set = [...['--set', 'engine.compile=false'], 'data.dataset=folder'];
    classed(['ant', 'cow']);
    expect(await last([...evaluate, ...set])).toBe(
      'folder: has 2 classes (ant, cow), the network was trained on 6; name the data set that it was trained on with --data, or all of its classes in its order: --set data.classes=[…].',
    );
    const named = await toco([...evaluate, ...set, 'data.classes=[ant, bee, cow, dog, elk, fox]']);
    expect(named).toMatchObject({ status: 0 });
    expect(named.stderr).not.toContain("doesn't tell its classes");
    classed(['ant', 'bee', 'cow', 'dog', 'elk', 'fox']);
    const assumed = await toco([...evaluate, ...set]);
    expect(assumed).toMatchObject({ status: 0 });
    expect(assumed.stderr).toContain(
      `${pth}: doesn't tell its classes, so they are taken for those of folder in their order (ant, bee, cow …); if they are others, name them: --set data.classes=[…].\n`,
    );

    const photograph = join(data, 'ant', '1.jpg');
    const predict = ['predict', pth, photograph, ...model.slice(2), '--out', join(folder, 'masks'), '--set'];
    const few = await toco([...predict, 'engine.compile=false', 'data.classes=[ant]']);
    expect(few.stderr).toContain(
      'The network has 6 classes, and 1 name is given, so they are numbered; name all of them in its order: --set data.classes=[cat, dog], or ',
    );
  });
}, 240_000);
