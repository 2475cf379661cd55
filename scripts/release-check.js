// npm run release:check -- [--here] [--keep]: all that a release does, without publishing. A clean clone of the last commit is built; its
// packages are packed, linted and installed into empty projects; the table at the end says what was checked and what is published.
// `--here` takes this checkout instead of a clone, `--keep` leaves the clone behind.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { putPnpmOnPath } from './bootstrap.js';

const checkout = fileURLToPath(new URL('..', import.meta.url));
const { values } = parseArgs({
  options: { here: { type: 'boolean', default: false }, keep: { type: 'boolean', default: false } },
});

/** Test files of packages/packaging by what they prove. */
const proofs = {
  'tarballs (publint, arethetypeswrong, contents), READMEs run from them': ['packed'],
  'public names as written down': ['public-names'],
  'arrows between packages': ['arrows'],
  'sizes of browser bundles': ['bundles'],
  'versions that a changeset moves': ['release'],
  'workflows, templates, links': ['workflows'],
};

/** Licenses that whoever installs toco may get with it. */
const free =
  /^(?:MIT|MIT-0|ISC|BSD-2-Clause|BSD-3-Clause|0BSD|Apache-2\.0|BlueOak-1\.0\.0|Unlicense|CC0-1\.0|Python-2\.0|Zlib)$/;
/** libvips, which sharp brings as a library of its own that may be replaced. */
const linked = { 'LGPL-3.0-or-later': /^@img\/sharp-libvips/ };

const scratch = mkdtempSync(join(tmpdir(), 'toco-release-'));
const root = values.here ? checkout : join(scratch, 'toco');
const results = [];

await step('a clean clone', () => {
  if (values.here) return 'left out: --here';
  const changes = execFileSync('git', ['status', '--porcelain'], { cwd: checkout, encoding: 'utf8' });
  run('git', ['clone', '--quiet', '--no-hardlinks', checkout, root], scratch);
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], {
    cwd: root,
    encoding: 'utf8',
  }).trim();
  return `${commit}${changes === '' ? '' : '; changes that are not committed are not in it'}`;
});
await step('installed, built', () => {
  putPnpmOnPath();
  run('pnpm', ['install', '--frozen-lockfile', '--prefer-offline', '--reporter', 'append-only']);
  run('pnpm', ['exec', 'turbo', 'run', 'build', '--output-logs=errors-only']);
  const dirty = execFileSync('git', ['status', '--porcelain'], { cwd: root, encoding: 'utf8' });
  if (!values.here && dirty !== '') throw new Error(`the build changes files: ${dirty.split('\n')[0]}`);
});
for (const [says, names] of Object.entries(proofs)) await step(says, () => tests(names));
await step('changesets', () => {
  const { changesets } = planned();
  if (changesets.length === 0) return 'none: nothing would be published';
  return `${changesets.length}`;
});
const licenses = await step('licenses', licensesOfAll);
const tarballs = await step('packed', packed);

if (!values.keep) rmSync(scratch, { recursive: true, force: true });
console.log(
  '\n| package | next version | packed | unpacked | public names |\n| --- | ---: | ---: | ---: | ---: |',
);
const number = (value) => value.toLocaleString('en-US');
for (const { name, next, size, unpacked, names } of tarballs ?? [])
  console.log(`| ${name} | ${next} | ${number(size)} B | ${number(unpacked)} B | ${names} |`);
console.log('\n| license | packages that are installed with ours |\n| --- | --- |');
for (const [license, names] of licenses ?? []) console.log(`| ${license} | ${names.join(', ')} |`);
console.log('\n| check | result | seconds |\n| --- | --- | ---: |');
for (const { says, failed, note, seconds } of results)
  console.log(`| ${says} | ${failed ? 'FAILED' : 'ok'}${note === '' ? '' : `: ${note}`} | ${seconds} |`);
const failures = results.filter(({ failed }) => failed).length;
console.log(`\n${results.length - failures} of ${results.length} checks passed. Nothing was published.`);
process.exitCode = failures === 0 ? 0 : 1;

/** Takes a step; one that fails is told in the table, and the others are taken all the same. */
async function step(says, work) {
  console.error(`\n▸ ${says}`);
  const began = performance.now();
  const seconds = () => Math.round((performance.now() - began) / 1000);
  try {
    const value = await work();
    results.push({ says, failed: false, note: typeof value === 'string' ? value : '', seconds: seconds() });
    return value;
  } catch (error) {
    const note = error.message.split('\n')[0].replaceAll('|', '/');
    console.error(error.message);
    results.push({ says, failed: true, note, seconds: seconds() });
    return undefined;
  }
}

