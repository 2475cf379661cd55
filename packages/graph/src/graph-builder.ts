import { createHash } from 'node:crypto';
import { type Attribute, AttributeType, setAttribute, typeAttribute } from './attribute.js';
import { type CApi, checked, filledBuffer, type Output, type Pointer } from './capi.js';
import { copyIn } from './native-tensor.js';
import { type OpDef, opDefs, splitInputs } from './op-def.js';
import { sizeOf, TF } from './dtype.js';

/** A node of the graph. */
export interface GraphNode {
  readonly operation: Pointer;
  readonly outputs: readonly Output[];
}

/** Type and static shape of an output; a side that depends on data is −1, an unknown rank `undefined`. */
export interface OutputInfo {
  readonly dtype: number;
  readonly shape: number[] | undefined;
}

/** What a traced graph consists of. */
export interface GraphStatistics {
  /** Nodes of the graph. */
  nodes: number;
  /** Nodes by TensorFlow operation. */
  operations: Record<string, number>;
  /** Nodes that were asked for again and shared instead. */
  shared: number;
  /** Bytes of the constants that the graph carries. */
  constantBytes: number;
}

/** A function with the name that nodes call it by. */
export interface NamedFunction {
  readonly name: string;
  readonly definition: Pointer;
}

/** How a node differs from a plain operation on its inputs. */
export interface NodeOptions {
  /** A fixed name; others are numbered. */
  readonly name?: string | undefined;
  /** Operations that must have run before. */
  readonly after?: readonly Pointer[] | undefined;
}

// Constants above this size are not compared with others.
const sharedConstantBytes = 4096;

/** One `TF_Graph` under construction: adds nodes, infers their shapes, shares equal ones. */
export class GraphBuilder {
  readonly statistics: GraphStatistics = { nodes: 0, operations: {}, shared: 0, constantBytes: 0 };
  /** Put before the names of nodes, so that profiles can be read by stage. */
  scope = '';
  readonly graph: Pointer;
  /** Functions that nodes of the graph call; they belong to it. */
  readonly functions: NamedFunction[] = [];
  readonly #api: CApi;
  readonly #define: (name: string) => OpDef;
  readonly #nodes = new Map<string, GraphNode>();
  readonly #positions = new Map<Pointer, number>();
  readonly #content = createHash('sha256');
  readonly #info = new Map<string, OutputInfo>();
  readonly #scalars = new Map<string, number>();

  constructor(api: CApi) {
    this.#api = api;
    this.graph = api.TF_NewGraph();
    this.#define = opDefs(api, this.graph);
  }

  /**
   * Adds the operation `op` on a flat list of inputs, as eager execution takes them, or gives the equal node that is
   * already there. Attributes that the operation does not know, or without value, are left out.
   *
   * @throws what TensorFlow finds wrong with it.
   */
  node(
    op: string,
    inputs: readonly Output[] = [],
    attributes: readonly Attribute[] = [],
    { name, after = [] }: NodeOptions = {},
  ): GraphNode {
    const definition = this.#define(op);
    const known = attributes.filter(
      (attribute) =>
        attribute.value != null &&
        (definition.attributes.has(attribute.name) || attribute.name.startsWith('_')),
    );
    const plain = !definition.stateful && name === undefined && after.length === 0 && op !== 'Const';
    const key = plain
      ? `${op}|${inputs.map(keyOf).join()}|${JSON.stringify(known.map((a) => [a.name, a.value]))}`
      : undefined;
    const equal = key === undefined ? undefined : this.#nodes.get(key);
    if (equal) {
      this.statistics.shared++;
      return equal;
    }
    const node = this.#add(op, definition, inputs, known, name, after);
    if (key !== undefined) this.#nodes.set(key, node);
    return node;
  }

