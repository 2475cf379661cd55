// Brings a bare clone to where its own tools can run: pinned pnpm, frozen installation, built packages, engine.
// Plain JavaScript without dependencies, since nothing is installed yet when it starts.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

const { packageManager, engines } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
);

/** Ends with one sentence that says what is wrong and what to do. */
export function fail(sentence) {
  console.error(`\n${sentence}`);
  process.exit(1);
}

/** Prints what comes next. */
export function say(line) {
  console.error(`\n▸ ${line}`);
}

// npm's programs are scripts on Windows, which only a shell starts.
const shell = process.platform === 'win32';

/** Runs a program in the repository; its output goes to the terminal as it comes. */
export function run(command, args) {
  const options = { cwd: root, stdio: ['ignore', 'inherit', 'inherit'], shell: shell && command === 'pnpm' };
  return spawnSync(command, args, options).status === 0;
}

/**
 * Sets everything up; quick where that has been done before.
 *
 * @returns whether TensorFlow's engine is there: on some platforms there is none, and one line then says what works
 */
export async function bootstrap() {
  installPackages();
  say('Building');
  if (!run('pnpm', ['exec', 'turbo', 'run', 'build', '--output-logs=new-only'])) {
    fail('The packages could not be built: the compiler says above why.');
  }
  say('TensorFlow');
  const { currentPlatform, isSupportedPlatform } = await import('../packages/runtime/dist/platform.js');
  if (!isSupportedPlatform()) {
    console.error(
      `There is no TensorFlow engine for ${currentPlatform()}. What works here, on TensorFlow.js' backend "wasm": this example in a ` +
        'shorter form (npm start), predictions, the tests that need no engine (npm test). Training on photographs takes Linux on x64 or ARM64.',
    );
    return false;
  }
  if (!run('node', ['packages/runtime/dist/cli.js', 'setup'])) process.exit(1);
  return true;
}

/** What each of the repository's programs needs first: the right Node, pnpm, and the packages. */
export function installPackages() {
  process.env.TURBO_TELEMETRY_DISABLED = '1';
  process.env.TURBO_NO_UPDATE_NOTIFIER = '1';
  process.env.DO_NOT_TRACK = '1';
  checkNode();
  putPnpmOnPath();
  say('Installing packages');
  // Without a terminal pnpm would ask nothing, but refuse to replace a folder of another version: CI tells it to go on.
  process.env.CI ??= 'true';
  if (!run('pnpm', ['install', '--frozen-lockfile', '--prefer-offline', '--reporter', 'append-only'])) {
    fail(
      'The packages could not be installed, pnpm says above why: mostly the network or the npm registry (npm config get registry).',
    );
  }
}

function checkNode() {
  const wanted = engines.node.match(/\d+/g).map(Number);
  const found = process.versions.node.split('.').map(Number);
  const difference = wanted.map((part, index) => found[index] - part).find((part) => part !== 0) ?? 0;
  if (difference < 0)
    fail(
      `Node ${engines.node} is needed, but this is ${process.versions.node}: install a newer one (https://nodejs.org).`,
    );
}

/** turbo and the packages' scripts call `pnpm` by name; `npx` knows a folder that holds the pinned one. */
export function putPnpmOnPath() {
  const program = fileURLToPath(new URL('pnpm-folder.js', import.meta.url));
  try {
    const folder = execFileSync(
      'npx',
      ['--yes', '--package', packageManager, '--', 'node', shell ? `"${program}"` : program],
      {
        cwd: root,
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'inherit'],
        shell,
      },
    );
    process.env.PATH = [folder, process.env.PATH].join(delimiter);
  } catch {
    fail(
      `${packageManager} could not be fetched by npx: check the network and the npm registry (npm config get registry).`,
    );
  }
}
