import { typeAttribute } from './attribute.js';
import { type Output } from './capi.js';
import { TF } from './dtype.js';
import { type GraphBuilder } from './graph-builder.js';
import { type Operation } from './matrix-product.js';

/** Number format of matrix products and convolutions; everything else stays float32. */
export type Precision = 'f32' | 'bf16';

/** Operations whose work is multiplications and sums of many terms, and which of their inputs are multiplied. */
const products: Readonly<Record<string, readonly number[]>> = {
  MatMul: [0, 1],
  BatchMatMul: [0, 1],
  BatchMatMulV2: [0, 1],
  Conv2D: [0, 1],
  Conv2DBackpropFilter: [0, 2],
  Conv2DBackpropInput: [1, 2],
};

/**
 * The product `op` with its factors rounded to bfloat16 and its result returned to float32, or `undefined` where `op`
 * is no float32 product.
 */
export function bfloat16Product(
  builder: GraphBuilder,
  { op, inputs, attributes }: Operation,
): readonly Output[] | undefined {
  const factors = products[op];
  if (!factors || builder.info(inputs[factors[0]!]!).dtype !== TF.float32) return undefined;
  const product = builder.output(
    op,
    inputs.map((input, i) => (factors.includes(i) ? builder.cast(input, TF.bfloat16) : input)),
    attributes.map((attribute) => (attribute.name === 'T' ? typeAttribute('T', TF.bfloat16) : attribute)),
  );
  return [builder.cast(product, TF.float32)];
}
