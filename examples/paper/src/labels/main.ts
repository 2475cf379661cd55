// How good the labels are that a run learns from, beside the masks: npm run labels -- RUN
import { disposeTree } from '@toco/core';
import { defaultViewOptions, randomPurpose, randomStream, viewOptionsOf } from '@toco/datasets';
import { counted, createProgress, errorText, printLine as print, UserError } from '@toco/files';
import { initBackend } from '@toco/runtime';
import { modelOfRun, trainingSource } from '@toco/trainer';
import { parsedWords } from '../parsed-words.js';
import { writeFiles } from '../write-files.js';
import { type Comparison, labelsCsv, labelsMarkdown } from './labels-page.js';
import { measureLabels } from './measure-labels.js';
import { behaviorVariants, sourceVariants } from './variants.js';

const help = `npm run labels -- RUN [options]

Makes the labels that a trained run would learn from on views of training images, for the original's behavior, for each correction alone,
and from other CAMs, scales and thresholds, and says how many are right by the masks. Nothing is trained.

  --images NUMBER  images of the training list, drawn by the run's seed (default: 200)
  --set KEY=VALUE  a setting over the run's configuration; may be given several times
  --out FOLDER     writes labels.md and labels.csv there, too
  --help           print this

Thresholds are those of cam; a phase's own are not looked at. Exit status: 0 done, 1 not done, 2 wrong arguments.`;

interface Asked {
  readonly run: string;
  readonly images: number;
  readonly settings: readonly string[];
  readonly out: string | undefined;
}

/** What the words say; undefined: they ask for help. */
function asked(words: readonly string[]): Asked | undefined {
  const { values, positionals } = parsed(words);
  if (values.help) return undefined;
  const [run, ...more] = positionals;
  if (run === undefined || more.length > 0)
    throw new UserError(
      'Name one folder of a run, such as runs/voc-mini/toco-seed0; --help lists all options.',
    );
  const images = Number(values.images);
  if (!Number.isSafeInteger(images) || images < 2)
    throw new UserError(`--images ${values.images}: give a whole number, 2 or more.`);
  return { run, images, settings: values.set, out: values.out };
}

function parsed(words: readonly string[]) {
  return parsedWords({
    args: [...words],
    allowPositionals: true,
    options: {
      images: { type: 'string', default: '200' },
      set: { type: 'string', multiple: true, default: [] },
      out: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
}

/** Measures and tells. */
async function measure({ run, images, settings: words, out }: Asked): Promise<void> {
  const model = await modelOfRun(run, { settings: [...words, 'data.trainMasks=all'], print });
  const { config } = model;
  const { network, images: list, settings } = await trainingSource(config, { trained: model, print });
  await initBackend({ ...config.engine, print });
  const { params, teacher } = model.read(network);
  const indices = [...randomStream(randomPurpose.order, config.seed).permutation(list.length)].slice(
    0,
    images,
  );
  const behaviors = behaviorVariants(settings);
  const sources = sourceVariants(settings);
  const { mean, std } = network.backbone;
  const progress = createProgress('labels');
  const counts = await measureLabels({ network, params, settings }, [...behaviors, ...sources], {
    ...{ list, indices, seed: config.seed, batchSize: config.batchSize },
    views: { ...defaultViewOptions, ...viewOptionsOf(config.views), normalization: { mean, std } },
    onImages: (done) => {
      progress.update({ done, total: indices.length });
    },
  }).finally(() => {
    progress.stop();
    disposeTree({ params, teacher });
  });
  const comparisons: Comparison[] = [
    {
      title: 'Behavior',
      variants: behaviors,
      counts: counts.slice(0, behaviors.length),
      groups: ['tokens', 'pairs', 'crops', 'pixels'],
    },
    {
      title: 'CAM, scales and thresholds',
      variants: sources,
      counts: counts.slice(behaviors.length),
      groups: ['tokens', 'pixels'],
    },
  ];
  const text = `${[
    `Labels of ${model.name} on views of ${counted(indices.length, 'image')} of ${list.name}, seed ${config.seed}: percent, ± its standard error over images; below each row its difference to the first, on the same images.`,
    '"right": of these labels those that are right; "found": of these places those that got the right label. Labels on padding are wrong.',
    ...comparisons.map(labelsMarkdown),
  ].join('\n\n')}\n`;
  process.stdout.write(text);
  if (out === undefined) return;
  const written = await writeFiles(out, { 'labels.md': text, 'labels.csv': labelsCsv(comparisons) });
  process.stdout.write(`\n${written.join('\n')}\n`);
}

// The single door where errors leave.
let isAsked = false;
try {
  const what = asked(process.argv.slice(2));
  isAsked = true;
  if (what === undefined) process.stdout.write(`${help}\n`);
  else await measure(what);
} catch (error) {
  print(errorText(error));
  process.exitCode = isAsked ? 1 : 2;
}
