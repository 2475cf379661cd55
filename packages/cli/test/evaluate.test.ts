import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { inTemporaryFolder, tinyBackbone, tinyRun, toco } from './run-toco.js';

const short = ['run.stopAfter=1', 'run.checkpointEvery=1', 'evaluation.limit=3'];

interface Figures {
  readonly similarity: readonly number[];
  readonly classes: readonly string[];
  readonly cam: { readonly perClass: readonly (number | null)[] };
  readonly protocol: Readonly<Record<string, unknown>>;
}

test('an evaluation computes as its run did, and says how', async () => {
  await inTemporaryFolder(async (folder) => {
    const out = join(folder, 'run');
    const trained = await toco([
      ...['train', ...tinyRun, '--out', out, '--set', ...short, 'engine.precision=bf16'],
    ]);
    expect(trained).toMatchObject({ status: 0 });
    const row = readFileSync(join(out, 'metrics.jsonl'), 'utf8').trimEnd().split('\n').at(-1)!;
    const { similarity } = JSON.parse(row) as Figures;

    const backbone = ['--backbone', tinyBackbone];
    const again = await toco(['evaluate', out, ...backbone, '--json']);
    const figures = JSON.parse(again.stdout) as Figures;
    expect(figures.similarity).toEqual(similarity);
    expect(figures.classes[0]).toBe('background');
    expect(figures.classes).toHaveLength(figures.cam.perClass.length);
    expect(figures.protocol).toEqual({
      ...{ data: 'synthetic scenes', list: 'val', images: 3, threshold: 0.5 },
      ...{ precision: 'bf16', compiled: true },
      protocol: {
        ...{ name: 'fast', size: { squash: 48 }, oddSizes: 'corrected', mayLeaveOut: true },
        segmentation: { scales: [1], mirror: 'none', fusion: 'max' },
        cam: { scales: [1, 0.5, 1.5], mirror: 'max', fusion: 'sum' },
      },
    });

    // Before the validation, not after it.
    const page = await toco(['evaluate', out, ...backbone, '--report', out]);
    expect(page).toMatchObject({ status: 1, stdout: '' });
    expect(page.stderr.trimEnd()).toBe(
      `${out}: the report can't be written there (it is a folder); choose another file.`,
    );

    // The folder stands behind the settings: they end where it begins.
    const plain = await toco(['evaluate', ...backbone, '--set', 'engine.precision=f32', 'seed=0', out]);
    expect(plain).toMatchObject({ status: 0 });
    const lines = plain.stdout.trimEnd().split('\n');
    expect(lines.at(-1)).toBe(
      'Protocol: list val of synthetic scenes, 3 images, scored at full size; fast: squashed to 48×48; segmentation: scale 1, not mirrored; CAM: scales 1, 0.5, 1.5, each mirrored too (maximum), sum over scales; no CRF; odd sizes corrected; CAMs: planes of the true labels, threshold 0.5; f32, compiled.',
    );
    const absent = (figures.cam.perClass as readonly (number | null)[]).flatMap((iou, k) =>
      iou === null ? [figures.classes[k]!] : [],
    );
    for (const name of absent) expect(plain.stdout).toMatch(new RegExp(`^Absent .*\\b${name}\\b`, 'm'));
  });
});

