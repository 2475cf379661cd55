import type { RandomStream } from '../random/random.js';
import { backdropNames, type BackdropName } from './backdrops.js';
import { bodyColors, bodyTextures, neutralColor, type BodyTexture } from './bodies.js';
import { objectKinds } from './object-kinds.js';
import type { SceneOptions } from './scene-options.js';

/** How a body or a distractor is painted. */
export interface BodyPaint {
  /** Degrees, 0…360. */
  readonly hue: number;
  /** Percent. */
  readonly saturation: number;
  /** Percent. */
  readonly lightness: number;
  readonly texture: BodyTexture;
}

/** Where something is drawn: center and half extents in pixels, turn in degrees. */
export interface Placement {
  readonly x: number;
  readonly y: number;
  readonly rx: number;
  readonly ry: number;
  readonly turn: number;
  readonly mirrored: boolean;
}

/** Everything in a scene, as plain data; later entries cover earlier ones. */
export interface Scene {
  readonly width: number;
  readonly height: number;
  readonly backdrop: BackdropName;
  /** Seed of the backdrop's texture. */
  readonly grain: number;
  /** Degrees in which the light falls. */
  readonly light: number;
  readonly distractors: readonly {
    readonly placement: Placement;
    readonly paint: BodyPaint;
    readonly round: boolean;
  }[];
  /** `kind` is the index into the scene's classes. */
  readonly objects: readonly {
    readonly kind: number;
    readonly placement: Placement;
    readonly paint: BodyPaint;
    /** Whether its striking part is seen. */
    readonly striking: boolean;
  }[];
  /** A post of no class in front of everything: left edge and width in pixels. */
  readonly post: { readonly x: number; readonly width: number; readonly paint: BodyPaint } | undefined;
}

/** Draws what a scene shows. */
export function drawScene(random: RandomStream, options: SceneOptions): Scene {
  const { size, classes } = options;
  const aspect = Math.exp(random.uniform(...(options.aspectRange.map(Math.log) as [number, number])));
  const width = Math.round(size * Math.sqrt(aspect));
  const height = Math.round(size / Math.sqrt(aspect));
  const count = Math.min(classes.length, drawCount(random, options.classCounts));
  const kinds = Array.from(random.permutation(classes.length).subarray(0, count));
  const home = random.pick(kinds);
  const shrink = options.crowding ** (count - 1);
  const placements: Placement[] = [];
  for (let i = 0; i < count; i++) {
    const radius = size * shrink * random.uniform(...options.objectRadius);
    placements.push(place(random, { width, height }, radius, placements));
  }
  return {
    width,
    height,
    backdrop: random.chance(options.homeBackdrop)
      ? backdropNames[kindOf(classes, home) % backdropNames.length]!
      : random.pick(backdropNames),
    grain: random.integer(0, 9999),
    light: random.uniform(0, 360),
    distractors: Array.from({ length: random.integer(0, options.distractors) }, () => ({
      placement: place(random, { width, height }, size * random.uniform(0.1, 0.24), []),
      paint: drawPaint(random, random.integer(0, objectKinds.length - 1), neutralColor),
      round: random.chance(0.5),
    })),
    objects: kinds.map((kind, i) => ({
      kind,
      placement: placements[i]!,
      paint: drawPaint(
        random,
        random.chance(options.homeBody) ? kindOf(classes, kind) : random.integer(0, objectKinds.length - 1),
      ),
      striking: random.chance(options.strikingProbability),
    })),
    post: random.chance(options.postProbability)
      ? {
          x: random.uniform(0, width),
          width: size * random.uniform(0.04, 0.08),
          paint: drawPaint(random, random.integer(0, objectKinds.length - 1), neutralColor),
        }
      : undefined,
  };
}

/** Index of a class among all kinds. */
export function kindOf(classes: readonly string[], kind: number): number {
  return objectKinds.findIndex(({ name }) => name === classes[kind]);
}

function drawCount(random: RandomStream, probabilities: readonly number[]): number {
  let rest = random.uniform(
    0,
    probabilities.reduce((sum, p) => sum + p, 0),
  );
  const drawn = probabilities.findIndex((p) => (rest -= p) < 0);
  return (drawn < 0 ? probabilities.length - 1 : drawn) + 1;
}

/** Each kind has a color and two of the textures, each of which it shares with one other kind. */
function drawPaint(random: RandomStream, kind: number, color = bodyColors[kind]!): BodyPaint {
  return {
    hue: color.hue + random.uniform(-10, 10),
    saturation: color.saturation + random.uniform(-8, 8),
    lightness: color.lightness + random.uniform(-10, 10),
    texture: bodyTextures[(kind + random.integer(0, 1)) % bodyTextures.length]!,
  };
}

/** Tries before objects are allowed to cover each other more than a little. */
const ATTEMPTS = 60;
/** Distance of two centers, as a share of the sum of their radii, below which they would cover each other too much. */
const CLEARANCE = 0.95;

function place(
  random: RandomStream,
  size: { width: number; height: number },
  radius: number,
  others: readonly Placement[],
): Placement {
  let best: Placement | undefined;
  let bestClearance = -Infinity;
  for (let attempt = 0; attempt < ATTEMPTS && bestClearance < CLEARANCE; attempt++) {
    // Up to a fifth of an object may lie outside the image.
    const margin = radius * 0.8;
    const placement = {
      x: random.uniform(Math.min(margin, size.width / 2), Math.max(size.width - margin, size.width / 2)),
      y: random.uniform(Math.min(margin, size.height / 2), Math.max(size.height - margin, size.height / 2)),
      rx: radius * random.uniform(0.88, 1.12),
      ry: radius * random.uniform(0.88, 1.12),
      turn: random.uniform(-14, 14),
      mirrored: random.chance(0.5),
    };
    const clearance = Math.min(
      Infinity,
      ...others.map(
        (other) => Math.hypot(other.x - placement.x, other.y - placement.y) / (other.rx + radius),
      ),
    );
    if (clearance > bestClearance) {
      best = placement;
      bestClearance = clearance;
    }
  }
  return best!;
}
