import { type Attribute, AttributeType, typeAttribute } from './attribute.js';
import { type Output } from './capi.js';
import { type GraphBuilder } from './graph-builder.js';

/** An operation with its inputs and attributes. */
export interface Operation {
  readonly op: string;
  readonly inputs: readonly Output[];
  readonly attributes: readonly Attribute[];
}

/** TensorFlow.js asks for every matrix product as one of a batch; a product of two plain matrices becomes `MatMul`. */
export function plainProduct(builder: GraphBuilder, operation: Operation): Operation {
  const { op, inputs, attributes } = operation;
  if (op !== 'BatchMatMulV2' && op !== 'BatchMatMul') return operation;
  if (!inputs.every((input) => builder.info(input).shape?.length === 2)) return operation;
  const transpose = (name: string, adjoint: string): Attribute => ({
    name,
    type: AttributeType.bool,
    value: attributes.find((attribute) => attribute.name === adjoint)?.value ?? false,
  });
  return {
    op: 'MatMul',
    inputs,
    attributes: [
      typeAttribute('T', builder.info(inputs[0]!).dtype),
      transpose('transpose_a', 'adj_x'),
      transpose('transpose_b', 'adj_y'),
    ],
  };
}
