import { type AnyBatchNode, integersOf } from './any-batch.js';

/**
 * Sizes of what each node gives, NaN where they are not known without computing or depend on the number of images; how many axes there
 * are is always right.
 *
 * @param node by name
 */
export function knownShapes(node: (name: string) => AnyBatchNode): (name: string) => readonly number[] {
  const known = new Map<string, readonly number[]>();
  const shapeOf = (input: string): readonly number[] => {
    const name = input.split(':')[0]!;
    const there = known.get(name);
    if (there) return there;
    const shape = infer(node(name), { node, shapeOf });
    known.set(name, shape);
    return shape;
  };
  return shapeOf;
}

const unknown = (shape: readonly number[]): number[] => shape.map(() => Number.NaN);

function infer(
  { op, inputs, constant, attributes }: AnyBatchNode,
  of: { node(name: string): AnyBatchNode; shapeOf(name: string): readonly number[] },
): readonly number[] {
  if (constant) return constant.shape;
  const first = inputs[0] === undefined ? [] : of.shapeOf(inputs[0]);
  const values = (index: number): number[] => integersOf(of.node(inputs[index]!).constant!);
  switch (op) {
    case 'Placeholder':
      return Array<number>(4).fill(Number.NaN);
    case 'Reshape': {
      const { perImage } = of.node(inputs[1]!);
      return values(1).map((size, i) => (size < 0 || (perImage?.[i] ?? 0) !== 0 ? Number.NaN : size));
    }
    case 'Transpose':
      return values(1).map((axis) => first[axis]!);
    case 'Mean':
    case 'Sum':
    case 'Max':
    case 'Min': {
      // An attribute that is true ends so.
      const keeps = attributes.get('keep_dims')?.at(-1) === 1;
      return keeps ? unknown(first) : unknown(first).slice(values(1).length);
    }
    case 'Unpack':
    case 'ArgMax':
      return unknown(first).slice(1);
    case 'Pack':
      return unknown([...first, 1]);
    case 'GatherV2':
      return unknown([...first.slice(1), ...of.shapeOf(inputs[1]!)]);
    case 'Identity':
    case 'Cast':
      return first;
    case 'ConcatV2':
    case 'Slice':
    case 'Tile':
    case 'PadV2':
      return unknown(first);
    default: {
      const longest = Math.max(...inputs.map((input) => of.shapeOf(input).length));
      return Array<number>(longest).fill(Number.NaN);
    }
  }
}
