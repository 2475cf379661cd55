import { type CApi, checked, type Pointer } from './capi.js';
import { abortReductions, startServer } from './cluster-server.js';
import type { DType, TypedArray } from '@toco/core';
import { UserError } from '@toco/files';
import { TF, variableType } from './dtype.js';
import { dimensions, nativeTensor, nativeTensorLater, takeTensor } from './native-tensor.js';
import type { Cluster } from './cluster.js';
import { GraphBuilder } from './graph-builder.js';
import { reductionKindOf, ringOperations } from './ring.js';
import { type EngineOptions, sessionConfig } from './session-config.js';
import type { HostTensor } from '@toco/core';
import type { TensorSpec } from './tree.js';

/** A runtime of TensorFlow's own: variables, functions, and their execution. */
export class EagerContext {
  readonly api: CApi;
  readonly #context: Pointer;
  readonly #device: string | undefined;
  readonly #rewriting: Uint8Array | undefined;
  readonly #options: EngineOptions;
  readonly #reducesInRing: boolean;

  constructor(api: CApi, options: EngineOptions) {
    this.api = api;
    this.#options = options;
    this.#device = options.device;
    if (options.rewrites) this.#rewriting = sessionConfig(options);
    if (options.tensorFloat32 !== undefined) api.setTensorFloat32?.(options.tensorFloat32);
    const builder = new GraphBuilder(api);
    this.#reducesInRing = reductionKindOf(builder) === 'ring';
    builder.dispose();
    const config = sessionConfig(options);
    const settings = api.TFE_NewContextOptions();
    try {
      checked(api, 'options', (status) => {
        api.TFE_ContextOptionsSetConfig(settings, config, config.length, status);
      });
      this.#context = checked(api, 'context', (status) => api.TFE_NewContext(settings, status));
      const { cluster } = options;
      if (cluster && this.#reducesInRing) this.#joinRing(cluster);
      // Before there are variables and functions: it replaces the context's devices.
      else if (cluster) startServer(api, this.#context, { cluster, config });
    } finally {
      api.TFE_DeleteContextOptions(settings);
    }
  }

  /** Handle of a tensor with a copy of `data`. */
  upload(what: string, data: TypedArray, { shape, dtype }: Pick<TensorSpec, 'shape' | 'dtype'>): Pointer {
    return this.#handle(what, nativeTensor(this.api, what, data, shape, dtype));
  }

  /** Like {@link upload}, with large arrays copied on threads of their own; what is wrong with `data` is thrown at once. */
  uploadLater(
    what: string,
    data: TypedArray,
    { shape, dtype }: Pick<TensorSpec, 'shape' | 'dtype'>,
  ): Pointer | Promise<Pointer> {
    const tensor = nativeTensorLater(this.api, what, data, shape, dtype);
    if (tensor instanceof Promise) return tensor.then((copied) => this.#handle(what, copied));
    return this.#handle(what, tensor);
  }

  /** A handle of a tensor, which becomes the handle's. */
  #handle(what: string, tensor: Pointer): Pointer {
    try {
      return checked(this.api, what, (status) => this.api.TFE_NewTensorHandle(tensor, status));
    } finally {
      this.api.TF_DeleteTensor(tensor);
    }
  }

  /** Copies a tensor out and frees its handle. */
  download(what: string, handle: Pointer): Required<HostTensor> {
    try {
      const tensor = checked(this.api, what, (status) => this.api.TFE_TensorHandleResolve(handle, status));
      return takeTensor(this.api, what, tensor);
    } finally {
      this.release(handle);
    }
  }

  /** A handle for other contexts of a variable's present value; on the CPU without a copy. */
  take(variable: Pointer, { path, dtype }: Pick<TensorSpec, 'path' | 'dtype'>): Pointer {
    const { api } = this;
    const value = this.read(variable, dtype);
    try {
      const tensor = checked(api, path, (status) => api.TFE_TensorHandleResolve(value, status));
      try {
        return checked(api, path, (status) => api.TFE_NewTensorHandle(tensor, status));
      } finally {
        api.TF_DeleteTensor(tensor);
      }
    } finally {
      this.release(value);
    }
  }

  /** Frees a handle. */
  release(handle: Pointer): void {
    this.api.TFE_DeleteTensorHandle(handle);
  }

  /** Handle of a new variable without value. */
  variable({ path, dtype, shape }: TensorSpec): Pointer {
    const { api } = this;
    const name = Buffer.from(path);
    const op = this.#operation('VarHandleOp', []);
    api.TFE_OpSetAttrType(op, 'dtype', variableType(dtype, this.#options));
    checked(api, path, (status) => {
      api.TFE_OpSetAttrShape(op, 'shape', dimensions(shape), shape.length, status);
    });
    api.TFE_OpSetAttrString(op, 'shared_name', name, name.length);
    api.TFE_OpSetAttrString(op, 'container', name, 0);
    return this.#execute(op, path, 1)[0]!;
  }

  /** Gives a variable a value; frees the value's handle. */
  assign(variable: Pointer, dtype: DType, value: Pointer): void {
    const type = variableType(dtype, this.#options);
    const stored = type === TF[dtype] ? value : this.#cast(value, TF[dtype], type);
    try {
      const op = this.#operation('AssignVariableOp', [variable, stored]);
      this.api.TFE_OpSetAttrType(op, 'dtype', type);
      this.#execute(op, 'AssignVariableOp', 0);
    } finally {
      this.release(stored);
    }
  }

  /** A handle of a variable's present value. */
  read(variable: Pointer, dtype: DType): Pointer {
    const type = variableType(dtype, this.#options);
    const op = this.#operation('ReadVariableOp', [variable]);
    this.api.TFE_OpSetAttrType(op, 'dtype', type);
    const value = this.#execute(op, 'ReadVariableOp', 1)[0]!;
    return type === TF[dtype] ? value : this.#cast(value, type, TF[dtype]);
  }

  /** The value of a handle, which is freed, in another type. */
  #cast(value: Pointer, from: number, to: number): Pointer {
    try {
      const op = this.#operation('Cast', [value]);
      this.api.TFE_OpSetAttrType(op, 'SrcT', from);
      this.api.TFE_OpSetAttrType(op, 'DstT', to);
      return this.#execute(op, 'Cast', 1)[0]!;
    } finally {
      this.release(value);
    }
  }

  /** Frees a variable and its handle. */
  destroy(variable: Pointer): void {
    this.#execute(this.#operation('DestroyResourceOp', [variable]), 'DestroyResourceOp', 0);
    this.release(variable);
  }

  /** Makes a function known under its name. */
  addFunction(definition: Pointer): void {
    checked(this.api, 'function', (status) => {
      this.api.TFE_ContextAddFunction(this.#context, definition, status);
    });
  }

  /** Forgets a function and what was compiled for it. */
  removeFunction(name: string): void {
    checked(this.api, name, (status) => {
      this.api.TFE_ContextRemoveFunction(this.#context, name, status);
    });
  }

  /** Runs a function on a worker thread; its outputs as handles. */
  async call(name: string, what: string, inputs: readonly Pointer[], outputs: number): Promise<Pointer[]> {
    const { api } = this;
    const op = this.#operation(name, inputs);
    if (this.#rewriting) api.TFE_OpSetAttrString(op, 'config_proto', this.#rewriting, this.#rewriting.length);
    const status = api.TF_NewStatus();
    const results = Array<Pointer | null>(outputs).fill(null);
    try {
      await new Promise<void>((resolve, reject) => {
        api.TFE_Execute.async(op, results, [outputs], status, (error) => {
          if (error instanceof Error) reject(error);
          else resolve();
        });
      });
      if (api.TF_GetCode(status) !== 0) throw new Error(`${what} failed: ${api.TF_Message(status)}`);
      return results as Pointer[];
    } finally {
      api.TF_DeleteStatus(status);
      api.TFE_DeleteOp(op);
    }
  }

  #joinRing({ addresses, rank }: Cluster): void {
    const op = this.#operation(ringOperations.join, []);
    const list = Buffer.from(addresses.join());
    this.api.TFE_OpSetAttrString(op, 'addresses', list, list.length);
    this.api.TFE_OpSetAttrInt(op, 'rank', rank);
    try {
      this.#execute(op, `Rank ${rank} can't listen at ${addresses[rank]}`, 0);
    } catch (error) {
      throw new UserError(`${(error as Error).message}; give it a free port, and each process one cluster.`);
    }
  }

  /** Ends all reductions over processes, those to come too. */
  abortReductions(why: string): void {
    if (!this.#reducesInRing) {
      abortReductions(this.api, this.#context, why);
      return;
    }
    const op = this.#operation(ringOperations.abort, []);
    const text = Buffer.from(why);
    this.api.TFE_OpSetAttrString(op, 'why', text, text.length);
    this.#execute(op, 'abort', 0);
  }

  /** Frees everything. */
  dispose(): void {
    this.api.TFE_DeleteContext(this.#context);
  }

  #operation(name: string, inputs: readonly Pointer[]): Pointer {
    const { api } = this;
    return checked(api, name, (status) => {
      const op = api.TFE_NewOp(this.#context, name, status);
      if (api.TF_GetCode(status) === 0 && this.#device) api.TFE_OpSetDevice(op, this.#device, status);
      for (const input of inputs) {
        if (api.TF_GetCode(status) === 0) api.TFE_OpAddInput(op, input, status);
      }
      return op;
    });
  }

  #execute(op: Pointer, what: string, outputs: number): Pointer[] {
    const results = Array<Pointer | null>(outputs).fill(null);
    try {
      checked(this.api, what, (status) => {
        this.api.TFE_Execute(op, results, [outputs], status);
      });
      return results as Pointer[];
    } finally {
      this.api.TFE_DeleteOp(op);
    }
  }
}
