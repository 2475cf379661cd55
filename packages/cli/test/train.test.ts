import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { readSafetensors } from '@toco/formats';
import { inTemporaryFolder, tinyBackbone, tinyRun, toco } from './run-toco.js';

interface Row {
  kind: string;
  iteration: number;
  [metric: string]: unknown;
}

function rowsOf(folder: string): Row[] {
  const text = readFileSync(join(folder, 'metrics.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Row);
}

function modelOf(folder: string, iteration: number): ReturnType<typeof readSafetensors> {
  const name = `checkpoints/iteration-${String(iteration).padStart(6, '0')}/model.safetensors`;
  return readSafetensors(join(folder, name));
}

/** CRC-32C bit by bit, rotated and offset as TFRecord stores it. */
function maskedCrc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  crc = ~crc >>> 0;
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** Records of an event file, each checked against its two checksums. */
function tensorBoardRecords(folder: string): number {
  const name = readdirSync(folder).find((file) => file.startsWith('events.out.tfevents.'))!;
  const bytes = readFileSync(join(folder, name));
  let count = 0;
  for (let at = 0; at < bytes.length; count++) {
    const length = Number(bytes.readBigUInt64LE(at));
    expect(bytes.readUInt32LE(at + 8)).toBe(maskedCrc32c(bytes.subarray(at, at + 8)));
    expect(bytes.readUInt32LE(at + 12 + length)).toBe(
      maskedCrc32c(bytes.subarray(at + 12, at + 12 + length)),
    );
    at += 16 + length;
  }
  return count;
}

test('a run that is stopped and resumed ends with the same weights as one that was not', async () => {
  await inTemporaryFolder(async (folder) => {
    const [whole, parted] = [join(folder, 'whole'), join(folder, 'parted')];
    // Tracing takes most of so short a run; `test/kills` resumes compiled ones.
    const first = await toco(['train', ...tinyRun, '--out', whole, '--set', 'engine.compile=false']);
    expect(first).toMatchObject({ status: 0 });
    expect(first.stdout.trim()).toBe(join(whole, 'checkpoints/iteration-000008'));
    expect(first.stderr).toMatch(/train .*8\/8 .*images\/s.*loss/);
    expect(first.stderr).toMatch(
      /iteration 8: mIoU of CAM [\d.]+, auxiliary CAM [\d.]+, segmentation [\d.]+; F1/,
    );
    expect(first.stderr).toContain(`Report: ${join(whole, 'report.html')}`);
    const report = readFileSync(join(whole, 'report.html'), 'utf8');
    expect(report).toContain('8 iterations of 2 images, seed 0');
    expect(report.match(/alt="segmentation of/g)!.length).toBe(4);
    // TensorFlow's own lines do not reach the user
    expect(first.stderr).not.toMatch(/^[EIW]0000|oneDNN|absl/m);

    const settings = ['engine.compile=false', 'run.stopAfter=5'];
    const stopped = await toco(['train', ...tinyRun, '--out', parted, '--set', ...settings]);
    expect(stopped).toMatchObject({ status: 0 });
    const again = [
      'train',
      '--resume',
      '--out',
      parted,
      '--backbone',
      tinyBackbone,
      '--set',
      'run.stopAfter=8',
    ];
    const resumed = await toco(again);
    expect(resumed).toMatchObject({ status: 0 });
    expect(resumed.stderr).toContain('Resuming from');

    expect(modelOf(parted, 8)).toEqual(modelOf(whole, 8));
    const trained = (folder: string): Row[] => rowsOf(folder).filter(({ kind }) => kind === 'train');
    expect(trained(whole).map(({ iteration }) => iteration)).toEqual([2, 4, 6, 8]);
    // The window of metrics that the stop fell into went on.
    const timeless = trained(whole).map((row) => ({
      ...row,
      seconds: expect.any(Number),
      memory: expect.any(Number),
    }));
    expect(trained(parted)).toEqual(timeless);
    const evaluation = rowsOf(whole).at(-1)!;
    expect(evaluation.kind).toBe('evaluation');
    expect(rowsOf(parted).at(-1)).toMatchObject({ cam: evaluation['cam'], seg: evaluation['seg'] });
    // seg and reg weigh in from iteration 4 on
    expect(Object.keys(trained(whole)[1]!)).not.toContain('seg');
    expect(Object.keys(trained(whole)[3]!)).toEqual(
      expect.arrayContaining(['seg', 'reg', 'lr', 'gradNorm', 'memory']),
    );
    expect(tensorBoardRecords(whole)).toBe(1 + 5);

    const evaluated = await toco(['evaluate', whole, '--backbone', tinyBackbone, '--json']);
    expect(evaluated).toMatchObject({ status: 0 });
    const figures = JSON.parse(evaluated.stdout) as {
      columns: { cam: { mean: number } };
      images: number;
    };
    expect(figures.images).toBe(4);
    expect(100 * figures.columns.cam.mean).toBeCloseTo(evaluation['cam'] as number, 1);

    const [earlier, page] = [join(whole, 'checkpoints/iteration-000004'), join(folder, 'page.html')];
    const drawn = await toco(['evaluate', earlier, '--backbone', tinyBackbone, '--report', page]);
    expect(drawn.stderr).toContain(`Report: ${page}`);
    expect(readFileSync(page, 'utf8')).toContain('4 iterations of 2 images');
    expect(readFileSync(join(whole, 'report.html'), 'utf8')).toMatch(/Protocol: list val of .*, 4 images, /);

    const metrics = join(whole, 'metrics.jsonl');
    const lines = readFileSync(metrics, 'utf8').trimEnd().split('\n');
    writeFileSync(metrics, `${lines.slice(0, -1).join('\n')}\n`);
    rmSync(join(whole, 'report.html'));
    const last = await toco(['train', '--resume', '--out', whole, '--backbone', tinyBackbone]);
    expect(last).toMatchObject({ status: 0, stdout: first.stdout });
    expect(last.stderr).toContain('Report: ');
    expect(rowsOf(whole).length).toBe(lines.length);
    expect(rowsOf(whole).at(-1)!['cam']).toBeCloseTo(evaluation['cam'] as number, 1);
    const nothing = await toco(['train', '--resume', '--out', whole, '--backbone', tinyBackbone]);
    expect(nothing).toMatchObject({ status: 0, stdout: first.stdout });
    expect(nothing.stderr).not.toContain('validate');

    const busy = await toco(['train', ...tinyRun, '--out', whole]);
    expect(busy.status).toBe(1);
    expect(busy.stderr).toMatch(
      /not empty; resume that run with --resume, or choose another folder with --out\.\n$/,
    );
  });
});

test('Ctrl-C ends after the iteration in hand, with a checkpoint to go on from', async () => {
  await inTemporaryFolder(async (folder) => {
    const out = join(folder, 'run');
    let sent = false;
    const args = [
      'train',
      ...tinyRun,
      '--out',
      out,
      '--set',
      'engine.compile=false',
      'optimizer.iterations=5000',
      'run.checkpointEvery=5000',
    ];
    const { status, stderr } = await toco(args, {
      onOutput: (text, child) => {
        if (!sent && /train .*\d+\/5000/.test(text)) sent = child.kill('SIGINT');
      },
    });
    expect(status).toBe(130);
    expect(stderr).toMatch(/resume with: toco train --resume --out /);
    const [checkpoint] = readdirSync(join(out, 'checkpoints'));
    const done = Number(/iteration-(\d+)/.exec(checkpoint!)![1]);
    const more = ['--resume', '--out', out, '--backbone', tinyBackbone, '--set', `run.stopAfter=${done + 2}`];
    expect(await toco(['train', ...more])).toMatchObject({ status: 0 });
    expect(rowsOf(out).at(-1)!.iteration).toBe(done + 2);
  });
});

test('eager and compiled runs agree in both phases', async () => {
  await inTemporaryFolder(async (folder) => {
    const short = ['--set', 'run.stopAfter=5', 'run.logEvery=1', 'evaluation.limit=2'];
    const losses: number[][] = [];
    for (const compile of [true, false]) {
      const out = join(folder, String(compile));
      expect(
        await toco(['train', ...tinyRun, ...short, `engine.compile=${compile}`, '--out', out]),
      ).toMatchObject({ status: 0 });
      losses.push(
        rowsOf(out)
          .filter(({ kind }) => kind === 'train')
          .map(({ loss }) => loss as number),
      );
    }
    expect(losses.map(({ length }) => length)).toEqual([5, 5]);
    losses[0]!.forEach((loss, i) => {
      expect(Math.abs(loss - losses[1]![i]!)).toBeLessThanOrEqual(1e-5 * Math.abs(loss));
    });
  });
});
