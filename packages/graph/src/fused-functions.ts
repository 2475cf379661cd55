import { type Attribute, AttributeType, shapeAttribute, typeAttribute } from './attribute.js';
import { type CApi, type Output, type Pointer } from './capi.js';
import { GraphBuilder, type GraphNode } from './graph-builder.js';
import { graphFunction } from './graph-function.js';

/** What the names of functions that XLA compiles begin with. */
export const fusedPrefix = 'fused_';

/** A call of a function that XLA compiles. */
export interface FusedCall {
  readonly name: string;
  readonly definition: Pointer;
  readonly inputs: readonly Output[];
  readonly node: GraphNode;
  /** The scope in which it is called. */
  readonly scope: string;
}

/** What a fused function consists of, in a graph of its own. */
export interface FusedBody {
  readonly outputs: readonly Output[];
  readonly effects?: readonly Pointer[];
}

const compiled: Attribute = { name: '_XlaMustCompile', type: AttributeType.bool, value: true };

/** Makes functions that XLA compiles, each of equal ones once, and calls them. */
export class FusedFunctions {
  readonly #api: CApi;
  readonly #known = new Map<string, Pointer>();
  /** All calls so far. */
  readonly calls = new Map<Pointer, FusedCall>();

  constructor(api: CApi) {
    this.#api = api;
  }

  /**
   * Calls, within `outer`, a function of `inputs` whose body `fill` adds to a graph of its own.
   *
   * @param after operations that must have run before the call
   */
  call(
    outer: GraphBuilder,
    inputs: readonly Output[],
    fill: (inner: GraphBuilder, feeds: Output[]) => FusedBody,
    after: readonly Pointer[] = [],
  ): GraphNode {
    const inner = new GraphBuilder(this.#api);
    let name: string;
    try {
      const feeds = inputs.map((input, i) => {
        const { dtype, shape } = outer.info(input);
        const attributes = [
          typeAttribute('dtype', dtype),
          ...(shape ? [shapeAttribute('shape', shape)] : []),
        ];
        return inner.output('Placeholder', [], attributes, { name: `feed_${i}` });
      });
      const { outputs, effects = [] } = fill(inner, feeds);
      // Named for its content, so that equal pieces are compiled once, also in other traces of the same program.
      name = `${fusedPrefix}${inner.fingerprint(outputs)}`;
      if (!this.#known.has(name)) {
        const signature = { inputs: feeds, outputs, effects, xla: true };
        const definition = graphFunction(this.#api, name, inner, signature);
        this.#known.set(name, definition);
        outer.addFunction(name, definition);
      }
    } finally {
      inner.dispose();
    }
    const node = outer.node(name, inputs, [compiled], { after });
    const definition = this.#known.get(name)!;
    this.calls.set(node.operation, { name, definition, inputs, node, scope: outer.scope });
    return node;
  }
}
