import { computedList, type SampleList } from '@toco/datasets';
import { evaluate, type EvaluateOptions, type ImageScore } from './evaluate.js';
import type { Evaluation } from '@toco/segmenter';
import type { ValidationSegmenter } from './validation-segmenter.js';
import { panelsPerGroup, rankPanels, reportPanel, type ReportPanel } from '@toco/report';

/** A validation with pictures. */
export interface DrawnEvaluation {
  readonly evaluation: Evaluation;
  /** Best, typical and worst images. */
  readonly panels: readonly ReportPanel[];
}

/**
 * Validates and draws the images that a report shows. Which ones these are is known at the end only, so they go through
 * the network once more: nothing is kept of the others, however long the list is. Of processes that share the work the first draws.
 */
export async function evaluateWithPanels(
  through: ValidationSegmenter,
  list: SampleList,
  options: EvaluateOptions,
): Promise<DrawnEvaluation> {
  let scores: readonly ImageScore[] = [];
  const evaluation = await evaluate(through, list, { ...options, onScores: (all) => (scores = all) });
  if ((options.among?.share.index ?? 0) > 0) return { evaluation, panels: [] };
  const shown = rankPanels(scores, panelsPerGroup).flatMap(({ panels }) => panels.map(({ index }) => index));
  const drawn: Promise<ReportPanel>[] = [];
  const few = computedList({ name: list.name, classes: list.classes, length: shown.length }, (i) =>
    list.sample(shown[i]!),
  );
  await evaluate(through, few, {
    ...options,
    among: undefined,
    limit: undefined,
    progress: undefined,
    onPanel: (panel) => drawn.push(reportPanel(panel, options)),
  });
  return { evaluation, panels: await Promise.all(drawn) };
}
