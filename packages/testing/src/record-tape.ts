import * as tf from '@tensorflow/tfjs-core';

/** What a computation put on the gradient tape. */
export interface Tape {
  /** tfjs kernels whose own gradient is used. */
  readonly kernels: ReadonlySet<string>;
  /** Operations with a gradient given by hand, by package and file: `core/softmax`. */
  readonly operations: ReadonlySet<string>;
}

interface TapeEngine {
  addTapeNode: (
    kernelName: string,
    inputs: object,
    outputs: unknown,
    gradient: unknown,
    ...rest: unknown[]
  ) => void;
}

/** Files that wrap `tf.customGrad` for others. */
const plumbing = /\/(record-tape|custom-gradient|with-derivative)\.[jt]s/;
const source = /packages\/([\w-]+)\/(?:src|dist|test)\/([\w./-]+?)\.[jt]s/;

/** The file that an operation comes from. */
function origin(stack: string): string {
  const frames = stack.split('\n').filter((line) => !plumbing.test(line) && source.test(line));
  const [, folder, file] = source.exec(frames[0] ?? '') ?? [];
  return `${folder ?? '?'}/${file ?? '?'}`;
}

/**
 * Runs `f` and tells which kernels and operations were recorded for a gradient: those that need a gradient check.
 *
 * What is recorded but does not lead to the result is among them. Works while a graph is traced, too.
 */
export function recordTape(f: () => void): Tape {
  // eslint-disable-next-line no-restricted-syntax -- the engine's types call the method private
  const engine = tf.engine() as unknown as TapeEngine;
  const kernels = new Set<string>();
  const operations = new Set<string>();
  const original = engine.addTapeNode.bind(engine);
  engine.addTapeNode = (name, inputs, outputs, gradient, ...rest) => {
    if (gradient === null || gradient === undefined) kernels.add(name);
    // The inputs of `tf.customGrad` are numbered. There are none in `withoutGradient`, through which nothing flows, and
    // those of the copies that the engine saves have names.
    else if ('0' in inputs) operations.add(origin(new Error().stack ?? ''));
    original(name, inputs, outputs, gradient, ...rest);
  };
  try {
    f();
  } finally {
    Reflect.deleteProperty(engine, 'addTapeNode');
  }
  return { kernels, operations };
}
