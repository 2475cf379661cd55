import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { decodeSafetensors, readSafetensors } from '@toco/formats';
import { parse } from 'yaml';
import { publishFolder } from '../src/hub/publish-folder.js';
import { type HubServer, hubServer } from './hub-server.js';
import { writeOwnNetwork } from './own-network.js';
import { inTemporaryFolder, tinyRun, toco } from './run-toco.js';

const token = 'hf_standin';
let hub: HubServer;
let folder = '';

beforeEach(async () => {
  hub = await hubServer(token);
  folder = mkdtempSync(join(tmpdir(), 'toco-publish-'));
  mkdirSync(join(folder, 'onnx'));
  const bytes = (count: number): Buffer =>
    Buffer.from(Array.from({ length: count }, (_, i) => (i * 31) % 251));
  writeFileSync(join(folder, 'README.md'), '# A card\n');
  writeFileSync(join(folder, 'config.json'), '{}\n');
  writeFileSync(join(folder, 'model.safetensors'), bytes(5000));
  writeFileSync(join(folder, 'onnx/model.onnx'), bytes(250_000)); // three parts
});
afterEach(async () => {
  await hub.close();
  rmSync(folder, { recursive: true });
});

const paths = ['README.md', 'config.json', 'model.safetensors', 'onnx/model.onnx'];
const uploads = (): number => hub.asked.filter((line) => line.startsWith('PUT')).length;

/** Publishes the folder; what was said and shown. */
async function publish(
  given = token,
): Promise<{ commit?: string | undefined; lines: string[]; shown: number[] }> {
  const lines: string[] = [];
  const shown: number[] = [];
  const progress = { update: ({ done }: { done: number }) => shown.push(done), stop: () => undefined };
  const commit = await publishFolder(folder, {
    ...{ repository: 'me/cats', hubUrl: hub.url, token: given, progress },
    print: (line) => lines.push(line),
  });
  return { commit, lines, shown };
}

test('all files arrive, large ones in parts, and are not sent twice', async () => {
  const first = await publish();
  expect(first.commit).toBe('c0ffee');
  expect(first.lines).toEqual([
    expect.stringMatching(/^me\/cats: made on 127\.0\.0\.1:\d+\.$/),
    expect.stringMatching(/^me\/cats: 4 files of 4 to be sent, /),
  ]);
  expect(first.shown.at(-1)).toBe(0.3);
  expect(first.shown.length).toBeGreaterThan(3);
  const there = hub.models.get('me/cats')!;
  expect([...there.keys()].sort()).toEqual(paths);
  for (const path of paths) expect(there.get(path)!.equals(readFileSync(join(folder, path)))).toBe(true);
  expect(uploads()).toBe(4);

  const before = hub.asked.length;
  expect((await publish()).commit).toBeUndefined();
  expect(hub.asked.slice(before)).toEqual(['GET /api/models/me/cats', 'GET /api/models/me/cats/tree/main']);

  writeFileSync(join(folder, 'README.md'), '# A better card\n');
  const third = await publish();
  expect(third.lines).toEqual([expect.stringMatching(/^me\/cats: 1 file of 4 to be sent, /)]);
  expect(there.get('README.md')!.toString()).toBe('# A better card\n');
  expect(uploads()).toBe(4);
});

test('after a connection that breaks off the same command goes on', async () => {
  hub.breakUpload = 4;
  await expect(publish()).rejects.toThrow(
    /^me\/cats: 127\.0\.0\.1:\d+ can't be reached or breaks off \([^\n]*\); the same command goes on\.$/,
  );
  expect(hub.models.get('me/cats')!.size).toBe(0);
  const before = uploads();
  expect((await publish()).commit).toBe('c0ffee');
  expect(hub.models.get('me/cats')!.size).toBe(4);
  // What had arrived is not sent again: the small file or all parts of the large one.
  expect(uploads() - before).toBeLessThan(4);
});

test('what is wrong is said in one line', async () => {
  await expect(publish('hf_other')).rejects.toThrow(
    /^me\/cats: 127\.0\.0\.1:\d+ does not accept the token; set HF_TOKEN to one that may write\.$/,
  );
  rmSync(join(folder, 'config.json'));
  await expect(publish()).rejects.toThrow(/is no folder for a hub \(config\.json is missing\)/);
});

