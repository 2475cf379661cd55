import type { Planes } from '@toco/segmenter';

/** A picture as the worker takes it: red, green and blue of every pixel. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** What the worker says once its network is ready. */
export interface Ready {
  readonly kind: 'ready';
  readonly backend: string;
  /** Names of all classes, background first. */
  readonly labels: readonly string[];
}

/** What the network found on a picture. */
export interface Found {
  readonly kind: 'found';
  readonly id: number;
  /** `[H,W]` the class of every pixel. */
  readonly labels: Uint8Array;
  /** Foreground classes, from 0, of the planes of the CAMs. */
  readonly classes: readonly number[];
  /** `[H,W,M]` in 0…1. */
  readonly cam: Planes;
  /** `[C]` */
  readonly scores: Float32Array;
  /** `[h,w,D]` patch tokens. */
  readonly tokens: Planes;
  readonly milliseconds: number;
}

/** Something that went wrong, in one line. */
export interface Failed {
  readonly kind: 'failed';
  readonly message: string;
}
