import { availableParallelism } from 'node:os';
import { open } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { datasetAt, datasetLayout } from '@toco/datasets';
import { printable, printLine as print, readableBytes, shellWord, UserError } from '@toco/files';
import { nvidiaDevices } from '@toco/runtime';
import type { Command } from 'commander';
import { configText } from '../init/config-text.js';
import { gpuMemoryOf, type Machine, recipeFor } from '../init/recipe.js';
import { memoryLimit } from '../segmenting/memory-limit.js';

const example = `
Example: a folder of photographs, annotated in LabelMe, CVAT, YOLO or COCO's form, or sorted into one folder per class:
  toco init photos
  toco check photos
  toco train --config toco.yaml --out runs/photos`;

/** Adds `toco init`. */
export function addInitCommand(program: Command): void {
  program
    .command('init')
    .description(
      'write a commented configuration for your own folder, with a network and sizes that fit this machine',
    )
    .argument('<folder>', 'folder of the data set')
    .option('-o, --out <file>', 'file that is written', 'toco.yaml')
    .addHelpText('after', example)
    .action(async (root: string, { out }: { out: string }) => {
      const dataset = await datasetAt(root);
      const [train, val] = [await dataset.list(dataset.lists.train), await dataset.list(dataset.lists.val)];
      for (const { kind, message } of dataset.findings ?? [])
        print(printable(`${kind[0]!.toUpperCase()}${kind.slice(1)}: ${message}.`));
      const masks = Array.from({ length: val.length }, (_, i) => val.sample(i)).filter(
        ({ mask }) => mask,
      ).length;
      const [gpu] = await nvidiaDevices();
      const machine: Machine = {
        memory: 2 * memoryLimit(undefined),
        cores: availableParallelism(),
        gpuMemory: gpu === undefined ? undefined : gpuMemoryOf(gpu),
      };
      const recipe = recipeFor(machine, train.length);
      const text = configText(
        recipe,
        {
          ...{ root, layout: datasetLayout(root), classes: dataset.classes },
          ...{ train: train.length, val: val.length, masks },
        },
        describe(machine),
      );
      await writeNew(out, text);
      const run = shellWord(`runs/${basename(resolve(root))}`);
      process.stdout.write(
        `${out}: ${recipe.backbone} at ${recipe.cropSize} pixels, ${recipe.iterations} iterations of ${recipe.batchSize} images.\nTrain: toco train --config ${shellWord(out)} --out ${run}\n`,
      );
    });
}

function describe({ memory, cores, gpuMemory }: Machine): string {
  const processor = `${cores} core${cores === 1 ? '' : 's'} and ${readableBytes(memory)} of free memory`;
  return gpuMemory === undefined ? processor : `a GPU with ${readableBytes(gpuMemory)}, ${processor}`;
}

/** @throws One line where there is such a file, or it can't be written. */
async function writeNew(path: string, text: string): Promise<void> {
  try {
    const file = await open(path, 'wx');
    await file.writeFile(text).finally(() => file.close());
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const reason =
      code === 'EEXIST' ? 'is there already, and stays as it is; name another file by --out' : message;
    throw new UserError(`${path}: ${reason}`, { cause: error });
  }
}
