import { spawnSync } from 'node:child_process';
import type { Precision } from '@toco/graph';
import { benchmarkConfig, type StepOptions } from './benchmark-config.js';
import { script, withInputs } from './with-inputs.js';

/** What is profiled, and how much is printed. */
export interface ProfileOptions extends StepOptions {
  readonly precision: Precision;
  readonly threads?: number | undefined;
  /** Runs, of which the shortest time of each node counts. */
  readonly rounds: number;
  /** Lines of each list. */
  readonly top: number;
}

/** Prints where the time of our step goes, on the batch that `stepBenchmark` times. */
export async function profileBenchmark(options: ProfileOptions): Promise<void> {
  const { precision, threads = 'auto', rounds, top } = options;
  await withInputs(benchmarkConfig(options), (path) => {
    const args = [script('./profile-step.js'), path, precision, threads, rounds, top].map(String);
    const { status } = spawnSync(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] });
    return status === 0 ? Promise.resolve() : Promise.reject(new Error('The profile could not be taken.'));
  });
}
