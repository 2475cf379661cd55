import { checkClasses, computedList, type Dataset, type Sample } from '../dataset/dataset.js';
import { randomPurpose, randomStream } from '../random/random.js';
import { objectKinds } from './object-kinds.js';
import { defaultSceneOptions, type SceneOptions } from './scene-options.js';
import { sceneMaskSvg, sceneSvg } from './scene-svg.js';
import { drawScene } from './scene.js';
import { UserError } from '@toco/files/user-error';

/** Options of {@link syntheticScenes}. */
export interface SyntheticScenesOptions extends Partial<SceneOptions> {
  /** Scenes in the list `train`. */
  readonly train?: number | undefined;
  /** Scenes in the list `val`, all different from those for training. */
  readonly val?: number | undefined;
}

/**
 * Drawn scenes with exact masks, for tests and demonstrations without photographs. Objects are made of a small striking
 * part, which tells the class for sure where it is seen, and a large plain part whose color and texture tell it mostly: a
 * network trained on image-level labels looks at the first, a good segmentation must find the second, too.
 *
 * @throws One line for an empty list of classes, or a class that can't be drawn.
 *
 * @example
 * const list = await syntheticScenes({ seed: 0, size: 128, train: 2000, val: 200 }).list('train');
 * const { image, mask } = await loadEvaluationSample(list.sample(0));
 */
export function syntheticScenes(options: SyntheticScenesOptions = {}): Dataset {
  const { train = 2000, val = 200, ...given } = options;
  const scenes: SceneOptions = { ...defaultSceneOptions, ...given };
  const classes = checkClasses('synthetic scenes', scenes.classes);
  const unknown = classes.find((name) => !objectKinds.some((kind) => kind.name === name));
  if (unknown !== undefined) {
    const known = objectKinds.map(({ name }) => name).join(', ');
    throw new UserError(`synthetic scenes: there is no class "${unknown}"; choose among ${known}`);
  }
  const lengths = new Map([
    ['train', train],
    ['val', val],
  ]);
  return {
    name: 'synthetic scenes',
    classes,
    lists: { train: 'train', val: 'val' },
    list(name) {
      const length = lengths.get(name);
      if (length === undefined) {
        return Promise.reject(
          new UserError(`synthetic scenes: there is no list "${name}"; there are train and val`),
        );
      }
      const split = name === 'train' ? 0 : 1;
      return Promise.resolve(
        computedList({ name, classes, length }, (index) => sceneSample(scenes, name, split, index)),
      );
    },
  };
}

function sceneSample(options: SceneOptions, list: string, split: number, index: number): Sample {
  const scene = drawScene(randomStream(randomPurpose.scene, options.seed, split, index), options);
  const id = `${list}-${String(index).padStart(5, '0')}`;
  const labels = new Uint8Array(options.classes.length);
  for (const { kind } of scene.objects) labels[kind] = 1;
  return {
    id,
    image: { name: `synthetic scene ${id}`, svg: sceneSvg(scene, options) },
    labels,
    mask: { name: `mask of synthetic scene ${id}`, svg: sceneMaskSvg(scene, options) },
  };
}
