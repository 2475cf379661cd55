import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { inTemporaryFolder, tinyBackbone, tinyNetwork, tinyRun, toco } from './run-toco.js';

const short = ['run.stopAfter=1', 'run.checkpointEvery=1', 'evaluation.limit=3'];

interface Figures {
  readonly similarity: readonly number[];
  readonly classes: readonly string[];
  readonly columns: Readonly<
    Record<
      string,
      { readonly mean: number; readonly perClass: readonly (number | null)[]; readonly absent: number[] }
    >
  >;
  readonly sweeps: { readonly cam: { readonly best: { readonly threshold: number; readonly mean: number } } };
  readonly protocol: Readonly<Record<string, unknown>>;
}

const fast = {
  ...{ name: 'fast', size: { squash: 48 }, oddSizes: 'corrected', mayLeaveOut: true },
  segmentation: { scales: [1], mirror: 'none', fusion: 'max' },
  cam: { scales: [1, 0.5, 1.5], mirror: 'max', fusion: 'sum' },
};

test('an evaluation computes as its run did, and says how', async () => {
  await inTemporaryFolder(async (folder) => {
    const out = join(folder, 'run');
    const trained = await toco([
      ...['train', ...tinyRun, '--out', out, '--set', ...short, 'engine.precision=bf16'],
    ]);
    expect(trained).toMatchObject({ status: 0 });
    const row = JSON.parse(
      readFileSync(join(out, 'metrics.jsonl'), 'utf8').trimEnd().split('\n').at(-1)!,
    ) as {
      readonly similarity: readonly number[];
      readonly seg: number;
      readonly cam: number;
    };

    const backbone = ['--backbone', tinyBackbone];
    const again = await toco(['evaluate', out, ...backbone, '--json']);
    const figures = JSON.parse(again.stdout) as Figures;
    // In training four images share a pass, here each has its own: the last digits of bf16 may differ.
    figures.similarity.forEach((value, block) => expect(value).toBeCloseTo(row.similarity[block]!, 3));
    expect(100 * figures.columns['cam']!.mean).toBeCloseTo(row.cam, 0);
    expect(100 * figures.columns['single']!.mean).toBeCloseTo(row.seg, 0);
    expect(Object.keys(figures.columns)).toEqual(['cam', 'camAux', 'single']);
    expect(figures.sweeps.cam.best.mean).toBeGreaterThanOrEqual(figures.columns['cam']!.mean);
    expect(figures.classes[0]).toBe('background');
    expect(figures.classes).toHaveLength(figures.columns['cam']!.perClass.length);
    expect(figures.protocol).toEqual({
      ...{ data: 'synthetic scenes', list: 'val', images: 3, protocol: fast, threshold: 0.5 },
      ...{ precision: 'bf16', compiled: true },
    });
    expect(again.stderr).toMatch(/^Network .*iteration-000001; list val of synthetic scenes, 3 images\.$/m);

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
    for (const k of figures.columns['cam']!.absent)
      expect(plain.stdout).toMatch(new RegExp(`^Absent .*\\b${figures.classes[k]!}\\b`, 'm'));
    expect(plain.stdout).toContain('CAM columns use the true labels');
  });
});

test('steps of the paper’s protocol side by side; three parts, one of them twice, are the whole; a rerun goes on', async () => {
  await inTemporaryFolder(async (folder) => {
    const args = ['evaluate', ...tinyNetwork, '--protocol', 'voc', '--limit', '4'];
    const whole = await toco([...args, '--json', '--out', join(folder, 'whole')]);
    expect(whole).toMatchObject({ status: 0 });
    const { columns } = JSON.parse(whole.stdout) as Figures;
    expect(Object.keys(columns)).toEqual(['cam', 'camAux', 'single', 'fused', 'crf']);

    const parts = join(folder, 'parts');
    for (const index of ['0', '1', '2']) {
      const env = { JOB_COMPLETION_INDEX: index };
      expect(await toco([...args, '--out', parts, '--shard', 'auto/3'], { env })).toMatchObject({
        status: 0,
      });
    }
    const files = readdirSync(parts).map((name) => join(parts, name));
    expect(files).toHaveLength(3);
    const twin = join(folder, 'twin.json');
    copyFileSync(files[1]!, twin);
    const merged = await toco(['evaluate', '--merge', ...[...files, twin].reverse(), '--json']);
    expect(merged.stderr).toContain('is there twice');
    expect(merged).toMatchObject({ status: 0, stdout: whole.stdout });

    const missing = await toco(['evaluate', '--merge', files[0]!, files[2]!]);
    expect(missing).toMatchObject({ status: 1, stdout: '' });
    expect(missing.stderr).toMatch(/^Of 3 parts one is missing: \d\/3\.$/m);
    const other = await toco([...args, '--out', folder, '--shard', '1/3', '--crf', 'none']);
    expect(other).toMatchObject({ status: 0 });
    const foreign = readdirSync(folder).find((name) => name.endsWith('1-of-3.json'))!;
    const mixed = await toco(['evaluate', '--merge', files[0]!, files[2]!, join(folder, foreign)]);
    expect(mixed.stderr).toMatch(/: is of other settings than /);

    // A file of fewer images is one that was interrupted: the rest is done, and the figures are the same.
    const path = join(folder, 'whole', readdirSync(join(folder, 'whole'))[0]!);
    const cut = JSON.parse(readFileSync(path, 'utf8')) as { counts: object; seal: string };
    writeFileSync(path, JSON.stringify({ ...cut, seal: 'wrong' }));
    const damaged = await toco([...args, '--json', '--out', join(folder, 'whole')]);
    expect(damaged.stderr).toMatch(/or damaged\. It is evaluated again\.$/m);
    expect(damaged).toMatchObject({ status: 0, stdout: whole.stdout });
    const known = await toco([...args, '--json', '--out', join(folder, 'whole')]);
    expect(known.stderr).toMatch(/^Already evaluated: /m);
    expect(known).toMatchObject({ status: 0, stdout: whole.stdout });
  });
});

