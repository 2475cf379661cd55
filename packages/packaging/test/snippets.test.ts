import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { loadConfig, parseConfig } from '@toco/trainer';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { parse } from 'yaml';
import { tocoProgram } from '../../cli/dist/program.js';
import { settingsApart } from '../../cli/dist/commands/settings-apart.js';
import {
  commandsOf,
  documents,
  needs,
  shellWords,
  type Snippet,
  snippetsOf,
  tocoArguments,
} from './snippets.js';
import { published, root } from './workspace.js';

const snippets = documents.flatMap(snippetsOf);
const place = ({ file, line }: Snippet): string => `${file}:${line}`;
const ofLanguage = (...languages: string[]): Snippet[] =>
  snippets.filter(({ language }) => languages.includes(language));

describe('a snippet', () => {
  test('is of a language that is tested, or is no program', () => {
    const known = ['sh', 'ts', 'yaml', 'js', 'text'];
    expect(snippets.filter(({ language }) => !known.includes(language)).map(place)).toEqual([]);
    expect(snippets.length).toBeGreaterThan(60);
  });

  test('that is not run says what it needs', () => {
    const unknown = snippets.filter((one) => one.needs !== undefined && !(one.needs in needs));
    expect(unknown.map(place)).toEqual([]);
  });
});

/** Commands of the documents. In a package's README the first block of the shell is an installation, which packed.test.ts follows. */
const shell = ofLanguage('sh').filter(
  (one) => !one.file.startsWith('packages/') || one.text.includes('npx @toco/cli train'),
);

describe('commands exist with their options and settings', () => {
  /** What `toco` says of a command line without running it; nothing where it is right. */
  async function complaintOf(written: string): Promise<string | undefined> {
    let complaint: string | undefined;
    const program = tocoProgram();
    const settings: string[] = [];
    const all = [program, ...program.commands, ...program.commands.flatMap(({ commands }) => commands)];
    for (const command of all) {
      command.exitOverride().configureOutput({
        writeErr: (text) => (complaint = `${complaint ?? ''}${text}`),
        writeOut: () => undefined,
      });
      if (command.commands.length > 0) continue;
      command.action((...given: unknown[]) => {
        const options = given.at(-2) as { set?: string[] };
        settings.push(...(options.set ?? []));
      });
    }
    try {
      await program.parseAsync(settingsApart(shellWords(written)), { from: 'user' });
      // settings of `doctor` and of a run are of the same schema
      if (settings.length > 0) await loadConfig(undefined, settings);
    } catch (error) {
      complaint ??= (error as Error).message;
    }
    return complaint;
  }

  const written = shell.flatMap((one) =>
    commandsOf(one).flatMap((command) => {
      const toco = tocoArguments(command);
      return toco === undefined || toco.includes('…') ? [] : [{ place: place(one), toco }];
    }),
  );

  test('in all documents', async () => {
    expect(written.length).toBeGreaterThan(60);
    const wrong: string[] = [];
    for (const { place: at, toco } of written) {
      const complaint = await complaintOf(toco);
      if (complaint !== undefined) wrong.push(`${at}: toco ${toco}: ${complaint}`);
    }
    expect(wrong).toEqual([]);
  });

  test('and one that does not would be found', async () => {
    expect(await complaintOf('train --dat VOC')).toMatch(/unknown option '--dat'/);
    expect(await complaintOf('train --set views.cropsize=4')).toMatch(/cropSize/);
    expect(await complaintOf('trian')).toMatch(/unknown command/);
    expect(await complaintOf('predict')).toMatch(/missing required argument|Name the network/);
  });

  test('recipes that they name exist', () => {
    const recipes = written.flatMap(({ toco }) =>
      [...toco.matchAll(/\bexamples\/\S+\.yaml/g)].map(([path]) => path),
    );
    expect(recipes.length).toBeGreaterThan(5);
    expect(recipes.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});

/** Programs of documents. What a package's README runs, packed.test.ts runs with the package as it is published. */
const programs = ofLanguage('ts').filter(
  (one) => !one.file.startsWith('packages/') || one.needs !== undefined,
);

const runnable = programs.filter((one) => one.needs === undefined);

// Beside this package's dependencies, which the programs import.
const beside = fileURLToPath(new URL('../runs/documents', import.meta.url));
const moduleOf = (one: Snippet, ending: string): string =>
  join(beside, `${one.file.replaceAll(/[/.]/g, '-')}-${one.line}.${ending}`);

beforeAll(() => mkdir(beside, { recursive: true }));
afterAll(() => rm(beside, { recursive: true }));

describe('commands run', () => {
  const run = shell.filter((one) => one.needs === undefined);
  const commands = run.flatMap((one) => commandsOf(one).map((command) => ({ one, command })));
  let folder: string;
  let results: readonly { ok: boolean; output: string }[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'toco-documents-'));
    const [job, report] = [join(folder, 'job.json'), join(folder, 'report.json')];
    const given = commands.map(({ one: { file: document }, command }) => {
      const toco = tocoArguments(command);
      return toco === undefined ? { document, shell: command } : { document, toco };
    });
    const modules = runnable.map((one) => ({ document: `${place(one)} (ts)`, module: moduleOf(one, 'js') }));
    for (const one of runnable) {
      const { outputText } = ts.transpileModule(one.text, {
        compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 },
      });
      await writeFile(moduleOf(one, 'js'), outputText);
    }
    await writeFile(
      job,
      JSON.stringify({ folder, repository: root, commands: [...given, ...modules], report }),
    );
    const program = fileURLToPath(new URL('../snippets/run-commands.js', import.meta.url));
    await promisify(execFile)(process.execPath, [program, job], { timeout: 500_000 });
    results = JSON.parse(await readFile(report, 'utf8')) as typeof results;
  }, 540_000);
  afterAll(() => rm(folder, { recursive: true }));

  test.each([...new Set(run.map(({ file }) => file))])('of %s', (file) => {
    const failed = commands.flatMap(({ one, command }, i) =>
      one.file === file && !results[i]!.ok ? [`${place(one)}: ${command}\n${results[i]!.output}`] : [],
    );
    expect(failed).toEqual([]);
  });

  test('and so do programs', () => {
    const ended = results.slice(commands.length);
    expect(ended).toHaveLength(runnable.length);
    const failed = runnable.flatMap((one, i) => (ended[i]!.ok ? [] : [`${place(one)}\n${ended[i]!.output}`]));
    expect(failed).toEqual([]);
    for (const { output } of ended) {
      expect(output).toMatch(/\S/);
      expect(output).not.toMatch(/NaN|undefined/);
    }
  });
});

