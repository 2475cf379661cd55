import { type CApi, checked, type Output, type Pointer } from './capi.js';
import { type GraphBuilder } from './graph-builder.js';

/** What goes into a function, what comes out, and what it must do besides. */
export interface FunctionSignature {
  readonly inputs: readonly Output[];
  readonly outputs: readonly Output[];
  /** Operations that run although no output needs them. */
  readonly effects?: readonly Pointer[];
}

/** A graph as a function named `name`, which belongs to the caller; with `xla` it is compiled as a whole. */
export function graphFunction(
  api: CApi,
  name: string,
  { graph }: GraphBuilder,
  { inputs, outputs, effects = [], xla }: FunctionSignature & { readonly xla: boolean },
): Pointer {
  const definition = checked(api, name, (status) =>
    api.TF_GraphToFunctionWithControlOutputs(
      graph,
      name,
      0,
      -1,
      null,
      inputs.length,
      inputs,
      outputs.length,
      outputs,
      null,
      effects.length,
      effects,
      null,
      null,
      '',
      status,
    ),
  );
  if (xla) {
    const yes = Uint8Array.of(0x28, 1); // AttrValue { b: true }
    checked(api, 'XLA', (status) => {
      api.TF_FunctionSetAttrValueProto(definition, '_XlaMustCompile', yes, yes.length, status);
    });
  }
  return definition;
}
