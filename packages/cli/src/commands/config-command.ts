import { disposeTree, flattenTree } from '@toco/core';
import { printLine as print } from '@toco/files';
import { initBackend } from '@toco/runtime';
import { buildNetwork, type Config, loadConfig } from '@toco/trainer';
import { rememberedBackbone, rememberedNetwork } from '@toco/weights';
import type { Command } from 'commander';
import { stringify } from 'yaml';

interface ConfigFlags {
  readonly config?: string;
  readonly set: string[];
  readonly parameters?: boolean;
}

/** Adds `toco config`. */
export function addConfigCommand(program: Command): void {
  program
    .command('config')
    .description('print the whole configuration, defaults filled in, or the parameters of its network')
    .option('-c, --config <file>', 'YAML file with what differs from the defaults')
    .option('-s, --set <key=value...>', 'single settings over the file', [])
    .option(
      '--parameters',
      'print the paths of the parameters instead, as network.frozen, optimizer.groups and averages take them',
    )
    .addHelpText(
      'after',
      `
Examples:
  toco config --config toco.yaml > whole.yaml          a file with every setting, to be edited
  toco config --config toco.yaml --parameters          also of a run: --config runs/photos/config.yaml`,
    )
    .action(async ({ config: file, set, parameters }: ConfigFlags) => {
      const config = await loadConfig(file, set);
      process.stdout.write(parameters ? await parameterLines(config) : stringify(config));
    });
}

/** A path in each line; what is not trained says so. */
async function parameterLines(config: Config): Promise<string> {
  const backbone = await rememberedBackbone(config, print);
  const make = await rememberedNetwork(config, print);
  // Paths are the same for any number of classes.
  const numClasses = config.data.classes?.length ?? 1;
  const network = buildNetwork(config, { numClasses, backbone, network: make });
  await initBackend({ device: 'cpu', print: () => undefined });
  const state = network.init(config.seed);
  const lines = [...flattenTree(state.params).keys()].map((path) =>
    network.trainable(path) ? path : `${path} (not trained)`,
  );
  disposeTree({ ...state });
  return `${lines.join('\n')}\n`;
}
