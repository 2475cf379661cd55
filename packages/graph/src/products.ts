import * as tf from '@tensorflow/tfjs-core';
import { type Attribute, AttributeType, typeAttribute } from './attribute.js';
import { type Output } from './capi.js';
import { TF } from './dtype.js';
import { type GraphBuilder, keyOf, type NodeOptions } from './graph-builder.js';

/** Number format of matrix products and convolutions; everything else stays float32. */
export type Precision = 'f32' | 'bf16';

/** An operation with its inputs and attributes. */
interface Operation {
  readonly op: string;
  readonly inputs: readonly Output[];
  readonly attributes: readonly Attribute[];
}

/** Operations whose work is multiplications and sums of many terms, and which of their inputs are multiplied. */
const products: Readonly<Record<string, readonly number[]>> = {
  MatMul: [0, 1],
  BatchMatMul: [0, 1],
  BatchMatMulV2: [0, 1],
  Conv2D: [0, 1],
  Conv2DBackpropFilter: [0, 2],
  Conv2DBackpropInput: [1, 2],
  TocoAttention: [0],
  TocoAttentionGrad: [0, 1, 3],
};

/** What products may use where only this process' CPU computes them. */
interface LocalProducts {
  /** Threads of an operation of our own; default: those that `@toco/runtime` gives it. */
  readonly threads?: number | undefined;
  /** Whether bf16 means rounding alone, see `CompileOptions`. */
  readonly roundOnly?: boolean | undefined;
}

/** Whether `@toco/runtime` has added products of its own, for a processor on which they are faster. */
function hasOwnProducts(): boolean {
  return (tf.getKernel('TocoProduct', 'tensorflow') as unknown) !== undefined;
}

/** Operations that give the values they got, or 0: they may as well do so before these are widened. */
const movements = new Set([
  'ConcatV2',
  'ExpandDims',
  'Pack',
  'Relu',
  'Reshape',
  'Slice',
  'SplitV',
  'Transpose',
  'Unpack',
]);

/** Operations that wait for what reads their float32 result: where only products do, they follow the rounding. */
const postponed = new Set(['Reshape', 'Softmax', 'Transpose']);

/**
 * How the products of one graph are computed.
 *
 * - TensorFlow.js asks for every matrix product as one of a batch; a product of two plain matrices becomes `MatMul`.
 * - A bias is added within the product where the device can do so.
 * - In bf16, matrix products are those of our own kernels where `@toco/runtime` has found these to be faster.
 * - In bf16, factors are rounded to bfloat16 and results widened to float32. What happens to values between two products
 *   without changing them (transposes, pieces of heads, powers of two) happens to the rounded ones, and softmax gives rounded
 *   probabilities where nobody asks for others. Conversions took a tenth of a training step's time, this halves them.
 * - With `roundOnly`, TensorFlow's products take rounded factors as float32, and their results are rounded.
 */
export class Products {
  readonly #builder: GraphBuilder;
  readonly #local: LocalProducts | undefined;
  /** The bfloat16 values that a float32 output was widened from. */
  readonly #narrow = new Map<string, Output>();
  /** The operation that gave an output, where a later one may take its place. */
  readonly #origins = new Map<string, Operation>();

  /** @param local where operations may be used that only the CPU has: not on GPUs, nor in what XLA compiles */
  constructor(builder: GraphBuilder, local: LocalProducts | undefined) {
    this.#builder = builder;
    this.#local = local;
  }

  /** The outputs of `operation`, whose factors are rounded or not; the operation becomes part of the graph. */
  outputs(asked: Operation, precision: Precision): readonly Output[] {
    const operation = this.#plain(asked);
    return (
      this.#product(operation, precision) ??
      this.#movement(operation) ??
      this.#powerOfTwo(operation) ??
      this.#biased(operation) ??
      this.#builder.node(operation.op, operation.inputs, operation.attributes).outputs
    );
  }

