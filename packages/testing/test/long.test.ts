import { execFileSync, spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const repository = mkdtempSync(join(tmpdir(), 'long-'));
afterAll(() => rmSync(repository, { recursive: true }));

/** A repository of one commit that holds the runner: "at this commit" must not depend on who runs these tests. */
beforeAll(() => {
  mkdirSync(join(repository, 'scripts'));
  for (const name of ['long.js', 'long-job.js', 'long-state.js']) {
    cpSync(here(`../../../scripts/${name}`), join(repository, 'scripts', name));
  }
  cpSync(here('long/jobs'), join(repository, 'scripts/long'), { recursive: true });
  writeFileSync(join(repository, 'package.json'), '{ "type": "module" }\n');
  writeFileSync(join(repository, '.gitignore'), 'runs/\n');
  git('init', '-q');
  commit();
});

function git(...args: string[]): void {
  const who = ['-c', 'user.name=test', '-c', 'user.email=test@example.com', '-c', 'commit.gpgsign=false'];
  execFileSync('git', [...who, ...args], { cwd: repository });
}

function commit(): void {
  git('add', '-A');
  git('commit', '-q', '--allow-empty', '-m', 'a state');
}

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** Runs jobs; once the output has `interruptAt`, the runner is interrupted. */
function long(args: readonly string[], interruptAt?: string): Promise<Ended> {
  const child = spawn(process.execPath, ['scripts/long.js', ...args], {
    cwd: repository,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let isInterrupted = false;
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (isInterrupted || interruptAt === undefined || !output.includes(interruptAt)) return;
      isInterrupted = true;
      child.kill('SIGINT');
    });
  }
  return new Promise((resolve) => {
    child.on('close', (code) => resolve({ code, output }));
  });
}

test('an unknown option is one line', async () => {
  expect(await long(['--help'])).toEqual({
    code: 2,
    output: "Unknown option '--help'. Usage: npm run test:long -- [--list] [--again] [names of jobs]\n",
  });
});

test('what passed at this commit is not run again, unless it is asked for', async () => {
  const first = await long(['passes']);
  expect(first).toMatchObject({ code: 0 });
  expect(first.output).toMatch(/passes: passed at [0-9a-f]{9}, .* s: 3 of 3\n/);
  const book = JSON.parse(readFileSync(join(repository, 'runs/long/results.json'), 'utf8')) as object;
  expect(book).toMatchObject({
    passes: { passed: { result: 'passed', clean: true, figures: '3 of 3', seconds: expect.any(Number) } },
  });
  expect((await long(['passes'])).output).toContain('passes: passed at this commit already (3 of 3)');
  expect((await long(['passes', '--again'])).output).toContain('▸ passes');
  commit();
  expect((await long(['passes'])).output).toContain('▸ passes');
  writeFileSync(join(repository, 'changed'), '');
  expect((await long(['passes'])).output).toMatch(/passes: passed at [0-9a-f]{9} with changes/);
  rmSync(join(repository, 'changed'));
});

test('what fails or hangs is named, and the others are run', async () => {
  const { code, output } = await long(['fails', 'hangs', 'passes', '--again']);
  expect(code).toBe(1);
  expect(output).toContain('one of three is wrong');
  expect(output).toMatch(/fails: failed at .*exit 1; its folder is /);
  expect(output).toMatch(/hangs: failed at .*ended after its 0\.04 minutes/);
  expect(output).toMatch(/passes: passed/);
  expect(await long(['fail'])).toEqual({
    code: 2,
    output: 'There is no job "fail": choose among counts, fails, hangs, passes.\n',
  });
});

test('what is interrupted is continued', async () => {
  const first = await long(['counts', 'passes', '--again'], 'attempt 1, resume false');
  expect(first).toMatchObject({ code: 130 });
  expect(first.output).toContain('The same command without --again continues it.');
  expect(first.output).not.toContain('▸ passes');
  const second = await long(['counts']);
  expect(second.code).toBe(0);
  expect(second.output).toContain('attempt 2, resume true');
  expect((await long(['--list'])).output).toMatch(
    /counts: takes two attempts\n {2}passed at .*: 2 attempts\nfails: finds a fault\n {2}failed at /,
  );
});
