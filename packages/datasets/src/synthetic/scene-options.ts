import type { Range } from '../views/view-options.js';

/** Every number behind the synthetic scenes. */
export interface SceneOptions {
  /** Decides all scenes. */
  readonly seed: number;
  /** Mean side of an image, pixels. */
  readonly size: number;
  /** Width / height, log-uniform; the area stays `size²`. */
  readonly aspectRange: Range;
  /** Names of the kinds of objects, in the order of their labels. */
  readonly classes: readonly string[];
  /** Probabilities of 1, 2, 3 … classes in an image. */
  readonly classCounts: readonly number[];
  /** Half the extent of an object as a share of the image's side, when it has the image to itself. */
  readonly objectRadius: Range;
  /** How much smaller objects get for each further one. */
  readonly crowding: number;
  /** Probability that an object shows its striking part; else its body alone must tell the class. */
  readonly strikingProbability: number;
  /** Probability that a body has its kind's own color and one of its two textures; else it takes any kind's. */
  readonly homeBody: number;
  /** Probability that the backdrop is that of one of the objects; else any. */
  readonly homeBackdrop: number;
  /** Neutral bodies that belong to no class, at most. */
  readonly distractors: number;
  /** Probability of a post in front of everything. */
  readonly postProbability: number;
}

/** Scenes that a small vision transformer learns in minutes, at 96 to 128 pixels. */
export const defaultSceneOptions: SceneOptions = {
  seed: 0,
  size: 128,
  aspectRange: [0.8, 1.25],
  classes: ['boat', 'house', 'fish', 'mushroom', 'car', 'rocket'],
  classCounts: [0.45, 0.4, 0.15],
  objectRadius: [0.3, 0.42],
  crowding: 0.8,
  strikingProbability: 0.4,
  homeBody: 0.9,
  homeBackdrop: 0,
  distractors: 1,
  postProbability: 0.25,
};