  /** `output` behind an `Identity` with these options. */
  identity(output: Output, options: NodeOptions): Output {
    const source = this.#narrow.get(keyOf(output)) ?? output;
    const type = typeAttribute('T', this.#builder.info(source).dtype);
    const identity = this.#builder.output('Identity', [source], [type], options);
    return source === output ? identity : this.#widened(identity);
  }

  #plain(operation: Operation): Operation {
    const { op, inputs, attributes } = operation;
    if (op !== 'BatchMatMulV2' && op !== 'BatchMatMul') return operation;
    if (!inputs.every((input) => this.#builder.info(input).shape?.length === 2)) return operation;
    const transpose = (name: string, adjoint: string): Attribute => ({
      name,
      type: AttributeType.bool,
      value: attributes.find((attribute) => attribute.name === adjoint)?.value ?? false,
    });
    return {
      op: 'MatMul',
      inputs,
      attributes: [
        typeAttribute('T', this.#builder.info(inputs[0]!).dtype),
        transpose('transpose_a', 'adj_x'),
        transpose('transpose_b', 'adj_y'),
      ],
    };
  }

  #product(operation: Operation, precision: Precision): readonly Output[] | undefined {
    const { op, inputs, attributes } = operation;
    const factors = products[op];
    if (!factors) return undefined;
    if (precision === 'f32' || !this.#isFloat32(inputs[factors[0]!]!)) return this.#remembered(operation);
    if (this.#local?.roundOnly && !op.startsWith('Toco')) {
      const seen = inputs.map((input, i) => (factors.includes(i) ? this.#rounded(input) : input));
      const operation = { op, inputs: seen, attributes };
      const results = this.#builder.node(op, seen, attributes).outputs.map((output) => this.#rounded(output));
      this.#origins.set(keyOf(this.#narrow.get(keyOf(results[0]!))!), operation);
      return results;
    }
    const rounded = inputs.map((input, i) => (factors.includes(i) ? this.#narrowed(input) : input));
    const outputs = this.#remembered({ op, inputs: rounded, attributes: inBfloat16(attributes) });
    return outputs.map((output) => (this.#isFloat32(output) ? output : this.#widened(output)));
  }

  #movement(operation: Operation): readonly Output[] | undefined {
    const { op, inputs, attributes } = operation;
    const sources = inputs.map((input) => this.#narrow.get(keyOf(input)) ?? input);
    const isNarrow = !sources.some((source) => this.#isFloat32(source));
    if (isNarrow && movements.has(op) && inputs.some((input) => this.#isFloat32(input))) {
      const { outputs } = this.#builder.node(op, sources, inBfloat16(attributes));
      return outputs.map((output) => this.#widened(output));
    }
    // Logits of other origin than a product are not rounded: that would give other probabilities.
    const waits = op === 'Softmax' ? isNarrow : postponed.has(op);
    return waits ? this.#remembered(operation) : undefined;
  }

  /** Multiplication by a power of two, which rounds nothing. */
  #powerOfTwo({ op, inputs, attributes }: Operation): readonly Output[] | undefined {
    if (op !== 'Mul' || !inputs.some((input) => this.#narrow.has(keyOf(input)))) return undefined;
    const factors = inputs.map((input) => this.#builder.scalar(input)).filter((x) => x !== undefined);
    if (factors.length !== 1 || !Number.isInteger(Math.log2(factors[0]!))) return undefined;
    const rounded = inputs.map((input) => this.#narrowed(input));
    return [this.#widened(this.#builder.output(op, rounded, inBfloat16(attributes)))];
  }

  /** A bias that is added to a matrix product; in bf16 before the sum is rounded. */
  #biased({ op, inputs: [sum, bias] }: Operation): readonly Output[] | undefined {
    if (!this.#local || (op !== 'Add' && op !== 'AddV2')) return undefined;
    const narrow = this.#narrow.get(keyOf(sum!));
    const origin = this.#origins.get(keyOf(narrow ?? sum!));
    if (origin?.op !== 'MatMul' || this.#builder.consumers(sum!) > 0) return undefined;
    const [shape, columns] = [this.#builder.info(bias!).shape, this.#builder.info(sum!).shape?.[1]];
    if (shape?.length !== 1 || shape[0] !== columns || !this.#isFloat32(sum!)) return undefined;
    const roundOnly = narrow !== undefined && this.#isFloat32(origin.inputs[0]!);
    const factor = !narrow ? bias! : roundOnly ? this.#rounded(bias!) : this.#narrowed(bias!);
    const inputs = [...origin.inputs, factor];
    const own = this.#own({ ...origin, inputs });
    const { op: fused, attributes } = own ?? {
      op: '_FusedMatMul',
      attributes: [
        ...origin.attributes,
        { name: 'num_args', type: AttributeType.int, value: 1 },
        { name: 'fused_ops', type: AttributeType.string, value: ['BiasAdd'] },
      ],
    };
    const output = this.#builder.output(fused, inputs, attributes);
    return [roundOnly ? this.#rounded(output) : narrow ? this.#widened(output) : output];
  }

  /** The operation of our own kernels that gives what this `MatMul`, and a bias behind its factors, give in bf16. */
  #own({ op, inputs, attributes }: Operation): Operation | undefined {
    if (op !== 'MatMul' || !this.#local || this.#isFloat32(inputs[0]!) || !hasOwnProducts()) return undefined;
    const [a, b] = ['transpose_a', 'transpose_b'].map((name) =>
      attributes.some((attribute) => attribute.name === name && attribute.value === true) ? 'T' : 'N',
    );
    if (a === 'T' && b === 'T') return undefined; // no gradient of a product asks for it
    const { threads } = this.#local;
    const whole = (name: string, value: number): Attribute => ({ name, type: AttributeType.int, value });
    return {
      op: `TocoProduct${a}${b}`,
      inputs,
      attributes: [
        typeAttribute('T', TF.bfloat16),
        whole('num_biases', inputs.length - 2),
        ...(threads === undefined ? [] : [whole('threads', threads)]),
      ],
    };
  }

  #remembered(operation: Operation): readonly Output[] {
    const { op, inputs, attributes } = this.#own(operation) ?? operation;
    const { outputs } = this.#builder.node(op, inputs, attributes);
    this.#origins.set(keyOf(outputs[0]!), operation);
    return outputs;
  }

  #widened(output: Output): Output {
    const wide = this.#builder.cast(output, TF.float32);
    this.#narrow.set(keyOf(wide), output);
    return wide;
  }

  /** Rounded to bfloat16, as float32. */
  #rounded(output: Output): Output {
    return this.#narrow.has(keyOf(output)) ? output : this.#widened(this.#narrowed(output));
  }

  #narrowed(output: Output): Output {
    const narrow = this.#narrow.get(keyOf(output));
    if (narrow) return narrow;
    const origin = this.#origins.get(keyOf(output));
    if (!origin || !postponed.has(origin.op) || this.#builder.consumers(output) > 0) {
      return this.#builder.cast(output, TF.bfloat16);
    }
    const [input, ...others] = origin.inputs;
    return this.#builder.output(
      origin.op,
      [this.#narrowed(input!), ...others],
      inBfloat16(origin.attributes),
    );
  }

  #isFloat32(output: Output): boolean {
    return this.#builder.info(output).dtype === TF.float32;
  }
}

function inBfloat16(attributes: readonly Attribute[]): readonly Attribute[] {
  return attributes.map((attribute) =>
    attribute.name === 'T' ? typeAttribute('T', TF.bfloat16) : attribute,
  );
}
