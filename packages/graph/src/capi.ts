import koffi, { type LibraryHandle } from 'koffi';

/** Address of an object that TensorFlow owns. */
export type Pointer = bigint;

/** One output of a graph operation, `TF_Output` in C. */
export interface Output {
  readonly oper: Pointer;
  readonly index: number;
}

interface Arguments {
  pointer: Pointer | NodeJS.TypedArray | null;
  int: number;
  int64: number | bigint;
  size: number;
  float: number;
  byte: number;
  string: string;
  output: Output;
  outputs: readonly Output[];
  pointers: readonly Pointer[];
  results: (Pointer | null)[];
  count: number[];
  void: never;
}

interface Results {
  pointer: Pointer;
  int: number;
  int64: number;
  size: number;
  float: number;
  byte: number;
  string: string;
  void: void;
}

// Each line: name, result, parameters.
const declarations = {
  TF_NewStatus: ['pointer'],
  TF_DeleteStatus: ['void', 'pointer'],
  TF_GetCode: ['int', 'pointer'],
  TF_Message: ['string', 'pointer'],
  TF_SetStatus: ['void', 'pointer', 'int', 'string'],

  TF_AllocateTensor: ['pointer', 'int', 'pointer', 'int', 'size'],
  TF_TensorData: ['pointer', 'pointer'],
  TF_TensorByteSize: ['size', 'pointer'],
  TF_NumDims: ['int', 'pointer'],
  TF_Dim: ['int64', 'pointer', 'int'],
  TF_TensorType: ['int', 'pointer'],
  TF_DeleteTensor: ['void', 'pointer'],

  TF_NewBuffer: ['pointer'],
  TF_DeleteBuffer: ['void', 'pointer'],

  TF_NewGraph: ['pointer'],
  TF_DeleteGraph: ['void', 'pointer'],
  TF_GraphGetOpDef: ['void', 'pointer', 'string', 'pointer', 'pointer'],
  TF_GraphToGraphDef: ['void', 'pointer', 'pointer', 'pointer'],
  TF_GraphGetTensorNumDims: ['int', 'pointer', 'output', 'pointer'],
  TF_GraphGetTensorShape: ['void', 'pointer', 'output', 'pointer', 'int', 'pointer'],
  TF_NewOperation: ['pointer', 'pointer', 'string', 'string'],
  TF_SetDevice: ['void', 'pointer', 'string'],
  TF_AddInput: ['void', 'pointer', 'output'],
  TF_AddInputList: ['void', 'pointer', 'outputs', 'int'],
  TF_AddControlInput: ['void', 'pointer', 'pointer'],
  TF_SetAttrType: ['void', 'pointer', 'string', 'int'],
  TF_SetAttrTypeList: ['void', 'pointer', 'string', 'pointer', 'int'],
  TF_SetAttrInt: ['void', 'pointer', 'string', 'int64'],
  TF_SetAttrIntList: ['void', 'pointer', 'string', 'pointer', 'int'],
  TF_SetAttrFloat: ['void', 'pointer', 'string', 'float'],
  TF_SetAttrFloatList: ['void', 'pointer', 'string', 'pointer', 'int'],
  TF_SetAttrBool: ['void', 'pointer', 'string', 'byte'],
  TF_SetAttrBoolList: ['void', 'pointer', 'string', 'pointer', 'int'],
  TF_SetAttrString: ['void', 'pointer', 'string', 'pointer', 'size'],
  TF_SetAttrValueProto: ['void', 'pointer', 'string', 'pointer', 'size', 'pointer'],
  TF_SetAttrShape: ['void', 'pointer', 'string', 'pointer', 'int'],
  TF_SetAttrTensor: ['void', 'pointer', 'string', 'pointer', 'pointer'],
  TF_FinishOperation: ['pointer', 'pointer', 'pointer'],
  TF_OperationName: ['string', 'pointer'],
  TF_OperationNumOutputs: ['int', 'pointer'],
  TF_OperationOutputType: ['int', 'output'],
  TF_OperationOutputNumConsumers: ['int', 'output'],

  TF_GraphToFunctionWithControlOutputs: [
    'pointer', // function
    'pointer', // body
    'string', // name
    'byte', // append a hash to the name
    'int', // number of operations, −1: all
    'pointer', // operations
    'int',
    'outputs', // inputs
    'int',
    'outputs', // outputs
    'pointer', // names of the outputs
    'int',
    'pointers', // control outputs
    'pointer', // names of the control outputs
    'pointer', // options
    'string', // description
    'pointer', // status
  ],
  TF_FunctionSetAttrValueProto: ['void', 'pointer', 'string', 'pointer', 'size', 'pointer'],
  TF_FunctionToFunctionDef: ['void', 'pointer', 'pointer', 'pointer'],
  TF_GraphCopyFunction: ['void', 'pointer', 'pointer', 'pointer', 'pointer'],
  TF_DeleteFunction: ['void', 'pointer'],

  TF_NewBufferFromString: ['pointer', 'pointer', 'size'],
  TF_NewSessionOptions: ['pointer'],
  TF_SetConfig: ['void', 'pointer', 'pointer', 'size', 'pointer'],
  TF_DeleteSessionOptions: ['void', 'pointer'],
  TF_NewSession: ['pointer', 'pointer', 'pointer', 'pointer'],
  TF_CloseSession: ['void', 'pointer', 'pointer'],
  TF_DeleteSession: ['void', 'pointer', 'pointer'],
  TF_SessionRun: [
    'void',
    'pointer', // session
    'pointer', // options
    'outputs', // feeds
    'pointers', // their values
    'int',
    'outputs', // fetches
    'results', // their values
    'int',
    'pointers', // targets
    'int',
    'pointer', // metadata
    'pointer', // status
  ],

  TFE_NewContextOptions: ['pointer'],
  TFE_ContextOptionsSetConfig: ['void', 'pointer', 'pointer', 'size', 'pointer'],
  TFE_DeleteContextOptions: ['void', 'pointer'],
  TFE_NewContext: ['pointer', 'pointer', 'pointer'],
  TFE_DeleteContext: ['void', 'pointer'],
  TFE_ContextAddFunction: ['void', 'pointer', 'pointer', 'pointer'],
  TFE_ContextRemoveFunction: ['void', 'pointer', 'string', 'pointer'],
  TFE_NewOp: ['pointer', 'pointer', 'string', 'pointer'],
  TFE_DeleteOp: ['void', 'pointer'],
  TFE_OpSetDevice: ['void', 'pointer', 'string', 'pointer'],
  TFE_OpAddInput: ['void', 'pointer', 'pointer', 'pointer'],
  TFE_OpSetAttrType: ['void', 'pointer', 'string', 'int'],
  TFE_OpSetAttrShape: ['void', 'pointer', 'string', 'pointer', 'int', 'pointer'],
  TFE_OpSetAttrInt: ['void', 'pointer', 'string', 'int64'],
  TFE_OpSetAttrString: ['void', 'pointer', 'string', 'pointer', 'size'],
  TFE_Execute: ['void', 'pointer', 'results', 'count', 'pointer'],
  TFE_NewTensorHandle: ['pointer', 'pointer', 'pointer'],
  TFE_TensorHandleResolve: ['pointer', 'pointer', 'pointer'],
  TFE_DeleteTensorHandle: ['void', 'pointer'],

  TFE_EnableCollectiveOps: ['void', 'pointer', 'pointer', 'size', 'pointer'],
  TFE_AbortCollectiveOps: ['void', 'pointer', 'pointer'],
} as const;

