// The paper's tables and figures: npm start -- --table 4 --preset scenes
import { counted, errorText, printLine as print, shellWord } from '@toco/files';
import { interruption } from '@toco/trainer';
import { fillTable, isTrainable, writeTable } from './make-table.js';
import { makeFigure } from './make-figure.js';
import { help, type Options, optionsOf } from './options.js';
import { plannedRun, type PlannedRun } from './planned-run.js';
import type { RunName } from './runs.js';
import { tableRows } from './table-markdown.js';
import { assertSameRun, isTrained, trainRun } from './train-run.js';

const words = process.argv.slice(2);
const command = ['npm start --', ...words.map(shellWord)].join(' ');

/** What is asked for, and the runs that it needs, looked at before anything is trained. */
async function plan(): Promise<{ options: Options; planned: PlannedRun[] } | undefined> {
  const options = optionsOf(words);
  if (options === undefined) return undefined;
  const { table, figure, preset, seeds } = options;
  const shown: readonly RunName[] =
    figure?.shows.map(({ run }) => run) ??
    table!.rows.filter((row) => isTrainable(row, preset)).map(({ run }) => run);
  const planned: PlannedRun[] = [];
  for (const name of new Set(shown))
    for (const seed of seeds) planned.push(await plannedRun(name, seed, options));
  for (const run of planned) await assertSameRun(run);
  return { options, planned };
}

/** @returns false where the signal ended it */
async function make(
  { table, figure, preset, seeds, out }: Options,
  planned: readonly PlannedRun[],
): Promise<boolean> {
  // The command that runs meanwhile says what it does with an interruption.
  const signal = interruption(() => undefined);
  for (const [i, run] of planned.entries()) {
    const at = `Run ${i + 1} of ${planned.length}: ${run.name}, seed ${run.seed}`;
    if (await isTrained(run)) print(`${at}: trained already (${run.folder}).`);
    else {
      print(`${at}, ${counted(run.config.optimizer.iterations, 'iteration')}, in ${run.folder}`);
      if (!(await trainRun(run, signal))) return false;
    }
  }
  const sources = { preset, trained: planned, seeds, out, command, signal };
  if (figure !== undefined) {
    const written = await makeFigure(figure, sources);
    if (written === undefined) return false;
    process.stdout.write(
      `Figure ${figure.number}: ${written[0]!} and ${written.length - 1} files beside it\n`,
    );
    return true;
  }
  const filled = await fillTable(table!, sources);
  if (filled === undefined) return false;
  const written = await writeTable(out, filled);
  process.stdout.write(
    `Table ${table!.number}: ${table!.title} (mIoU in percent)\n\n${tableRows(filled)}\n\n${filled.notes.join('\n')}\n\n${written.join('\n')}\n`,
  );
  return true;
}

// The single door where errors leave.
let isPlanned = false;
try {
  const work = await plan();
  isPlanned = true;
  if (work === undefined) process.stdout.write(`${help}\n`);
  else if (await make(work.options, work.planned)) {
    // A signal that came too late interrupted nothing.
    process.exitCode = 0;
  } else print(`Stopped. To go on: ${command}`);
} catch (error) {
  print(errorText(error));
  process.exitCode = isPlanned ? 1 : 2;
}