  #add(
    op: string,
    definition: OpDef,
    inputs: readonly Output[],
    attributes: readonly Attribute[],
    name: string | undefined,
    after: readonly Pointer[],
  ): GraphNode {
    const api = this.#api;
    const { statistics } = this;
    // A name may not begin with an underscore, as those of TensorFlow's internal operations do.
    const description = api.TF_NewOperation(
      this.graph,
      op,
      name ?? `${this.scope}${op.replace(/^_/, '')}_${statistics.nodes}`,
    );
    for (const input of splitInputs(definition, inputs)) {
      if (Array.isArray(input)) api.TF_AddInputList(description, input, input.length);
      else api.TF_AddInput(description, input);
    }
    for (const attribute of attributes) setAttribute(api, description, attribute);
    for (const operation of after) api.TF_AddControlInput(description, operation);
    const operation = checked(api, op, (status) => api.TF_FinishOperation(description, status));
    const from = inputs.map(({ oper, index }) => `${this.#positions.get(oper)}:${index}`);
    const values = attributes.map(({ name, type, value }) => [name, type === AttributeType.tensor || value]);
    this.#content.update(JSON.stringify([op, from, values]));
    this.#positions.set(operation, statistics.nodes);
    statistics.nodes++;
    statistics.operations[op] = (statistics.operations[op] ?? 0) + 1;
    const outputs = Array.from({ length: api.TF_OperationNumOutputs(operation) }, (_, index) => ({
      oper: operation,
      index,
    }));
    return { operation, outputs };
  }

  /** Whether TensorFlow has an operation of this name. */
  knows(op: string): boolean {
    try {
      this.#define(op);
      return true;
    } catch {
      return false; // it has no other way to say so
    }
  }

  /** The only output of {@link node}. */
  output(
    op: string,
    inputs: readonly Output[],
    attributes: readonly Attribute[],
    options?: NodeOptions,
  ): Output {
    return this.node(op, inputs, attributes, options).outputs[0]!;
  }

  /** Type and shape as TensorFlow's own inference gives them. */
  info(output: Output): OutputInfo {
    const key = keyOf(output);
    let info = this.#info.get(key);
    if (!info) this.#info.set(key, (info = this.#infer(output)));
    return info;
  }

  #infer(output: Output): OutputInfo {
    const api = this.#api;
    const dtype = api.TF_OperationOutputType(output);
    return checked(api, 'shape inference', (status) => {
      const rank = api.TF_GraphGetTensorNumDims(this.graph, output, status);
      if (rank < 0) return { dtype, shape: undefined };
      const sides = new BigInt64Array(rank);
      if (rank > 0) api.TF_GraphGetTensorShape(this.graph, output, sides, rank, status);
      return { dtype, shape: Array.from(sides, Number) };
    });
  }

  /** A constant; a large one whose elements are all equal takes no space. */
  constant(data: NodeJS.TypedArray, shape: readonly number[], code: number): Output {
    if (sizeOf(shape) > 64 && code !== TF.int64 && isUniform(data)) {
      const sides = this.constant(Int32Array.from(shape), [shape.length], TF.int32);
      return this.output('Fill', [sides, this.constant(data.subarray(0, 1), [], code)], []);
    }
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    const key =
      bytes.length <= sharedConstantBytes ? `${code}|${shape.join()}|${bytes.toString('base64')}` : undefined;
    const equal = key === undefined ? undefined : this.#nodes.get(key);
    if (equal) return equal.outputs[0]!;
    this.#content.update(`${shape.join()}|`).update(bytes);
    const tensor = copyIn(this.#api, data, shape, code);
    const value = { name: 'value', type: AttributeType.tensor, value: tensor };
    const node = this.node('Const', [], [typeAttribute('dtype', code), value]);
    this.#api.TF_DeleteTensor(tensor);
    this.statistics.constantBytes += bytes.length;
    if (key !== undefined) this.#nodes.set(key, node);
    if (shape.length === 0) this.#scalars.set(keyOf(node.outputs[0]!), Number(data[0]));
    return node.outputs[0]!;
  }

  /** Value of a constant without sides. */
  scalar(output: Output): number | undefined {
    return this.#scalars.get(keyOf(output));
  }

  /** `input` as another type. */
  cast(input: Output, to: number): Output {
    const from = this.info(input).dtype;
    return this.output('Cast', [input], [typeAttribute('SrcT', from), typeAttribute('DstT', to)]);
  }

  /** How many inputs of nodes take an output so far. */
  consumers(output: Output): number {
    return this.#api.TF_OperationOutputNumConsumers(output);
  }

  /** Makes a function known to the graph, which owns it from now on; a node calls it by its name. */
  addFunction(name: string, definition: Pointer): void {
    this.functions.push({ name, definition });
    this.copyFunction(definition);
  }

  /** Makes a function known to the graph; it stays with its owner. */
  copyFunction(definition: Pointer): void {
    checked(this.#api, 'function', (status) => {
      this.#api.TF_GraphCopyFunction(this.graph, definition, null, status);
    });
  }

  /** The graph as the bytes of a `GraphDef`. */
  graphDef(): Uint8Array {
    return filledBuffer(this.#api, 'GraphDef', (buffer, status) => {
      this.#api.TF_GraphToGraphDef(this.graph, buffer, status);
    });
  }

  /** A name for what the graph computes: graphs that were built alike have it in common. */
  fingerprint(outputs: readonly Output[]): string {
    const wanted = outputs.map(({ oper, index }) => `${this.#positions.get(oper)}:${index}`);
    return this.#content.copy().update(wanted.join()).digest('hex').slice(0, 32);
  }

  /** Name of an operation. */
  nameOf(operation: Pointer): string {
    return this.#api.TF_OperationName(operation);
  }

  /** Frees the graph. */
  dispose(): void {
    for (const { definition } of this.functions) this.#api.TF_DeleteFunction(definition);
    this.#api.TF_DeleteGraph(this.graph);
  }
}

/** Identifies an output within its graph. */
export function keyOf({ oper, index }: Output): string {
  return `${oper}:${index}`;
}

/** Whether all elements are equal. */
function isUniform(data: NodeJS.TypedArray): boolean {
  const first = data[0];
  // Written as a loop: the arrays may have millions of elements, nearly all of which differ from the first.
  for (let i = 1; i < data.length; i++) if (data[i] !== first) return false;
  return true;
}
