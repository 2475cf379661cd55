import { existsSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createProgress, printLine as print, UserError } from '@toco/files';
import { initBackend } from '@toco/runtime';
import { assertMultiple, buildNetwork, interruption, modelOfRun } from '@toco/trainer';
import {
  hubEndpoint,
  hubToken,
  loadBackbone,
  loadNetworkModule,
  parseHubName,
  rememberedBackbone,
  rememberedNetwork,
} from '@toco/weights';
import type { Command } from 'commander';
import { writeHubFolder } from '../hub/hub-folder.js';
import { publishFolder } from '../hub/publish-folder.js';
import { wholeNumber } from './whole-number.js';

interface PublishFlags {
  readonly size?: string;
  readonly backbone?: string;
  readonly network?: string;
  readonly private?: boolean;
}

/** Adds `toco publish`. */
export function addPublishCommand(program: Command): void {
  program
    .command('publish')
    .description("send a trained network to Hugging Face's hub")
    .argument(
      '<run>',
      'folder of a run, or of one of its checkpoints, or what toco export --format hub wrote',
    )
    .argument('<model>', 'hf:owner/name')
    .option('--size <pixels>', 'of a run: side of the images; default: evaluation.size')
    .option(
      '-b, --backbone <file>',
      'of a run: JavaScript module that exports the "backbone" it was trained with',
    )
    .option(
      '--network <file>',
      'of a run: JavaScript module that exports the function "network" it was made by',
    )
    .option('--private', 'a model that is made is seen by its owner alone')
    .addHelpText(
      'after',
      `
Examples:
  toco publish runs/voc hf:me/toco-voc           the run as it is
  toco export runs/voc --format hub --out hub    to look at the model card and complete it first
  toco publish hub hf:me/toco-voc

The token comes from HF_TOKEN, else from what "hf auth login" has left; it must be one that may write. What the hub has is not sent
again; after an interruption the same command goes on.`,
    )
    .action(async (run: string, model: string, flags: PublishFlags) => {
      const { owner, name, revision } = parseHubName(model);
      if (revision !== 'main')
        throw new UserError(`${model}: a revision can't be written; leave out @${revision}.`);
      const token = hubToken();
      if (!token?.startsWith('hf_'))
        throw new UserError(
          `${model}: ${token === undefined ? 'no token' : 'this is no token of the hub'}; set HF_TOKEN to one that may write (hf_…).`,
        );
      const repository = `${owner}/${name}`;
      const isFolder = existsSync(join(run, 'config.json'));
      const unused = (['size', 'backbone', 'network'] as const).find(
        (flag) => isFolder && flags[flag] !== undefined,
      );
      if (unused !== undefined) throw new UserError(`--${unused}: ${run} is exported already; leave it out.`);
      const folder = isFolder ? run : mkdtempSync(join(tmpdir(), 'toco-publish-'));
      const hubUrl = hubEndpoint();
      const signal = interruption(print, 'what has arrived is kept');
      try {
        if (!isFolder) await exportRun(run, join(folder, name), { repository, ...flags });
        const commit = await publishFolder(isFolder ? run : join(folder, name), {
          ...{ repository, hubUrl, token, print, signal },
          isPrivate: flags.private,
          progress: createProgress('megabytes'),
        });
        if (commit === undefined) print(`${repository}: has all of it; nothing was sent.`);
        process.stdout.write(`${hubUrl}/${repository}\n`);
      } finally {
        if (!isFolder) await rm(folder, { recursive: true });
      }
    });
}

async function exportRun(
  run: string,
  out: string,
  { repository, ...flags }: PublishFlags & { readonly repository: string },
): Promise<void> {
  const model = await modelOfRun(run, { print });
  const { config, numClasses, classes } = model;
  const backbone =
    flags.backbone === undefined
      ? await rememberedBackbone(config, print, model)
      : await loadBackbone(flags.backbone);
  const make =
    flags.network === undefined
      ? await rememberedNetwork(config, print, model)
      : await loadNetworkModule(flags.network);
  const network = buildNetwork(config, { numClasses, backbone, network: make });
  const size = wholeNumber('--size', flags.size ?? String(config.evaluation.size));
  assertMultiple('--size', size, network.backbone);
  await initBackend({ ...config.engine, backend: 'tensorflow', print });
  const state = model.read(network);
  await writeHubFolder(out, { model, network, state, classes, size, flags, name: repository });
}