/** What the compiler says of programs that lie beside this package's dependencies. */
function complaintsOf(files: readonly string[], options: ts.CompilerOptions): string[] {
  const program = ts.createProgram([...files], {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    ...{ strict: true, skipLibCheck: true, noEmit: true },
    ...{ types: ['node'], typeRoots: [join(root, 'node_modules/@types')] },
    ...options,
  });
  return ts
    .getPreEmitDiagnostics(program)
    .map(
      ({ file, messageText }) =>
        `${file?.fileName ?? ''}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
    );
}

test('programs fit the types of the packages', async () => {
  for (const one of programs) await writeFile(moduleOf(one, 'ts'), one.text);
  const complaints = complaintsOf(
    programs.map((one) => moduleOf(one, 'ts')),
    { noImplicitAny: false },
  );
  expect(complaints).toEqual([]);
}, 120_000);

test('the program of docs/another-method.md is TypeScript with the lines that it says', async () => {
  const text = await readFile(join(root, 'docs/another-method.md'), 'utf8');
  const programs = new Map(
    [...text.matchAll(/^```js\n\/\/ (\w+)\.js\n([\s\S]*?)^```/gm)].map(([, name, block]) => [name!, block!]),
  );
  expect([...programs.keys()]).toEqual(['network', 'arrays', 'train']);
  const changes = /^```text\n(network\.ts {2}- [\s\S]*?)^```/m.exec(text)![1]!;
  let name = '';
  const replaced: { name: string; from: string; to: string[] }[] = [];
  for (const [, file, sign, line] of changes.matchAll(/^(?:(\w+)\.ts)? +([-+]) (.*)$/gm)) {
    name = file ?? name;
    if (sign === '-') replaced.push({ name, from: line!, to: [] });
    else replaced.at(-1)!.to.push(line!);
  }
  for (const { name, from, to } of replaced) {
    const [before, after, ...more] = programs.get(name)!.split(from);
    expect({ name, from, after: typeof after, more }).toEqual({ name, from, after: 'string', more: [] });
    programs.set(name, `${before!}${to.join('\n')}${after!}`);
  }
  const folder = join(beside, 'another-method');
  await mkdir(folder, { recursive: true });
  const files = [...programs.keys()].map((one) => join(folder, `${one}.ts`));
  for (const [one, program] of programs) await writeFile(join(folder, `${one}.ts`), program);
  const complaints = complaintsOf(files, { noImplicitAny: true, allowImportingTsExtensions: true });
  expect(complaints).toEqual([]);
  for (const program of programs.values()) expect(program).not.toMatch(/\bany\b/);
}, 120_000);

describe('configurations', () => {
  test.each(ofLanguage('yaml').map((one) => [place(one), one.text]))('%s', (_place, text) => {
    expect(() => parseConfig(parse(text))).not.toThrow();
  });
});

describe('messages that docs/errors.md explains', () => {
  test('are said somewhere', async () => {
    const text = await readFile(join(root, 'docs/errors.md'), 'utf8');
    const rows = [...text.matchAll(/^\| `([^`]+)`/gm)].map(([, message = '']) => message);
    expect(rows.length).toBeGreaterThan(40);
    const sources = published
      .flatMap(({ folder }) =>
        readdirSync(join(folder, 'src'), { recursive: true, encoding: 'utf8' })
          .filter((name) => name.endsWith('.ts'))
          .map((name) => readFileSync(join(folder, 'src', name), 'utf8')),
      )
      .join('\n');
    const parts = (message: string): string[] =>
      message
        .split(/…|\.$/)
        .map((part) => part.trim())
        .filter((part) => part.length > 7);
    expect(rows.filter((message) => parts(message).some((part) => !sources.includes(part)))).toEqual([]);
  });
});

test('pages say where they belong', async () => {
  const names = documents.filter((file) => posix.dirname(file) === 'docs' && file !== 'docs/index.md');
  for (const file of names) {
    const text = await readFile(join(root, file), 'utf8');
    expect({ file, known: /^---\nsection: .+\norder: \d+\n---\n\n# /.test(text) }).toEqual({
      file,
      known: true,
    });
  }
});
