import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { killKinds, killTraining } from '@toco/testing';
import { inTemporaryFolder, tinyBackbone } from '../run-toco.js';

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

// The long form, with a hundred kills, is `npm run test:long -- kills`.
test('a run that is killed ten times leaves what an uninterrupted one leaves', async () => {
  const training = {
    main: here('../../dist/main.js'),
    args: ['--config', here('kills.yaml'), '--backbone', tinyBackbone],
    iterations: 200,
    evaluateEvery: 20,
  };
  await inTemporaryFolder(async (folder) => {
    const wanted = { training: 3, saving: 3, validation: 2, report: 2 };
    const counts = await killTraining(training, { folder, seed: 1, wanted });
    for (const kind of killKinds) expect(counts[kind]).toBeGreaterThanOrEqual(wanted[kind]);
  });
}, 600_000);
