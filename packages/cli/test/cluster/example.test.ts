import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { clusterOfEnvironment } from '@toco/runtime';
import { parseAllDocuments } from 'yaml';

const folder = fileURLToPath(new URL('../../../../examples/cluster', import.meta.url));
const files = readdirSync(folder);
const withEnding = (ending: string): string[] => files.filter((name) => name.endsWith(ending));

interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: Readonly<Record<string, never>>;
}

const manifestsOf = (name: string): Manifest[] =>
  parseAllDocuments(readFileSync(join(folder, name), 'utf8')).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as Manifest;
  });

test.each([...withEnding('.sh'), ...withEnding('.sbatch')])('%s has no mistake of syntax', (name) => {
  expect(spawnSync('bash', ['-n', join(folder, name)], { encoding: 'utf8' })).toMatchObject({
    status: 0,
    stderr: '',
  });
});

test.each(withEnding('.yaml'))('%s is what Kubernetes takes', (name) => {
  expect(manifestsOf(name).length).toBeGreaterThan(0);
  const probe = spawnSync('kubernetes-validate', ['--version']);
  // pip install kubernetes-validate
  if (probe.error === undefined)
    execFileSync('kubernetes-validate', ['--strict', join(folder, name)], { stdio: 'pipe' });
});

test('job, service and policy of the training fit one another', () => {
  const [service, policy, job] = manifestsOf('train.yaml') as [Manifest, Manifest, Manifest];
  expect([service.kind, policy.kind, job.kind]).toEqual(['Service', 'NetworkPolicy', 'Job']);
  const { name } = job.metadata;
  const { spec } = job as unknown as {
    spec: {
      completions: number;
      parallelism: number;
      template: {
        metadata: { labels: object };
        spec: { subdomain: string; containers: [{ env: { name: string; value: string }[] }] };
      };
    };
  };
  const { labels } = spec.template.metadata;
  expect(service.spec['selector']).toEqual(labels);
  expect(policy.spec['podSelector']).toEqual({ matchLabels: labels });
  expect([service.metadata.name, spec.template.spec.subdomain]).toEqual([name, name]);
  const env = Object.fromEntries(spec.template.spec.containers[0].env.map((one) => [one.name, one.value]));
  expect(env).toEqual({ NAME: name, PROCESSES: String(spec.completions), PORT: '2222' });
  expect(spec.parallelism).toBe(spec.completions);
});

test('the ConfigMap has every script that a manifest runs', () => {
  const readme = readFileSync(join(folder, 'README.md'), 'utf8');
  const [made] = /^kubectl create configmap toco-entry .*$/m.exec(readme)!;
  const given = [...made.matchAll(/--from-file=(\S+)/g)].map(([, name]) => name);
  const run = withEnding('.yaml').flatMap((name) =>
    [...readFileSync(join(folder, name), 'utf8').matchAll(/\/entry\/([\w.]+)/g)].map(([, script]) => script),
  );
  expect([...new Set(run)].sort()).toEqual(given.sort());
  for (const name of given) expect(files).toContain(name);
});

test('the recipes that the README names can be parted among so many processes', () => {
  const readme = readFileSync(join(folder, 'README.md'), 'utf8');
  const [, pods] = /^ *completions: (\d+)$/m.exec(readFileSync(join(folder, 'train.yaml'), 'utf8'))!;
  const script = readFileSync(join(folder, 'train.sbatch'), 'utf8');
  const [nodes, each] = ['nodes', 'ntasks-per-node'].map((name) =>
    Number(new RegExp(`^#SBATCH --${name}=(\\d+)$`, 'm').exec(script)![1]),
  );
  const recipes = [
    [/--from-file=voc\.yaml=(\S+)/.exec(readme)![1]!, Number(pods)],
    [/^sbatch train\.sbatch (\S+)/m.exec(readme)![1]!, nodes! * each!],
  ] as const;
  for (const [recipe, processes] of recipes) {
    const [document] = parseAllDocuments(readFileSync(join(folder, recipe), 'utf8'));
    const { batchSize, groupSize } = document!.toJS() as { batchSize: number; groupSize: number };
    expect([recipe, batchSize % (processes * groupSize)]).toEqual([recipe, 0]);
  }
});

/** What `entry.sh` tells the command. */
function clusterBy(environment: Readonly<Record<string, string>>): ReturnType<typeof clusterOfEnvironment> {
  const printed = execFileSync('sh', [join(folder, 'entry.sh'), 'sh', '-c', 'printf %s "$TF_CONFIG"'], {
    env: { PATH: process.env['PATH'], ...environment },
    encoding: 'utf8',
  });
  return clusterOfEnvironment({ TF_CONFIG: printed });
}

test('a pod of an indexed job learns who the others are', () => {
  const pod = { NAME: 'toco', PROCESSES: '3', JOB_COMPLETION_INDEX: '2' };
  const addresses = ['toco-0.toco:2222', 'toco-1.toco:2222', 'toco-2.toco:2222'];
  expect(clusterBy(pod)).toEqual({ addresses, rank: 2 });
  expect(clusterBy({ ...pod, HOSTS: 'a:1 b:2 c:3' })).toEqual({ addresses: ['a:1', 'b:2', 'c:3'], rank: 2 });
  const { status, stderr } = spawnSync('sh', [join(folder, 'entry.sh'), 'true'], {
    env: { PATH: process.env['PATH'] },
    encoding: 'utf8',
  });
  expect(status).not.toBe(0);
  expect(stderr).toMatch(/JOB_COMPLETION_INDEX: is not set: run this in a pod of an Indexed Job/);
  for (const wrong of [
    { PROCESSES: 'four' },
    { PROCESSES: '-3' },
    { JOB_COMPLETION_INDEX: '1x' },
    { PORT: 'http' },
  ]) {
    const refused = spawnSync('sh', [join(folder, 'entry.sh'), 'true'], {
      env: { PATH: process.env['PATH'], ...pod, ...wrong },
      encoding: 'utf8',
    });
    expect(refused.status).not.toBe(0);
    expect(refused.stderr).toBe(
      `entry.sh: JOB_COMPLETION_INDEX, PROCESSES and PORT are whole numbers, not ${Object.values(wrong)[0]}\n`,
    );
  }
  expect(() => clusterBy({ ...pod, JOB_COMPLETION_INDEX: '3' })).toThrow('the cluster has no worker 3');
});

test('a part that is done, with images skipped, counts as done; one that failed does not', () => {
  const end = (code: number): number | null =>
    spawnSync('sh', [join(folder, 'shard.sh'), 'sh', '-c', `exit ${code}`]).status;
  expect([0, 1, 3, 130].map(end)).toEqual([0, 1, 0, 130]);
});
