import { bytesOf, numbersOf, readMessage, type ReadMessage, textOf } from '@toco/formats';
import { UserError } from '@toco/files';
import { type AnyBatchNode, integersOf } from './any-batch.js';
import { dataTypeOf } from './data-type.js';
import { type OnnxGraph, onnxTypes } from './onnx-graph.js';

/** What an operation is translated with. */
export interface OperatorContext {
  readonly graph: OnnxGraph;
  readonly node: AnyBatchNode;
  /** Node of an input. */
  input(index: number): AnyBatchNode;
  /** Sizes of an input, NaN where they are not known. */
  shape(index: number): readonly number[];
  /** Name of the whole numbers that an input holds, or of what `change` makes of them, for however many images there are. */
  sizes(index: number, change?: (values: number[]) => number[]): string;
}

/** Adds the nodes of one operation to the graph; its result is called by the name of the operation. */
type Operator = (context: OperatorContext) => void;

/** An operation that ONNX has by another name at most, with the same inputs. */
const same =
  (operator: string): Operator =>
  ({ graph, node }) => {
    graph.node(operator, node.inputs, {}, node.name);
  };

/** A reduction along the axes that the second input names. */
const reduction =
  (operator: string): Operator =>
  (context) => {
    const { graph, node } = context;
    const keepdims = flag(node, 'keep_dims') ? 1 : 0;
    graph.node(operator, [node.inputs[0]!, context.sizes(1)], { keepdims }, node.name);
  };

const negated =
  (operator: string): Operator =>
  ({ graph, node }) => {
    graph.node('Not', [graph.node(operator, node.inputs)], {}, node.name);
  };

/** By names of TensorFlow's operations; what they become is of ONNX' operator set 18. */
export const operators: Readonly<Record<string, Operator>> = {
  Add: same('Add'),
  AddV2: same('Add'),
  Sub: same('Sub'),
  Mul: same('Mul'),
  RealDiv: same('Div'),
  Maximum: same('Max'),
  Minimum: same('Min'),
  Pow: same('Pow'),
  Neg: same('Neg'),
  Abs: same('Abs'),
  Exp: same('Exp'),
  Log: same('Log'),
  Sqrt: same('Sqrt'),
  Erf: same('Erf'),
  Tanh: same('Tanh'),
  Sigmoid: same('Sigmoid'),
  Relu: same('Relu'),
  Identity: same('Identity'),
  Equal: same('Equal'),
  Greater: same('Greater'),
  GreaterEqual: same('GreaterOrEqual'),
  Less: same('Less'),
  LessEqual: same('LessOrEqual'),
  LogicalAnd: same('And'),
  LogicalOr: same('Or'),
  LogicalNot: same('Not'),
  NotEqual: negated('Equal'),
  SelectV2: same('Where'),
  Mean: reduction('ReduceMean'),
  Sum: reduction('ReduceSum'),
  Max: reduction('ReduceMax'),
  Min: reduction('ReduceMin'),
  Square: ({ graph, node: { inputs, name } }) => {
    graph.node('Mul', [inputs[0]!, inputs[0]!], {}, name);
  },
  Rsqrt: ({ graph, node: { inputs, name } }) => {
    graph.node('Reciprocal', [graph.node('Sqrt', inputs)], {}, name);
  },
  Softmax: ({ graph, node: { inputs, name } }) => {
    graph.node('Softmax', inputs, { axis: -1 }, name);
  },
  Cast: ({ graph, node }) => {
    const [from, to] = [elementType(node, 'SrcT'), elementType(node, 'DstT')];
    if (from === to) graph.node('Identity', node.inputs, {}, node.name);
    else graph.node('Cast', node.inputs, { to }, node.name);
  },
  MatMul: (context) => {
    product(context, 'transpose_a', 'transpose_b');
  },
  BatchMatMulV2: (context) => {
    product(context, 'adj_x', 'adj_y');
  },
  Reshape: (context) => {
    const { graph, node } = context;
    const { perImage } = context.input(1);
    // Where one size alone grows with the batch, ONNX finds it by itself.
    const alone = perImage?.filter((step) => step !== 0).length === 1;
    const shape = alone
      ? graph.integers(
          integersOf(context.input(1).constant!).map((size, i) => (perImage[i] === 0 ? size : -1)),
        )
      : context.sizes(1);
    graph.node('Reshape', [node.inputs[0]!, shape], {}, node.name);
  },
  Transpose: (context) => {
    const perm = integersOf(context.input(1).constant!);
    context.graph.node('Transpose', [context.node.inputs[0]!], { perm }, context.node.name);
  },
  Tile: (context) => {
    context.graph.node('Tile', [context.node.inputs[0]!, context.sizes(1)], {}, context.node.name);
  },
  Slice: (context) => {
    const { graph, node } = context;
    const begin = integersOf(context.input(1).constant!);
    if (context.input(1).perImage)
      unsupported(node, 'begins at a place that depends on the number of images');
    // A size of −1 reaches to the end.
    const ends = context.sizes(2, (sizes) =>
      sizes.map((size, i) => (size < 0 ? toTheEnd : begin[i]! + size)),
    );
    graph.node('Slice', [node.inputs[0]!, graph.integers(begin), ends], {}, node.name);
  },
  ConcatV2: (context) => {
    const { graph, node } = context;
    const last = node.inputs.length - 1;
    const axis = integersOf(context.input(last).constant!)[0]!;
    graph.node('Concat', node.inputs.slice(0, last), { axis }, node.name);
  },
  Pack: ({ graph, node }) => {
    const axis = number(node, 'axis');
    const parts = node.inputs.map((input) => graph.node('Unsqueeze', [input, graph.integers([axis])]));
    graph.node('Concat', parts, { axis }, node.name);
  },
  Unpack: ({ graph, node }) => {
    const axis = number(node, 'axis');
    for (let i = 0; i < number(node, 'num'); i++) {
      const name = i === 0 ? node.name : `${node.name}:${i}`;
      graph.node('Gather', [node.inputs[0]!, graph.integers(i)], { axis }, name);
    }
  },
  GatherV2: (context) => {
    const { graph, node } = context;
    const axis = integersOf(context.input(2).constant!)[0]!;
    graph.node('Gather', node.inputs.slice(0, 2), { axis }, node.name);
  },
  PadV2: (context) => {
    const { graph, node } = context;
    const pairs = integersOf(context.input(1).constant!);
    if (context.input(1).perImage) unsupported(node, 'depends on the number of images');
    // All that comes before, then all that comes after.
    const pads = [0, 1].flatMap((side) => pairs.filter((_, i) => i % 2 === side));
    graph.node('Pad', [node.inputs[0]!, graph.integers(pads), node.inputs[2]!], {}, node.name);
  },
  ArgMax: (context) => {
    const { graph, node } = context;
    const axis = integersOf(context.input(1).constant!)[0]!;
    const places = graph.node('ArgMax', [node.inputs[0]!], { axis, keepdims: 0 });
    graph.node('Cast', [places], { to: elementType(node, 'output_type') }, node.name);
  },
  Conv2D: convolution,
};