type Declarations = typeof declarations;

type Parameters_<D extends readonly unknown[]> = D extends readonly [unknown, ...infer P]
  ? { -readonly [K in keyof P]: Arguments[P[K] & keyof Arguments] }
  : never;

type NativeFunction<D extends readonly unknown[]> = ((
  ...parameters: Parameters_<D>
) => Results[D[0] & keyof Results]) & {
  /** The same call on a worker thread; the event loop stays free. */
  async: (
    ...parameters: [...Parameters_<D>, (error: unknown, result: Results[D[0] & keyof Results]) => void]
  ) => void;
};

/** The functions of TensorFlow's C API that this package calls. */
export type CApi = { readonly [K in keyof Declarations]: NativeFunction<Declarations[K]> } & {
  /** Copies `size` bytes between two addresses or typed arrays. */
  readonly memcpy: NativeFunction<readonly ['pointer', 'pointer', 'pointer', 'size']>;
  /** A variable of the environment as TensorFlow sees it; Node's `process.env` may be a copy. */
  readonly getenv: NativeFunction<readonly ['string', 'string']>;
  /** Switches TF32 matrix products of the whole process; `undefined` where the library does not offer it. */
  readonly setTensorFloat32: ((enabled: boolean) => void) | undefined;
  /** Gives freed memory back to the system; `undefined` where the C library does so by itself or can't. */
  readonly malloc_trim: NativeFunction<readonly ['int', 'size']> | undefined;
};

