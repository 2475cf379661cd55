/** Element types of TensorFlow that an inference graph holds: its number, its name, and the arrays of its elements. */
export const dataTypes = {
  float32: { code: 1, name: 'DT_FLOAT', size: 4 },
  int32: { code: 3, name: 'DT_INT32', size: 4 },
  uint8: { code: 4, name: 'DT_UINT8', size: 1 },
  bool: { code: 10, name: 'DT_BOOL', size: 1 },
} as const;

/** Name of an element type as in TensorFlow.js. */
export type DataType = keyof typeof dataTypes;

/** The element type of a number of TensorFlow's. @throws for types that no inference graph of ours holds */
export function dataTypeOf(code: number): DataType {
  const found = (Object.keys(dataTypes) as DataType[]).find((name) => dataTypes[name].code === code);
  if (!found) throw new Error(`graph: element type ${code} of TensorFlow can't be exported`);
  return found;
}