/** The largest whole number that ONNX Runtime takes for "to the end" on 32 bits, too. */
const toTheEnd = 2 ** 31 - 1;

function product(context: OperatorContext, turnFirst: string, turnSecond: string): void {
  const { graph, node } = context;
  const factors = [turnFirst, turnSecond].map((attribute, i) => {
    if (!flag(node, attribute)) return node.inputs[i]!;
    const axes = context.shape(i).map((_, axis) => axis);
    const perm = [...axes.slice(0, -2), axes.at(-1)!, axes.at(-2)!];
    return graph.node('Transpose', [node.inputs[i]!], { perm });
  });
  graph.node('MatMul', factors, {}, node.name);
}

/** A convolution of images `[B,H,W,C]` with a filter `[h,w,in,out]`; ONNX has them channels first. */
function convolution(context: OperatorContext): void {
  const { graph, node } = context;
  const padding = text(node, 'padding');
  const [strides, dilations] = ['strides', 'dilations'].map((name) => numbers(node, name).slice(1, 3));
  if (text(node, 'data_format') !== 'NHWC' || !['SAME', 'VALID'].includes(padding))
    unsupported(node, 'has another layout or padding than those of TensorFlow.js');
  if (padding === 'SAME' && strides!.some((stride) => stride !== 1))
    unsupported(node, 'has strides and padding');
  const images = graph.node('Transpose', [node.inputs[0]!], { perm: [0, 3, 1, 2] });
  const filter = graph.node('Transpose', [node.inputs[1]!], { perm: [3, 2, 0, 1] });
  const attributes = { strides: strides!, dilations: dilations! };
  const result = graph.node('Conv', [images, filter], {
    ...attributes,
    ...(padding === 'SAME' && { pads: samePads(node, context.shape(1), dilations!) }),
  });
  graph.node('Transpose', [result], { perm: [0, 2, 3, 1] }, node.name);
}

/** What `SAME` of TensorFlow puts around images where a filter goes pixel by pixel: before both sides, then after both. */
function samePads(
  node: AnyBatchNode,
  filter: readonly number[],
  dilations: readonly number[],
): readonly number[] {
  const around = dilations.map((dilation, i) => (filter[i]! - 1) * dilation);
  if (!around.every(Number.isInteger)) unsupported(node, 'has a filter whose size is not known');
  return [...around.map((all) => Math.floor(all / 2)), ...around.map((all) => Math.ceil(all / 2))];
}

/** An encoded `AttrValue`. */
const attribute = (node: AnyBatchNode, name: string): ReadMessage =>
  readMessage(node.attributes.get(name) ?? new Uint8Array());
const number = (node: AnyBatchNode, name: string): number => numbersOf(attribute(node, name), 3)[0] ?? 0;
const flag = (node: AnyBatchNode, name: string): boolean => numbersOf(attribute(node, name), 5)[0] === 1;
const text = (node: AnyBatchNode, name: string): string => textOf(attribute(node, name), 2);
const numbers = (node: AnyBatchNode, name: string): number[] =>
  numbersOf(readMessage(bytesOf(attribute(node, name), 1)[0] ?? new Uint8Array()), 3);
const elementType = (node: AnyBatchNode, name: string): number =>
  onnxTypes[dataTypeOf(numbersOf(attribute(node, name), 6)[0] ?? 0)];

function unsupported({ name, op }: AnyBatchNode, why: string): never {
  throw new UserError(`${name}: the operation ${op} ${why}, which the export to ONNX does not know.`);
}