test('the command sends a folder and refuses what it can not do', async () => {
  const env = { HF_ENDPOINT: hub.url, HF_TOKEN: token };
  const sent = await toco(['publish', folder, 'hf:me/cats'], { env });
  expect(sent).toMatchObject({ status: 0, stdout: `${hub.url}/me/cats\n` });
  expect(hub.models.get('me/cats')!.size).toBe(4);
  const wrong = await toco(['publish', folder, 'hf:me/cats'], { env: { ...env, HF_TOKEN: 'secret' } });
  expect(wrong).toMatchObject({
    status: 1,
    stderr: 'hf:me/cats: this is no token of the hub; set HF_TOKEN to one that may write (hf_…).\n',
  });
  const sized = await toco(['publish', folder, 'hf:me/cats', '--size', '48'], { env });
  expect(sized.stderr).toBe(`--size: ${folder} is exported already; leave it out.\n`);
}, 120_000);

test('a run that was trained arrives with its weights, its figures and a card of its name', async () => {
  await inTemporaryFolder(async (place) => {
    const run = join(place, 'run');
    const trained = await toco(['train', ...tinyRun, '--out', run, '--set', 'engine.compile=false']);
    expect(trained).toMatchObject({ status: 0 });
    const env = { HF_ENDPOINT: hub.url, HF_TOKEN: token };
    const sent = await toco(['publish', run, 'hf:me/scenes', '--size', '64'], { env });
    expect(sent).toMatchObject({ status: 0, stdout: `${hub.url}/me/scenes\n` });
    const there = hub.models.get('me/scenes')!;
    expect([...there.keys()].sort()).toEqual([...paths, 'preprocessor_config.json']);

    const weights = decodeSafetensors(there.get('model.safetensors')!);
    const last = readSafetensors(join(run, 'checkpoints/iteration-000008/model.safetensors'));
    const names = Object.keys(last).filter((name) => !name.startsWith('proj_head'));
    expect(Object.keys(weights).sort()).toEqual(names.sort());
    for (const name of names) expect(weights[name]).toEqual(last[name]);

    const card = there.get('README.md')!.toString();
    expect(card).toContain("await pipeline('image-segmentation', 'me/scenes')");
    expect(parse(card.split('---')[1]!)).toMatchObject({
      'model-index': [{ name: 'scenes', results: [{ metrics: [{ type: 'mean_iou' }] }] }],
    });
    expect(JSON.parse(there.get('preprocessor_config.json')!.toString())).toMatchObject({
      size: { height: 64, width: 64 },
    });

    const again = await toco(['publish', run, 'hf:me/scenes', '--size', '64'], { env });
    expect(again.stderr).toContain('me/scenes: has all of it; nothing was sent.');
    const other = await toco(['publish', join(place, 'nowhere'), 'hf:me/scenes'], { env });
    expect(other.status).toBe(1);
    expect(other.stderr).toMatch(/^[^\n]*nowhere[^\n]*\n$/);
  });
}, 600_000);

test("a network of one's own is published by its module, whose place on this machine is nobody else's business", async () => {
  await inTemporaryFolder(async (place) => {
    const module = join(place, 'sharper.mjs');
    writeOwnNetwork(module, { sharpness: 3 });
    const run = join(place, 'run');
    const own = ['--network', module, '--set', 'engine.compile=false'];
    expect(await toco(['train', ...tinyRun, ...own, '--out', run])).toMatchObject({ status: 0 });

    const env = { HF_ENDPOINT: hub.url, HF_TOKEN: token };
    const args = [run, 'hf:me/sharper', '--size', '64'];
    expect(await toco(['publish', ...args], { env })).toMatchObject({ status: 0 });
    const there = hub.models.get('me/sharper')!;
    expect(decodeSafetensors(there.get('model.safetensors')!)['sharpness']?.shape).toEqual([1]);
    const text = (file: string): string => there.get(file)!.toString();
    expect(JSON.parse(text('config.json'))).toMatchObject({
      toco: { backbone: { module: 'tiny-backbone.js' }, network: { module: 'sharper.mjs', decoderDim: 8 } },
    });
    expect(text('README.md')).toContain('--backbone tiny-backbone.js --network sharper.mjs\n');
    expect(text('README.md')).toContain(
      "`tiny-backbone.js` and `sharper.mjs` are modules of the author's own.",
    );
    for (const file of ['README.md', 'config.json', 'preprocessor_config.json'])
      expect(text(file)).not.toContain(place);

    // Where the module has gone, the line says so; where it lies now, it is taken.
    renameSync(module, join(place, 'moved.mjs'));
    const lost = await toco(['publish', ...args], { env });
    expect(lost.status).toBe(1);
    expect(lost.stderr).toMatch(
      /network\.module \S*sharper\.mjs: no such file\. Name where it is now with --network\.\n$/,
    );
    const found = await toco(['publish', ...args, '--network', join(place, 'moved.mjs')], { env });
    expect(found).toMatchObject({ status: 0 });
    expect(text('README.md')).toContain('--network moved.mjs\n');
  });
}, 600_000);
