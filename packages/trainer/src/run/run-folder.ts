import { existsSync } from 'node:fs';
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeWhole } from '@toco/formats';
import { stringify } from 'yaml';
import type { Config } from '../config/config.js';

/** Files of a run's folder. */
export function runFiles(folder: string): { metrics: string; config: string; report: string } {
  return {
    metrics: join(folder, 'metrics.jsonl'),
    config: join(folder, 'config.yaml'),
    report: join(folder, 'report.html'),
  };
}

/**
 * Makes the folder of a new run and writes its resolved configuration.
 *
 * @throws one line where a run is there already: nothing is overwritten
 */
export async function createRunFolder(folder: string, config: Config): Promise<void> {
  if (existsSync(folder) && (await readdir(folder)).length > 0) {
    throw new Error(
      `${folder}: not empty; go on with that run by --resume, or choose another folder with --out.`,
    );
  }
  await mkdir(folder, { recursive: true });
  await writeWhole(runFiles(folder).config, [new TextEncoder().encode(stringify(config))]);
}

/** Removes what a killed process had not finished writing. */
export async function removeUnfinished(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (/\.\d+-[0-9a-f]{8}\.part$/.test(name)) await rm(join(folder, name), { force: true });
  }
}
