import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import sharp from 'sharp';
import { here, inTemporaryFolder, main, tinyBackbone, tinyConfig, toco } from './run-toco.js';

interface Row {
  kind: string;
  iteration: number;
}

function rowsOf(folder: string): Row[] {
  const text = readFileSync(join(folder, 'metrics.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Row);
}

function checkpointsOf(folder: string): string[] {
  return readdirSync(join(folder, 'checkpoints')).sort();
}

// What is saved, and when, is the same in a compiled step, whose tracing takes most of so short a run.
const eager = 'engine.compile=false';
const endless = [eager, 'optimizer.iterations=5000', 'run.checkpointEvery=5000', 'evaluation.every=5000'];

/** Arguments of a new tiny run on synthetic scenes. */
function begin(out: string, settings: readonly string[], backbone: string = tinyBackbone): string[] {
  return ['train', '--config', tinyConfig, '--backbone', backbone, '--out', out, '--set', ...settings];
}

/** Pastes a command into a shell, with more arguments behind it. */
function paste(command: string, more: string): Promise<{ status: number; stderr: string }> {
  const line = `${command.replace(/^toco /, `"${process.execPath}" "${main}" `)} ${more}`;
  return new Promise((resolve) => {
    execFile('sh', ['-c', line], (error, _stdout, stderr) => {
      resolve({ status: (error?.code as number | undefined) ?? 0, stderr });
    });
  });
}

test('a folder in which a process trains is refused; SIGTERM saves, and the command that is printed goes on', async () => {
  await inTemporaryFolder(async (folder) => {
    const out = join(folder, "it's a run");
    let second: ReturnType<typeof toco> | undefined;
    let pid: number | undefined;
    const first = await toco(begin(out, endless), {
      onOutput: (text, child) => {
        if (second !== undefined || !/train .*\d+\/5000/.test(text)) return;
        pid = child.pid;
        second = toco(['train', '--resume', '--out', out]);
        void second.then(() => child.kill('SIGTERM'));
      },
    });
    const refused = await second!;
    expect(refused.status).toBe(1);
    expect(refused.stderr.trimEnd().split('\n').at(-1)).toMatch(
      new RegExp(
        `run: process ${pid} on .* is training here; wait for it, stop it, or choose another folder`,
      ),
    );
    expect(first.status).toBe(143);
    const [, done, command] = /Stopped after (\d+) iterations; resume with: (.*)/.exec(first.stderr)!;
    const resumed = await paste(command!, `--set run.stopAfter=${Number(done) + 1}`);
    expect(resumed).toMatchObject({ status: 0 });
    expect(rowsOf(out).at(-1)!.iteration).toBe(Number(done) + 1);
  });
});

test('killed before its first checkpoint, a run is resumed from its beginning, with what is given then and kept', async () => {
  await inTemporaryFolder(async (folder) => {
    const out = join(folder, 'run');
    const killed = await toco(begin(out, endless), {
      onOutput: (text, child) => {
        if (/train .*\d+\/5000/.test(text)) child.kill('SIGKILL');
      },
    });
    expect(killed.status).toBe(null);
    const file = join(folder, 'more.yaml');
    writeFileSync(file, 'optimizer: { lr: 5e-4, iterations: 6 }\nrun: { checkpointEvery: 2, keep: 3 }\n');
    const begun = await toco(['train', '--resume', '--out', out, '--config', file]);
    expect(begun).toMatchObject({ status: 0, stdout: `${join(out, 'checkpoints/iteration-000006')}\n` });
    expect(begun.stderr).toMatch(/no checkpoint yet, the run starts from its beginning/);
    expect(begun.stderr).toContain('Changed from iteration 0 on: optimizer.lr is 0.0005, was 0.001.');
    expect(checkpointsOf(out)).toEqual(['iteration-000002', 'iteration-000004', 'iteration-000006']);

    // damage: one cut off, one with other bytes in the middle
    truncateSync(join(out, 'checkpoints/iteration-000006/optimizer.safetensors'), 1000);
    const garbled = openSync(join(out, 'checkpoints/iteration-000004/model.safetensors'), 'r+');
    writeSync(garbled, 'garbled', 20_000);
    writeFileSync(join(out, 'config.yaml.1-00000000.part'), 'left by a kill');
    const resumed = await toco(['train', '--resume', '--out', out, '--set', 'batchSize=4', 'run.keep=9']);
    expect(resumed).toMatchObject({ status: 0 });
    expect(resumed.stderr).toMatch(
      /iteration-000006: damaged, optimizer\.safetensors has 1000 bytes instead/,
    );
    expect(resumed.stderr).toMatch(/iteration-000004: damaged, model\.safetensors is not what was written/);
    expect(resumed.stderr).toContain('Changed from iteration 2 on: batchSize is 4, was 2.');
    expect(checkpointsOf(out)).toEqual([
      'iteration-000002',
      'iteration-000004',
      'iteration-000004.damaged',
      'iteration-000006',
      'iteration-000006.damaged',
    ]);
    expect(existsSync(join(out, 'config.yaml.1-00000000.part'))).toBe(false);
    expect(readFileSync(join(out, 'config.yaml'), 'utf8')).toMatch(/^batchSize: 4$/m);
    expect(readFileSync(join(out, 'config-until-000002.yaml'), 'utf8')).toMatch(/^batchSize: 2$/m);

    const done = await toco(['train', '--resume', '--out', out]);
    expect(done.status).toBe(0);
    expect(done.stderr).toMatch(
      /Nothing left to do: the run has 6 iterations and optimizer\.iterations is 6/,
    );
    const other = await toco(['train', '--resume', '--out', out, '--set', 'network.decoderDim=16']);
    expect(other.status).toBe(1);
    expect(other.stderr).toMatch(/network\.decoderDim is 16, was 8, and no checkpoint fits another network/);
  });
});

test('SIGHUP, which a closing terminal sends several times, saves and ends with 129; other classes are refused then', async () => {
  await inTemporaryFolder(async (folder) => {
    const out = join(folder, 'run');
    const { status, stderr } = await toco(begin(out, endless), {
      onOutput: (text, child) => {
        if (/train .*\d+\/5000/.test(text)) child.kill('SIGHUP');
      },
    });
    expect(status).toBe(129);
    const done = Number(/Stopped after (\d+) iterations?; resume with/.exec(stderr)![1]);
    expect(checkpointsOf(out)).toEqual([`iteration-${String(done).padStart(6, '0')}`]);

    const data = join(folder, 'animals');
    for (const id of ['cat/a', 'cat/b', 'dog/c', 'dog/d']) {
      mkdirSync(join(data, id, '..'), { recursive: true });
      const photograph = sharp({ create: { width: 64, height: 56, channels: 3, background: '#864' } });
      writeFileSync(join(data, `${id}.jpg`), await photograph.jpeg().toBuffer());
    }
    const kept = readFileSync(join(out, 'config.yaml'), 'utf8');
    const other = await toco([
      'train',
      '--resume',
      '--out',
      out,
      '--data',
      data,
      '--set',
      'data.dataset=folder',
    ]);
    expect(other.status).toBe(1);
    expect(other.stderr).toMatch(
      /the data set has 2 classes, the run was trained on \d+ \(now without .*, with cat, dog\), and a run can't be resumed with other classes; start a new run with --out <another folder>\.$/m,
    );
    expect(readFileSync(join(out, 'config.yaml'), 'utf8')).toBe(kept);
  });
});

test('an interrupted validation is made up for', async () => {
  await inTemporaryFolder(async (folder) => {
    const out = join(folder, 'run');
    const settings = [eager, 'evaluation.every=2', 'run.checkpointEvery=100', 'data.synthetic.val=2000'];
    const { status, stderr } = await toco(begin(out, settings), {
      onOutput: (text, child) => {
        if (!child.killed && /^validate /m.test(text)) child.kill('SIGINT');
      },
    });
    expect(status).toBe(130);
    expect(stderr).toContain('Stopped after 2 iterations');
    expect(checkpointsOf(out)).toEqual(['iteration-000002']);
    expect(rowsOf(out).map(({ kind }) => kind)).toEqual(['train']);
    const more = ['data.synthetic.val=4', 'run.stopAfter=3'];
    expect(await toco(['train', '--resume', '--out', out, '--set', ...more])).toMatchObject({ status: 0 });
    expect(rowsOf(out).map(({ kind, iteration }) => `${kind} ${iteration}`)).toEqual([
      'train 2',
      'evaluation 2',
      'train 3',
      'evaluation 3',
    ]);
  });
});

test('an error in a step saves what was trained until then', async () => {
  await inTemporaryFolder(async (folder) => {
    const [out, flag] = [join(folder, 'run'), join(folder, 'fail')];
    const failed = await toco(begin(out, endless, here('failing-backbone.js')), {
      env: { TOCO_TEST_FAIL: flag },
      onOutput: (text) => {
        if (/train .*\d+\/5000/.test(text)) writeFileSync(flag, '');
      },
    });
    expect(failed.status).toBe(1);
    // A fault in somebody's code comes with its stack.
    expect(failed.stderr).toMatch(/^Error: the backbone failed\n +at .*failing-backbone\.js/m);
    const done = Number(/Saved iteration (\d+) /.exec(failed.stderr)![1]);
    rmSync(flag);
    const again = await toco(['train', '--resume', '--out', out, '--set', `run.stopAfter=${done + 1}`]);
    expect(again).toMatchObject({ status: 0 });
    expect(again.stderr).toContain('Backbone failing of ');
  });
});

test('weights that are no numbers become no checkpoint', async () => {
  await inTemporaryFolder(async (folder) => {
    const out = join(folder, 'run');
    const settings = [eager, 'optimizer.lr=1e300', 'optimizer.warmup=0', 'run.checkpointEvery=1'];
    const { status, stderr } = await toco(begin(out, settings));
    expect(status).toBe(1);
    expect(stderr.trimEnd().split('\n').at(-1)).toMatch(
      /^Iteration 1 gave values that are not finite numbers: encoder\.\S+ .*\(images .*\)\. There is no checkpoint yet; repeat that iteration with: toco train --resume --out /,
    );
    expect(existsSync(join(out, 'checkpoints'))).toBe(false);
  });
});

test('a run outlives the reader of its log', async () => {
  await inTemporaryFolder(async (folder) => {
    const out = join(folder, 'run');
    const { status } = await toco(begin(out, [eager]), {
      onOutput: (_text, child) => {
        child.stdout!.destroy();
        child.stderr!.destroy();
      },
    });
    expect(status).toBe(0);
    expect(existsSync(join(out, 'report.html'))).toBe(true);
  });
});

test('a damaged or empty config.yaml is told with what to do, and that works', async () => {
  await inTemporaryFolder(async (folder) => {
    const out = join(folder, 'run');
    const config = join(out, 'config.yaml');
    const settings = [eager, 'optimizer.iterations=1'];
    expect(await toco(begin(out, settings))).toMatchObject({ status: 0 });
    const whole = readFileSync(config, 'utf8');
    for (const text of ['', '{{{: 1\n', 'batchSize: many\n']) {
      writeFileSync(config, text);
      const { status, stderr } = await toco(['train', '--resume', '--out', out]);
      expect(status).toBe(1);
      expect(stderr).toMatch(
        /config\.yaml:.*\. Remove the file, and the configuration of the newest checkpoint is used\.\n$/,
      );
    }
    rmSync(config);
    expect(await toco(['train', '--resume', '--out', out])).toMatchObject({ status: 0 });
    expect(readFileSync(config, 'utf8')).toBe(whole);
  });
});
