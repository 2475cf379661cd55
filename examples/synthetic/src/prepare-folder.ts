import { existsSync } from 'node:fs';
import { readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '@toco/trainer';
import { parse, stringify } from 'yaml';

/**
 * Decides what becomes of a run that is in the folder already: an unfinished one of the same configuration goes on, any
 * other is moved aside; nothing is deleted but the remains of a run that never saved.
 *
 * @returns whether the run goes on
 * @throws one line where the folder holds something that is no run
 */
export async function prepareFolder(
  folder: string,
  config: Config,
  print: (line: string) => void,
): Promise<{ resume: boolean }> {
  if (!existsSync(folder) || (await readdir(folder)).length === 0) return { resume: false };
  if (!existsSync(join(folder, 'config.yaml'))) {
    throw new Error(`${folder}: holds something that is no run; choose another folder with --out.`);
  }
  const saved = existsSync(join(folder, 'checkpoints')) && (await savedCheckpoints(folder)) > 0;
  if (!saved) {
    await rm(folder, { recursive: true });
    return { resume: false };
  }
  const finished = existsSync(join(folder, 'report.html'));
  const before: unknown = parse(await readFile(join(folder, 'config.yaml'), 'utf8'));
  const same = stringify(before) === stringify(parse(stringify(config)));
  if (!finished && same) return { resume: true };
  const aside = freeName(folder);
  await rename(folder, aside);
  print(`The ${finished ? 'finished' : 'unfinished'} run in ${folder} is kept as ${aside}.`);
  return { resume: false };
}

async function savedCheckpoints(folder: string): Promise<number> {
  const names = await readdir(join(folder, 'checkpoints'));
  return names.filter((name) => /^iteration-\d+$/.test(name)).length;
}

function freeName(folder: string): string {
  for (let n = 1; ; n++) {
    const name = `${folder}-${n}`;
    if (!existsSync(name)) return name;
  }
}