function run(command, args, cwd = root) {
  const { status, error } = spawnSync(command, args, { cwd, stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error(`${command} ${args[0]} ended with ${status ?? error?.message}`);
}

/** Runs test files of packages/packaging, and counts their tests. */
function tests(names) {
  const report = join(scratch, `${names[0]}.json`);
  const jest = join(root, 'node_modules/jest/bin/jest.js');
  const files = names.map((name) => join(root, 'packages/packaging/test', `${name}.test.ts`));
  const args = [
    '--experimental-vm-modules',
    '--no-warnings',
    jest,
    '--selectProjects',
    'packaging',
    '--runTestsByPath',
  ];
  const ended = spawnSync(
    process.execPath,
    [...args, ...files, '--silent', '--ci', '--json', `--outputFile=${report}`],
    {
      cwd: root,
      // Packages are installed one after another: the bound is for a hang, not for a busy machine.
      env: { ...process.env, TOCO_WATCHDOG: '7200' },
      stdio: ['ignore', 'ignore', 2],
    },
  );
  const { numPassedTests, numTotalTests } = existsSync(report)
    ? JSON.parse(readFileSync(report, 'utf8'))
    : { numPassedTests: 0, numTotalTests: 0 };
  if (ended.status !== 0) throw new Error(`${numPassedTests} of ${numTotalTests} tests passed`);
  return `${numPassedTests} tests`;
}

/** What changesets would do. */
function planned() {
  const output = join(root, 'changesets-status.json');
  try {
    run(process.execPath, [
      join(root, 'node_modules/@changesets/cli/bin.js'),
      'status',
      '--output',
      'changesets-status.json',
    ]);
    return JSON.parse(readFileSync(output, 'utf8'));
  } finally {
    rmSync(output, { force: true });
  }
}

/** Packages by license; one that is not free fails. */
function licensesOfAll() {
  const ours = published().flatMap(({ name }) => ['--filter', name]);
  const text = execFileSync('pnpm', ['licenses', 'list', '--prod', '--json', ...ours], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  const all = Object.entries(JSON.parse(text)).map(([license, packages]) => [
    license,
    [...new Set(packages.map(({ name }) => name))].filter((name) => !name.startsWith('@toco/')).sort(),
  ]);
  const wrong = all.flatMap(([license, names]) =>
    license.split(/ OR | AND |[()]/).some((one) => free.test(one.trim()))
      ? []
      : names.filter((name) => !linked[license]?.test(name)).map((name) => `${name} (${license})`),
  );
  if (wrong.length > 0) throw new Error(`not among the licenses that are known as free: ${wrong.join(', ')}`);
  return all.filter(([, names]) => names.length > 0);
}

/** Size of each tarball and of what is in it, its next version, and how many names it exports. */
function packed() {
  const releases = new Map(planned().releases.map(({ name, newVersion }) => [name, newVersion]));
  const names = namesByPackage();
  return published().map(({ name, version, folder }) => {
    const place = join(scratch, 'packed', name);
    // It lists every file.
    execFileSync('pnpm', ['pack', '--pack-destination', place], {
      cwd: folder,
      stdio: ['ignore', 'ignore', 2],
    });
    const [file] = readdirSync(place);
    const unpacked = execFileSync('tar', ['-tvzf', join(place, file)], {
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    })
      .trim()
      .split('\n')
      .reduce((sum, line) => sum + Number(line.trim().split(/\s+/)[2]), 0);
    const next = releases.get(name) ?? `${version} stays`;
    return { name, next, size: statSync(join(place, file)).size, unpacked, names: names.get(name) ?? 0 };
  });
}

/** Manifests of what is published. */
function published() {
  return readdirSync(join(root, 'packages'))
    .map((directory) => join(root, 'packages', directory))
    .map((folder) => ({ ...JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')), folder }))
    .filter((manifest) => !manifest.private);
}

/** How many public names each package has, by the snapshot that the tests compare with. */
function namesByPackage() {
  const snapshot = readFileSync(
    join(root, 'packages/packaging/test/__snapshots__/public-names.test.ts.snap'),
    'utf8',
  );
  const counts = new Map();
  for (const [, entry, list] of snapshot.matchAll(
    /exports\[`(\S+) exports[^`]*`\] = `\n\[\n([\s\S]*?)\n\]/g,
  )) {
    const name = entry.split('/').slice(0, 2).join('/');
    counts.set(name, (counts.get(name) ?? 0) + list.split('\n').length);
  }
  return counts;
}
