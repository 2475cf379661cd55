import { evaluateCheckpoint, train, type Config, type TrainResult } from '@toco/trainer';
import { reportPanel, type Panel, type ReportPanel } from '@toco/report';
import type { Evaluation } from '@toco/segmenter';
import type { RunFigures } from './recorded.js';

/** A run that went to its end. */
export interface FinishedRun {
  readonly result: TrainResult;
  readonly evaluation: Evaluation;
  /** Drawn panels of the last validation. */
  readonly panels: readonly ReportPanel[];
  /** The same undrawn, by the image's name, where they were asked for. */
  readonly raw: ReadonlyMap<string, Panel>;
}

/** What {@link runScenes} may be told. */
export interface RunScenesOptions {
  readonly folder: string;
  readonly resume: boolean;
  readonly signal: AbortSignal;
  /** Panels of another run, to be drawn beside. */
  readonly beside?: ReadonlyMap<string, Panel>;
  readonly keepPanels?: boolean;
}

/** Trains, and draws the last validation. @returns `undefined` where the signal ended it */
export async function runScenes(
  config: Config,
  { folder, resume, signal, beside, keepPanels = false }: RunScenesOptions,
): Promise<FinishedRun | undefined> {
  const drawn: Promise<ReportPanel>[] = [];
  const raw = new Map<string, Panel>();
  const onPanel = (panel: Panel): void => {
    const { id } = panel.photograph;
    if (keepPanels) raw.set(id, panel);
    drawn.push(reportPanel(panel, { ...config.evaluation, baseline: beside?.get(id), side: 224 }));
  };
  try {
    const result = await train(config, { folder, resume, signal, onPanel, report: false });
    if (result.interrupted) return undefined;
    // A run that had its last figures before has only the pictures left to do.
    const evaluation =
      result.evaluation ?? (await evaluateCheckpoint(folder, { signal, onPanel })).evaluation;
    return { result, evaluation, panels: await Promise.all(drawn), raw };
  } catch (error) {
    if (signal.aborted) return undefined;
    throw error;
  }
}

/** The figures of a finished run as they are recorded. */
export function figuresOf({ evaluation }: FinishedRun, seed: number): RunFigures {
  const percent = (value: number): number => Math.round(value * 1e4) / 100;
  const { cam, camAux, seg, f1, similarity } = evaluation;
  return {
    seed,
    cam: percent(cam.mean),
    camAux: percent(camAux.mean),
    seg: percent(seg.mean),
    f1: Math.round(f1 * 1e3) / 1e3,
    camPerClass: cam.perClass.map((value) => (Number.isNaN(value) ? null : percent(value))),
    similarity: similarity.map((value) => Math.round(value * 1e4) / 1e4),
  };
}