const opened = new Map<string, CApi>();

/** Binds {@link CApi} to the library at `path`; the second time, gives the first binding again. */
export function openLibrary(path: string): CApi {
  let api = opened.get(path);
  if (!api) opened.set(path, (api = bind(path)));
  return api;
}

function bind(path: string): CApi {
  // Types are anonymous: named ones are global to the process, and this module may be loaded more than once (tests).
  const output = koffi.struct({ oper: 'void*', index: 'int' });
  const native = {
    pointer: 'void*',
    int: 'int',
    int64: 'int64_t',
    size: 'size_t',
    float: 'float',
    byte: 'uint8_t',
    string: 'const char*',
    output,
    outputs: koffi.pointer(output),
    pointers: koffi.pointer('void*'),
    results: koffi.inout(koffi.pointer('void*')),
    count: koffi.inout(koffi.pointer('int')),
    void: 'void',
  } as const;
  const library = koffi.load(path);
  const functions: Record<string, unknown> = {};
  for (const [name, [result, ...parameters]] of Object.entries(declarations)) {
    functions[name] = library.func(
      name,
      native[result],
      parameters.map((parameter) => native[parameter]),
    );
  }
  const loaded = koffi.load(null); // everything that the process has loaded, the C library included
  functions['memcpy'] = loaded.func('memcpy', 'void*', ['void*', 'void*', 'size_t']);
  functions['getenv'] = loaded.func('getenv', 'const char*', ['const char*']);
  functions['malloc_trim'] = optional(() => loaded.func('malloc_trim', 'int', ['size_t']));
  functions['setTensorFloat32'] = tensorFloat32Switch(library);
  return functions as CApi;
}

/** TF32 has no switch in the C API; the C++ one (tsl::enable_tensor_float_32_execution) is exported by its mangled name. */
function tensorFloat32Switch(library: LibraryHandle): ((enabled: boolean) => void) | undefined {
  return optional(() => library.func('_ZN3tsl32enable_tensor_float_32_executionEb', 'void', ['bool']));
}

/** A function that not every library offers. */
function optional<T>(bind: () => T): T | undefined {
  try {
    return bind();
  } catch {
    return undefined;
  }
}

/** Calls `f` with a fresh status and throws what TensorFlow reports, after the words of `what`. */
export function checked<T>(api: CApi, what: string, f: (status: Pointer) => T): T {
  const status = api.TF_NewStatus();
  try {
    const result = f(status);
    if (api.TF_GetCode(status) !== 0) throw new Error(`${what}: ${api.TF_Message(status)}`);
    return result;
  } finally {
    api.TF_DeleteStatus(status);
  }
}

const bufferType = koffi.struct({ data: 'void*', length: 'size_t', deallocator: 'void*' });

/** A copy of the bytes in a `TF_Buffer`. */
export function bufferBytes(api: CApi, buffer: Pointer): Uint8Array {
  const { data, length } = koffi.decode(buffer, bufferType) as {
    data: Pointer | null;
    length: number | bigint;
  };
  const bytes = new Uint8Array(Number(length));
  if (bytes.length > 0) api.memcpy(bytes, data, bytes.length);
  return bytes;
}

/** Bytes that `fill` leaves in a new `TF_Buffer`; throws what TensorFlow reports, after the words of `what`. */
export function filledBuffer(
  api: CApi,
  what: string,
  fill: (buffer: Pointer, status: Pointer) => void,
): Uint8Array {
  const buffer = api.TF_NewBuffer();
  try {
    checked(api, what, (status) => {
      fill(buffer, status);
    });
    return bufferBytes(api, buffer);
  } finally {
    api.TF_DeleteBuffer(buffer);
  }
}
