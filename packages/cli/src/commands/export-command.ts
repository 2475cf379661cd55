import { join } from 'node:path';
import { loadBackbone, loadNetworkModule, rememberedBackbone, rememberedNetwork } from '@toco/weights';
import { initBackend } from '@toco/runtime';
import { Option, type Command } from 'commander';
import type { AnyBatchPort, ExportFormat } from '@toco/graph';
import { assertMultiple, buildNetwork, exportNetwork, onnxDifference } from '@toco/trainer';
import { writeHubFolder } from '../hub/hub-folder.js';
import { modelOf, type ModelFlags } from './model-of.js';
import { wholeNumber } from './whole-number.js';
import { printLine, UserError } from '@toco/files';
import { nearestName } from '@toco/core';
import { type InferenceOutput, inferenceOutputs } from '@toco/segmenter';

interface ExportFlags extends ModelFlags {
  readonly format: ExportFormat | 'onnx' | 'hub';
  readonly size?: string;
  readonly batch?: string;
  readonly outputs?: string;
  readonly half?: boolean;
  readonly out?: string;
  readonly backbone?: string;
  readonly network?: string;
}

/** Adds `toco export`. */
export function addExportCommand(program: Command): void {
  program
    .command('export')
    .description(
      'export a trained network as a TensorFlow SavedModel, a TensorFlow.js graph model, ONNX, or a folder for a hub',
    )
    .argument('[run]', 'folder of a run, or of one of its checkpoints')
    .addOption(
      new Option('-f, --format <format>', 'what is written')
        .choices(['savedmodel', 'tfjs', 'onnx', 'hub'])
        .default('savedmodel'),
    )
    .option('--size <pixels>', 'side of the images; default: evaluation.size')
    .option('--batch <images>', 'images per batch; default: 1, for onnx and hub any number')
    .option(
      '--outputs <names>',
      `outputs, separated by commas: ${inferenceOutputs.join(', ')}; default: logits,labels,scores`,
    )
    .option('--half', 'for tfjs: weights in half precision, half the bytes to load')
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
  toco export runs/voc --format tfjs --size 448 --out web/model       for browsers
  toco export runs/voc --format onnx --size 448 --out onnx            for ONNX Runtime
  toco export runs/voc --format hub --size 448 --out hub              for transformers.js and toco publish`,
    )
    .action(async (run: string | undefined, flags: ExportFlags) => {
      const print = printLine;
      const model = await modelOf(run, flags, print);
      const { config, numClasses } = model;
      const size = wholeNumber('--size', flags.size ?? String(config.evaluation.size));
      assertFlags(flags);
      const batch = wholeNumber('--batch', flags.batch ?? '1');
      const outputs = outputsOf(flags.outputs ?? 'logits,labels,scores');
      const { format, out = `export-${format}` } = flags;
      const backbone =
        flags.backbone === undefined
          ? await rememberedBackbone(config, print, model)
          : await loadBackbone(flags.backbone);
      const make =
        flags.network === undefined
          ? await rememberedNetwork(config, print, model)
          : await loadNetworkModule(flags.network);
      const network = buildNetwork(config, { numClasses, backbone, network: make });
      assertMultiple('--size', size, network.backbone);
      await initBackend({ ...config.engine, backend: 'tensorflow', print });
      const state = model.read(network);
      const classes = model.classes ?? config.data.classes;
      const { inputs, outputs: given } =
        format === 'hub'
          ? await writeHubFolder(out, { model, network, state, classes, size, flags })
          : await exportNetwork(network, state.params, {
              format,
              size,
              batch,
              out,
              outputs,
              classes,
              half: flags.half,
            });
      for (const [direction, ports] of [
        ['in ', inputs],
        ['out', given],
      ] as const) {
        for (const { name, dtype, shape } of ports)
          print(`${direction} ${name}: ${dtype} [${shape.map(formatSize).join()}]`);
      }
      if (format === 'onnx' || format === 'hub') {
        const file = join(out, format === 'hub' ? 'onnx/model.onnx' : 'model.onnx');
        const compared = { file, size, ...(format === 'onnx' && { outputs }) };
        const apart = await onnxDifference(network, state.params, compared);
        print(
          apart === undefined
            ? 'Not compared with our own output: onnxruntime-node is not installed.'
            : `Largest difference from our own output, in onnxruntime-node: ${apart.toExponential(1)}.`,
        );
      }
      process.stdout.write(`${out}\n`);
    });
}

const formatSize = (size: AnyBatchPort['shape'][number]): string => {
  if (typeof size === 'number') return String(size);
  return size.timesBatch === 1 ? 'batch' : `${size.timesBatch}·batch`;
};

/** @throws one line where an option means nothing for a format */
function assertFlags({ format, batch, outputs, half }: ExportFlags): void {
  if (half === true && format !== 'tfjs')
    throw new UserError(`--half: ${format} has no such form; leave it out.`);
  if (batch !== undefined && (format === 'onnx' || format === 'hub'))
    throw new UserError(`--batch: ${format} takes any number of images; leave it out.`);
  if (outputs !== undefined && format === 'hub')
    throw new UserError('--outputs: a folder for a hub has logits and scores; leave it out.');
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
