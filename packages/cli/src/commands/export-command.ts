import { loadBackbone, loadNetworkModule, rememberedBackbone, rememberedNetwork } from '@toco/weights';
import { initBackend } from '@toco/runtime';
import { Option, type Command } from 'commander';
import type { ExportFormat } from '@toco/graph';
import { assertMultiple, buildNetwork, exportNetwork } from '@toco/trainer';
import { modelOf, type ModelFlags } from './model-of.js';
import { wholeNumber } from './whole-number.js';
import { printLine, UserError } from '@toco/files';
import { nearestName } from '@toco/core';
import { type InferenceOutput, inferenceOutputs } from '@toco/segmenter';

interface ExportFlags extends ModelFlags {
  readonly format: ExportFormat;
  readonly size?: string;
  readonly batch: string;
  readonly outputs: string;
  readonly out?: string;
  readonly backbone?: string;
  readonly network?: string;
}

/** Adds `toco export`. */
export function addExportCommand(program: Command): void {
  program
    .command('export')
    .description('export a trained network as a TensorFlow SavedModel or a TensorFlow.js graph model')
    .argument('[run]', 'folder of a run, or of one of its checkpoints')
    .addOption(
      new Option('-f, --format <format>', 'what is written')
        .choices(['savedmodel', 'tfjs'])
        .default('savedmodel'),
    )
    .option('--size <pixels>', 'side of the images; default: evaluation.size')
    .option('--batch <images>', 'images per batch', '1')
    .option(
      '--outputs <names>',
      `outputs, separated by commas: ${inferenceOutputs.join(', ')}`,
      'logits,labels,scores',
    )
    .option('-o, --out <folder>', 'new folder; default: export-<format>')
    .option('-w, --weights <file>', 'a whole network from a weight file instead of a run')
    .option('-c, --config <file>', 'with --weights: YAML file of its configuration')
    .option('-s, --set <key=value...>', 'single settings over the configuration', [])
    .option('-b, --backbone <file>', 'JavaScript module that exports the "backbone" it was trained with')
    .option('--network <file>', 'JavaScript module that exports the function "network" it was made by')
    .addHelpText(
      'after',
      `
Examples:
  toco export runs/voc --format savedmodel --size 448 --out saved     for TensorFlow
  toco export runs/voc --format tfjs --size 448 --out web/model       for browsers`,
    )
    .action(async (run: string | undefined, flags: ExportFlags) => {
      const print = printLine;
      const model = await modelOf(run, flags, print);
      const { config, numClasses } = model;
      const size = wholeNumber('--size', flags.size ?? String(config.evaluation.size));
      const batch = wholeNumber('--batch', flags.batch);
      const outputs = outputsOf(flags.outputs);
      const out = flags.out ?? `export-${flags.format}`;
      const backbone =
        flags.backbone === undefined
          ? await rememberedBackbone(config, print)
          : await loadBackbone(flags.backbone);
      const make =
        flags.network === undefined
          ? await rememberedNetwork(config, print)
          : await loadNetworkModule(flags.network);
      const network = buildNetwork(config, { numClasses, backbone, network: make });
      assertMultiple('--size', size, network.backbone);
      await initBackend({ ...config.engine, backend: 'tensorflow', print });
      const { params } = model.read(network);
      const graph = await exportNetwork(network, params, {
        ...{ format: flags.format, size, batch, out, outputs },
        classes: model.classes ?? config.data.classes,
      });
      for (const [direction, ports] of [
        ['in ', graph.inputs],
        ['out', graph.outputs],
      ] as const) {
        for (const { name, dtype, shape } of ports) print(`${direction} ${name}: ${dtype} [${shape.join()}]`);
      }
      process.stdout.write(`${out}\n`);
    });
}

/** The outputs that a list by commas names. @throws one line where it names none, or something else */
function outputsOf(list: string): InferenceOutput[] {
  const names = list.split(',').map((name) => name.trim());
  for (const name of names) {
    if ((inferenceOutputs as readonly string[]).includes(name)) continue;
    const near = nearestName(name, inferenceOutputs);
    throw new UserError(
      `--outputs ${list}: there is no output "${name}"; ${near ? `did you mean ${near}?` : `choose of ${inferenceOutputs.join(', ')}.`}`,
    );
  }
  return [...new Set(names)] as InferenceOutput[];
}