describe('what would silently be something else is refused or told', () => {
  test.each([
    [['engine.precision=bf16', 'engine.compile=false'], /engine\.precision bf16 needs a compiled step/],
    [['engine.precision=bf16', 'engine.backend=wasm'], /and the backend wasm compiles nothing/],
    [['engine.xla=true', 'engine.backend=cpu'], /engine\.xla needs a compiled step/],
    [['__proto__.polluted=1'], /^--set __proto__\.polluted=1: "__proto__" is no key of a configuration\.$/],
    [['data.constructor.prototype.x=1'], /"constructor" is no key of a configuration\.$/],
    [['data={__proto__: {x: 1}}'], /unknown key data\.__proto__/],
    [['backbone.name=constructor'], /There is no backbone "constructor"/],
  ])('%j', async (settings, line) => {
    await inTemporaryFolder(async (folder) => {
      const out = join(folder, 'run');
      const { status, stderr } = await toco([
        'train',
        '--config',
        tinyRun[1]!,
        '--out',
        out,
        '--set',
        ...settings,
      ]);
      expect(stderr.trimEnd().split('\n').at(-1)).toMatch(line);
      expect(status).toBe(1);
      expect(existsSync(out)).toBe(false);
    });
  });

  test('a size that is no whole number of patches at every scale', async () => {
    await inTemporaryFolder(async (folder) => {
      const settings = [...short, 'engine.compile=false', 'views.cropSize=72', 'evaluation.size=64'];
      const { status, stderr } = await toco([
        ...['train', ...tinyRun, '--out', join(folder, 'run'), '--set', ...settings, 'oddSizes=reference'],
      ]);
      expect(stderr.match(/^Warning: views.*$/gm)).toEqual([
        'Warning: views.cropSize 72 is 36 at scale 0.5, 108 at scale 1.5, no multiple of the patch size 8 of tiny: CAMs of that scale are shifted by up to 8 pixels. Choose 64 or 80, or set oddSizes=corrected.',
      ]);
      expect(stderr.indexOf('Warning: views')).toBeLessThan(stderr.indexOf('Training tiny'));
      expect(status).toBe(0);
      const corrected = await toco([
        ...['train', ...tinyRun, '--out', join(folder, 'corrected'), '--set', ...settings],
      ]);
      expect(corrected).toMatchObject({ status: 0, stderr: expect.not.stringContaining('Warning: views') });
    });
  });
});

test('--version', async () => {
  const { stdout, status } = await toco(['--version']);
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  expect(status).toBe(0);
});

/** A module with a backbone like the tiny one, but for what `change` (an expression over `tiny`) says. */
function backboneFile(folder: string, change: string): string {
  const file = join(folder, 'backbone.mjs');
  mkdirSync(folder, { recursive: true });
  writeFileSync(
    file,
    `import { backbone as tiny } from ${JSON.stringify(tinyBackbone)};\nexport const backbone = { ...tiny, ...(${change}) };\n`,
  );
  return file;
}

describe('a backbone of your own', () => {
  test.each([
    ['{ apply: () => undefined }', /^backbone tiny: apply gave no output; return \{ clsToken, /],
    [
      '{ apply: (...a) => { const { auxTokens, ...rest } = tiny.apply(...a); return rest; } }',
      /^backbone tiny: apply gave no auxTokens; return /,
    ],
    [
      '{ apply: (...a) => ({ ...tiny.apply(...a), grid: [7, 7] }) }',
      /^backbone tiny: grid is 7×7 for images of 48×48 pixels, at stride 8 it is 6×6; correct apply or stride\.$/,
    ],
    [
      '{ apply: (...a) => ({ ...tiny.apply(...a), auxGrid: 6 }) }',
      /^backbone tiny: auxGrid is 6; give rows and columns/,
    ],
    [
      '{ auxDim: 13 }',
      /^backbone tiny: auxTokens has shape \[2,36,12\], expected is \[2,36,13\] \(grid 6×6\)\.$/,
    ],
  ])('%s is told in one line', async (change, line) => {
    await inTemporaryFolder(async (folder) => {
      const args = ['--config', tinyRun[1]!, '--backbone', backboneFile(folder, change)];
      const { status, stderr } = await toco([
        ...['train', ...args, '--out', join(folder, 'run'), '--set', 'engine.compile=false'],
      ]);
      expect(stderr.trimEnd().split('\n').at(-1)).toMatch(line);
      expect(status).toBe(1);
    });
  });

  test('that is frozen trains the heads only, and that is said', async () => {
    await inTemporaryFolder(async (folder) => {
      const backbone = backboneFile(folder, '{ trainable: () => false }');
      const args = ['--config', tinyRun[1]!, '--backbone', backbone, '--out', join(folder, 'run')];
      const { status, stderr } = await toco(['train', ...args, '--set', ...short]);
      expect(stderr).toMatch(/^Backbone tiny is frozen: only the heads are trained/m);
      expect(status).toBe(0);
    });
  });
});
