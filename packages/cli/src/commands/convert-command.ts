import { loadPretrained } from '@toco/backbone';
import { initBackend } from '@toco/runtime';
import { Option, type Command } from 'commander';
import { createProgress, printLine } from '@toco/files';
import {
  type ConvertOptions,
  convertWeights,
  formatImportReport,
  namedBackbone,
  namePrefix,
  namingWeights,
} from '@toco/weights';

interface ConvertFlags {
  readonly to?: ConvertOptions['to'];
  readonly container?: string;
  readonly backbone?: string;
}

/** Adds `toco convert`. */
export function addConvertCommand(program: Command): void {
  program
    .command('convert')
    .description(
      'convert weights of any format (.pth, .npz, safetensors, hf:owner/name) to safetensors or npz',
    )
    .argument('<input>', 'file, or hf:owner/name')
    .argument('<output>', 'file that ends in .safetensors or .npz')
    .addOption(
      new Option(
        '-t, --to <names>',
        "timm: the backbone alone; toco: below encoder., as in the authors' checkpoints",
      ).choices(['timm', 'toco']),
    )
    .option(
      '-c, --container <name>',
      'set of weights to extract from a file that holds several, e.g. teacher',
    )
    .option(
      '-b, --backbone <name>',
      'report what matches this backbone, what is missing, and what is left over',
    )
    .addHelpText(
      'after',
      `
Examples:
  toco convert B_16.npz vit.safetensors --backbone vit_base_patch16_224
  toco convert runs/voc/checkpoints/iteration-020000/model.safetensors encoder.safetensors --to timm`,
    )
    .action(async (input: string, output: string, { to, container, backbone }: ConvertFlags) => {
      const print = printLine;
      const target = backbone === undefined ? undefined : namedBackbone(backbone, { auxBlock: -1 });
      const arrays = await convertWeights(input, output, {
        to,
        container,
        print,
        bar: createProgress('megabytes'),
      });
      if (!target) return;
      await initBackend({ print: () => undefined });
      const prefix = namePrefix(Object.keys(arrays));
      const { report } = namingWeights(input, () =>
        loadPretrained(target, target.init(0), arrays, { prefix }),
      );
      print(`${target.name}: ${formatImportReport(report)}.`);
    });
}
