import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
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
