import type { LossTerm } from '@toco/method';

/** Square scenes and the classes that each shows. */
export interface TrainingScenes {
  readonly side: number;
  /** Names of the foreground classes. */
  readonly classes: readonly string[];
  /** `[side,side,3]` each. */
  readonly train: readonly Uint8Array[];
  /** `[C]` each. */
  readonly trainLabels: readonly Uint8Array[];
  /** Scenes that are only looked at. */
  readonly val: readonly Uint8Array[];
}

/** What the page asks. */
export type Command =
  | { readonly kind: 'start'; readonly scenes: TrainingScenes }
  | { readonly kind: 'run'; readonly run: boolean };

/** An iteration that was done. */
export interface Iteration {
  readonly kind: 'iteration';
  readonly iteration: number;
  readonly losses: Readonly<Partial<Record<LossTerm, number>>>;
  readonly milliseconds: number;
}

/** What the network makes of the scenes that are only looked at. */
export interface Seen {
  readonly kind: 'seen';
  readonly iteration: number;
  readonly scenes: readonly {
    /** `[side,side]` the class of every pixel, 0 background. */
    readonly labels: Uint8Array;
    /** `[side,side]` CAM of the best class, in 0…1. */
    readonly cam: Float32Array;
    /** The best class, from 0, and its score. */
    readonly best: number;
    readonly score: number;
  }[];
}

/** The worker has begun. */
export interface Begun {
  readonly kind: 'begun';
  readonly backend: string;
}
