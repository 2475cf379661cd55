import { loadPhotograph, type SampleList } from '@toco/datasets';
import { type Panel, panelsPerGroup, rankPanels, reportPanel, type ReportPanel } from '@toco/report';
import { type Evaluation, type EvaluationProtocol, type MeanOver } from '@toco/segmenter';
import { reportRun } from '@toco/trainer';
import { finishingPool } from '../segmenting/finishing-pool.js';
import type { OpenModel } from '../segmenting/open-model.js';
import { segmenterOf } from '../segmenting/segmenter-of.js';
import { columns, type EvaluationCounts } from './counts.js';
import { figuresOf } from './figures.js';

/** What a page is made of. */
export interface ReportedEvaluation {
  readonly model: OpenModel;
  readonly list: SampleList;
  readonly withMask: boolean;
  readonly protocol: EvaluationProtocol;
  readonly classes: readonly string[];
  readonly counts: EvaluationCounts;
  readonly over: MeanOver;
  /** What to type to get it again. */
  readonly command: string;
}

/**
 * Writes the page of an evaluation. The few images that it shows go through the network once more: nothing is kept of the others,
 * however long the list is.
 */
export async function reportEvaluation(path: string, evaluated: ReportedEvaluation): Promise<void> {
  const { model, counts, classes, protocol, over, command } = evaluated;
  await reportRun(path, {
    evaluation: evaluationOf(evaluated),
    ...{ sweeps: figuresOf(counts, { over }).sweeps, threshold: protocol.threshold },
    panels: await drawnPanels(evaluated, shownPlaces(counts)),
    ...{ config: model.config, data: protocol.data, classes, rows: model.rows ?? [], command, protocol },
  });
}

function shownPlaces({ images }: EvaluationCounts): number[] {
  const scores = images.map(({ index, iou }) => ({ index, iou: iou ?? Number.NaN }));
  return rankPanels(scores, panelsPerGroup).flatMap(({ panels }) => panels.map(({ index }) => index));
}

async function drawnPanels(
  { model, list, withMask, protocol, counts }: ReportedEvaluation,
  places: readonly number[],
): Promise<ReportPanel[]> {
  const refines = protocol.protocol.crf !== undefined;
  const pool = finishingPool({ threads: 0, refines, print: () => undefined });
  const through = segmenterOf(model, {
    ...{
      protocol: protocol.protocol,
      outputs: ['cam', 'camAux', 'labels'],
      batchSize: 1,
      ...pool.segmenting,
    },
  });
  const drawn: ReportPanel[] = [];
  try {
    for (const place of places) {
      const photograph = await loadPhotograph(list.sample(place), { withMask });
      for await (const { classes, cam, camAux, labels } of through.segment([photograph])) {
        const iou = counts.images.find(({ index }) => index === place)?.iou ?? Number.NaN;
        const panel: Panel = { photograph, classes, cam, camAux, seg: labels, iou };
        drawn.push(await reportPanel(panel, { threshold: protocol.threshold }));
      }
    }
  } finally {
    through.dispose();
    await pool.close();
  }
  return drawn;
}

/** The figures as a page has them: of the segmentation those after the protocol's last step. */
function evaluationOf({ counts, over }: ReportedEvaluation): Evaluation {
  const { columns: found, f1, similarity, images, masks } = figuresOf(counts, { over });
  const nothing = { mean: Number.NaN, perClass: [], absent: [] };
  const last = columns.filter((column) => found[column] !== undefined).at(-1);
  return {
    ...{ cam: found.cam ?? nothing, camAux: found.camAux ?? nothing },
    ...{ seg: (last && found[last]) ?? nothing, f1, similarity, images, masks },
  };
}
