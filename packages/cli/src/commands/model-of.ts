import { loadConfig, modelOfRun, modelOfWeights, type TrainedModel } from '@toco/trainer';
import { createProgress, UserError } from '@toco/files';
import { describedNetwork } from '@toco/weights';

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
    throw new UserError('Name either the folder of a run, or a weight file with --weights.');
  }
  if (run !== undefined) {
    if (config !== undefined)
      throw new UserError('--config: a run has its own configuration; change it with --set.');
    return modelOfRun(run, { settings: set, print });
  }
  const described = await describedNetwork(weights!, { print, bar: createProgress('megabytes') });
  const settings = await loadConfig(config, set, described?.settings);
  return modelOfWeights(weights!, { config: settings, print });
}
