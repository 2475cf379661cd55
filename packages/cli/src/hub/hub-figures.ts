import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { formatProtocol } from '@toco/segmenter';
import type { TrainedModel } from '@toco/trainer';
import { checkpointFiles } from '@toco/weights';
import { countsOf } from '../evaluation/counts.js';
import { isWhole, readEvaluationFile } from '../evaluation/evaluation-file.js';
import { figuresOf } from '../evaluation/figures.js';
import { modelKey } from '../segmenting/model-key.js';
import type { OwnModules } from './hub-config.js';

/** A figure on a model card. */
export interface HubFigure {
  readonly dataset: string;
  readonly list: string;
  /** What was measured, and how. */
  readonly name: string;
  /** Mean IoU in percent. */
  readonly value: number;
}

const percent = (share: number): number => Math.round(share * 1e4) / 100;

/**
 * Figures that are known of a model: of its last validation in training, and of every whole evaluation of its checkpoint. Those of
 * another average, or of a network that is made in another way, are not its own.
 */
export async function hubFigures(model: TrainedModel, modules: OwnModules): Promise<HubFigure[]> {
  const { name, config, trained, rows = [] } = model;
  const file = join(name, checkpointFiles.model);
  if (trained === undefined || !existsSync(file)) return [];
  const key = await modelKey({ file, config, trained, modules });
  const isAsTrained = key === (await modelKey({ file, config: trained, trained, modules }));
  const dataset = config.data.dataset ?? 'images of its own';
  const last = rows.findLast(({ kind, seg }) => kind === 'evaluation' && typeof seg === 'number');
  const ofTraining =
    last === undefined || !isAsTrained
      ? []
      : [
          {
            ...{ dataset, list: config.data.val ?? 'val', value: last['seg'] as number },
            name: `segmentation, in training at ${config.evaluation.size} pixels`,
          },
        ];
  return [...ofTraining, ...(await evaluated(name, key))];
}

/** Figures of the evaluations that lie in the folder of the checkpoint's run. */
async function evaluated(checkpoint: string, key: string): Promise<HubFigure[]> {
  const folder = join(checkpoint, '../../evaluations');
  if (!existsSync(folder)) return [];
  const figures: HubFigure[] = [];
  for (const file of (await readdir(folder)).filter((name) => name.endsWith('.json')).sort()) {
    const evaluation = await readEvaluationFile(join(folder, file));
    if (evaluation.hashes.checkpoint !== key || evaluation.shard.count > 1 || !isWhole(evaluation)) continue;
    const { columns } = figuresOf(countsOf(evaluation.counts), { over: 'occurring' });
    const { data, list, protocol } = evaluation.protocol;
    const shown = columns.crf ?? columns.fused ?? columns.single;
    if (shown) {
      const name = `segmentation, ${formatProtocol(protocol)}`;
      figures.push({ ...{ dataset: data, list, name }, value: percent(shown.mean) });
    }
  }
  return figures;
}
