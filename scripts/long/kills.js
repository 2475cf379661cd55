import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { killKinds, killTraining } from '../../packages/testing/dist/kills/kill-training.js';

const cli = (file) => fileURLToPath(new URL(`../../packages/cli/${file}`, import.meta.url));
/** Kills that each kind gets in the whole job, and in each of its runs. */
const [wanted, perRun] = [26, 7];
/** Compiled and eager runs in turn: the compiled one is what users run. */
const engines = ['true', 'true', 'true', 'false'];
const longestRounds = 12;

export const job = {
  name: 'kills',
  says: 'trainings of 200 iterations that are killed in training, saving, validation and report end as one that was not',
  async run({ folder, log, resume, signal }) {
    mkdirSync(folder, { recursive: true });
    const stateFile = join(folder, 'rounds.json');
    const rounds = resume && existsSync(stateFile) ? JSON.parse(readFileSync(stateFile, 'utf8')) : [];
    const sum = (kind) => rounds.reduce((total, counts) => total + counts[kind], 0);
    const missing = (kind) => Math.max(0, Math.min(perRun, wanted - sum(kind)));
    while (killKinds.some((kind) => missing(kind) > 0)) {
      if (rounds.length === longestRounds) throw new Error(`Kinds that could not be hit: ${figures()}`);
      const compile = engines[rounds.length % engines.length];
      const set = ['--set', `engine.compile=${compile}`];
      const training = {
        main: cli('dist/main.js'),
        args: ['--config', cli('test/kills/kills.yaml'), '--backbone', cli('test/tiny-backbone.js'), ...set],
        iterations: 200,
        evaluateEvery: 20,
      };
      const counts = await killTraining(training, {
        folder: join(folder, compile === 'true' ? 'compiled' : 'eager'),
        seed: 1 + rounds.length,
        wanted: Object.fromEntries(killKinds.map((kind) => [kind, missing(kind)])),
        log,
        signal,
      });
      if (signal?.aborted) return '';
      rounds.push(counts);
      writeFileSync(stateFile, JSON.stringify(rounds));
      log(`Run ${rounds.length} is that of an uninterrupted one; kills so far: ${figures()}`);
    }
    return `${figures()}; ${rounds.length} runs of 200 iterations, each as the uninterrupted one`;

    function figures() {
      const kinds = [...killKinds, 'start'];
      const total = kinds.reduce((all, kind) => all + sum(kind), 0);
      return `${total} kills: ${kinds.map((kind) => `${sum(kind)} in ${kind}`).join(', ')}`;
    }
  },
};
