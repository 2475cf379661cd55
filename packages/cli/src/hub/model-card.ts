import { stringify } from 'yaml';
import type { HubDescription, OwnModules } from './hub-config.js';
import type { HubFigure } from './hub-figures.js';

/** What a model card tells of. */
export interface ModelCard extends HubDescription {
  /** `owner/name` on the hub. */
  readonly name: string;
  readonly figures: readonly HubFigure[];
}

/** The model card: what the network is, how it is used and what can't load it, with its figures as `model-index`. */
export function modelCard(card: ModelCard): string {
  const { name, labels, size, backbone, figures, modules } = card;
  const classes = labels.slice(1);
  return `---
${stringify(frontMatter(card))}---

# ${name}

Semantic segmentation by Token Contrast ([ToCo](https://arxiv.org/abs/2303.01267)), learned from image-level labels: ${classes.length} classes and
background, a network on ${backbone.name}, images of ${size}×${size} pixels. Trained and exported with [toco](https://github.com/toco-wsss/toco).

Classes: ${classes.join(', ')}.

## Use

With transformers.js, in Node or a browser:

\`\`\`js
import { pipeline } from '@huggingface/transformers';

const segment = await pipeline('image-segmentation', '${name}');
for (const { label, mask } of await segment('photo.jpg')) await mask.save(\`\${label}.png\`);
\`\`\`

With toco, with scales, mirror and CRF as in the paper:

\`\`\`sh
toco predict hf:${name} photo.jpg --protocol voc${madeBy(card)}
\`\`\`
${notHere(modules)}
With ONNX Runtime, in any of its languages: \`onnx/model.onnx\` takes \`pixel_values\` (float32 \`[batch,3,${size},${size}]\`, \`(level / 255 − mean) / std\` by
\`preprocessor_config.json\`) and gives \`logits\` (\`[batch,${labels.length},${size / backbone.stride},${size / backbone.stride}]\`, background first, to be enlarged bilinearly) and \`scores\`
(\`[batch,${classes.length}]\`, how probable it is that a class is shown).

## What can't load it

- transformers for Python: \`model_type\` in \`config.json\` is \`segformer\`, by which transformers.js chooses how to run \`onnx/model.onnx\`. The network is none;
  its real architecture stands under \`toco\`, and \`model.safetensors\` has the names of ToCo's checkpoints.
- transformers.js in half precision or 8 bits: there is \`dtype: 'fp32'\` alone, which \`config.json\` asks for.

## Figures

${figures.length === 0 ? 'None were measured.' : table(figures)}
`;
}

/** What a command is told of the network; `config.json` says the rest. */
function madeBy({ modules = {} }: ModelCard): string {
  const { backbone, network } = modules;
  return `${backbone === undefined ? '' : ` --backbone ${backbone}`}${network === undefined ? '' : ` --network ${network}`}`;
}

/** What only the author has; everything else runs without it. */
function notHere(modules: OwnModules = {}): string {
  const files = [modules.backbone, modules.network]
    .filter((file) => file !== undefined)
    .map((file) => `\`${file}\``);
  if (files.length === 0) return '';
  const [one, they] = files.length === 1 ? ['is a module', 'It is'] : ['are modules', 'They are'];
  return `\n${files.join(' and ')} ${one} of the author's own. ${they} not among these files, and nothing but toco needs ${files.length === 1 ? 'it' : 'them'}.\n`;
}

function frontMatter({ name, figures }: ModelCard): object {
  const results = figures.map(({ dataset, list, name: what, value }) => ({
    task: { type: 'image-segmentation', name: 'Weakly-supervised semantic segmentation' },
    dataset: { name: dataset, type: dataset.toLowerCase().replace(/\W+/g, '-'), split: list },
    metrics: [{ type: 'mean_iou', name: `mIoU, ${what}`, value }],
  }));
  return {
    library_name: 'transformers.js',
    pipeline_tag: 'image-segmentation',
    tags: ['toco', 'weakly-supervised-semantic-segmentation', 'onnx'],
    ...(results.length > 0 && { 'model-index': [{ name: name.split('/').at(-1), results }] }),
  };
}

function table(figures: readonly HubFigure[]): string {
  const rows = figures.map(
    ({ dataset, list, name, value }) => `| ${dataset}, ${list} | ${name} | ${value} |`,
  );
  return ['| images | what | mIoU in % |', '| --- | --- | --- |', ...rows].join('\n');
}
