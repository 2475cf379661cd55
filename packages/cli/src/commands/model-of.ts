import { loadConfig, modelOfRun, modelOfWeights, type TrainedModel } from '@toco/trainer';

/** Options by which commands name a model that is no run. */
export interface ModelFlags {
  readonly weights?: string;
  readonly config?: string;
  readonly set: string[];
}

/** The model that a command's arguments name: a run, or a weight file. @throws one line where it is not exactly one */
export async function modelOf(
  run: string | undefined,
  { weights, config, set }: ModelFlags,
  print: (line: string) => void,
): Promise<TrainedModel> {
  if ((run === undefined) === (weights === undefined)) {
    throw new Error('Name either the folder of a run, or a weight file with --weights.');
  }
  if (run !== undefined) {
    if (config !== undefined)
      throw new Error('--config: a run has its own configuration; change it with --set.');
    return modelOfRun(run, { settings: set, print });
  }
  return modelOfWeights(weights!, { config: await loadConfig(config, set), print });
}
