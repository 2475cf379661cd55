import { readFile } from 'node:fs/promises';

/** Figures of one run; IoU in percent, `null` where a class is absent. */
export interface RunFigures {
  readonly seed: number;
  readonly cam: number;
  readonly camAux: number;
  readonly seg: number;
  readonly f1: number;
  readonly camPerClass: readonly (number | null)[];
  readonly similarity: readonly number[];
}

/** What was measured once: `record.ts` writes it, every run prints it beside its own figures. */
export interface Recorded {
  /** Where and how long. */
  readonly note: string;
  readonly iterations: number;
  /** Trained by the loss of the final classifier alone. */
  readonly baseline: readonly RunFigures[];
  readonly toco: readonly RunFigures[];
}

/** The figures in `recorded.json`. */
export async function recordedFigures(): Promise<Recorded> {
  return JSON.parse(await readFile(new URL('../recorded.json', import.meta.url), 'utf8')) as Recorded;
}

/** The run in the middle by one figure. */
export function medianRun(runs: readonly RunFigures[], figure: 'cam' | 'camAux' | 'seg'): RunFigures {
  const sorted = [...runs].sort((a, b) => a[figure] - b[figure]);
  return sorted[Math.floor(sorted.length / 2)]!;
}