test('an image that memory did not suffice for is tried again; the line that refuses it says nothing of its file', async () => {
  await inTemporaryFolder(async (folder) => {
    const args = ['evaluate', ...tinyNetwork, '--limit', '1', '--out', folder];
    const refused = await toco([...args, '--memory', '1kB']);
    expect(refused).toMatchObject({ status: 1, stdout: '' });
    expect(refused.stderr.trimEnd().split('\n').at(-1)).toMatch(
      /^No image could be evaluated: .* 1 MB may be taken \(--memory\); [^.]*--window 448\.$/,
    );
    const again = await toco([...args, '--json']);
    expect(again).toMatchObject({ status: 0 });
    expect(JSON.parse(again.stdout)).toMatchObject({ images: 1, leftOut: [] });
  });
});

test('a part without images, as there are more parts than images, has its file and is merged', async () => {
  await inTemporaryFolder(async (folder) => {
    const args = ['evaluate', ...tinyNetwork, '--limit', '1', '--out', folder, '--shard'];
    expect(await toco([...args, '0/2'])).toMatchObject({ status: 0 });
    const empty = await toco([...args, '1/2']);
    expect(empty).toMatchObject({ status: 0 });
    expect(empty.stdout).toMatch(/^Part 1 of 2: [^\n]*-1-of-2\.json\n$/);
    const files = readdirSync(folder).map((name) => join(folder, name));
    const merged = await toco(['evaluate', '--json', '--out', folder, '--merge', ...files.reverse()]);
    expect(merged).toMatchObject({ status: 0 });
    expect(JSON.parse(merged.stdout)).toMatchObject({ images: 1 });
    // What is merged into a folder is there for the run: a page needs no second count.
    const page = join(folder, 'page.html');
    const shown = await toco([...args.slice(0, -1), '--json', '--report', page]);
    expect(shown.stderr).toMatch(/^Already evaluated: /m);
    expect(shown).toMatchObject({ status: 0, stdout: merged.stdout });
    expect(existsSync(page)).toBe(true);
  });
});

test.each([
  [
    ['--merge', 'a.json', '--protocol', 'voc', '--limit', '1'],
    /^--protocol: belongs to the commands that make the parts, not to --merge, which takes /,
  ],
  [
    ['--merge', 'a.json', '--report', 'r.html'],
    /^--report: a page shows images, and --merge has counts alone; /,
  ],
  [['--merge', 'a.json', '--set', 'seed=1'], /^--set: belongs to /],
  [['.', '--merge', 'a.json'], /^\.: is a folder; --merge takes the files of the parts, and no run\.$/],
])('what --merge would ignore is refused in one line: %#', async (args, line) => {
  const refused = await toco(['evaluate', ...args]);
  expect(refused).toMatchObject({ status: 1, stdout: '' });
  expect(refused.stderr.trimEnd()).toMatch(line);
});

test('Ctrl-C keeps what is counted, and the same command goes on to the same figures', async () => {
  await inTemporaryFolder(async (folder) => {
    const many = ['--set', 'data.synthetic.val=40', 'data.synthetic.size=160'];
    const args = ['evaluate', ...tinyNetwork, ...many, '--protocol', 'voc', '--json', '--out'];
    const interrupted = await toco([...args, join(folder, 'a')], {
      onOutput: (text, child) => {
        // once: a second one ends it at once
        if (!child.killed && /^evaluate .* 1\/40/m.test(text)) child.kill('SIGINT');
      },
    });
    expect(interrupted).toMatchObject({ status: 130, stdout: '' });
    expect(interrupted.stderr).toMatch(
      /^Stopped after \d+ of 40 images\. Run the same command to continue\.$/m,
    );
    const resumed = await toco([...args, join(folder, 'a')]);
    expect(resumed.stderr).toMatch(/^Continuing after \d+ of 40 images\.$/m);
    const whole = await toco([...args, join(folder, 'b')]);
    expect(resumed).toMatchObject({ status: 0, stdout: whole.stdout });
  });
});

describe('what would silently be something else is refused or told', () => {
  test.each([
    [['engine.precision=bf16', 'engine.compile=false'], /engine\.precision bf16 needs a compiled step/],
    [['engine.precision=bf16', 'engine.backend=wasm'], /and the backend wasm compiles nothing/],
    [['engine.xla=true', 'engine.backend=cpu'], /engine\.xla needs a compiled step/],
    [
      ['__proto__.polluted=1'],
      /^--set __proto__\.polluted=1: "__proto__" is not a key of the configuration\.$/,
    ],
    [['data.constructor.prototype.x=1'], /"constructor" is not a key of the configuration\.$/],
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
      settings.push('oddSizes=reference');
      const { status, stderr } = await toco([
        ...['train', ...tinyRun, '--out', join(folder, 'run'), '--set', ...settings],
      ]);
      expect(stderr.match(/^Warning: views.*$/gm)).toEqual([
        'Warning: views.cropSize 72 is 36 at scale 0.5, 108 at scale 1.5, no multiple of the patch size 8 of tiny: CAMs of that scale are shifted by up to 8 pixels. Choose 64 or 80, or set behavior.oddSizes=corrected.',
      ]);
      expect(stderr.indexOf('Warning: views')).toBeLessThan(stderr.indexOf('Training tiny'));
      expect(status).toBe(0);
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
