export {
  compile,
  type CompiledFunction,
  type CompiledStep,
  compileFunction,
  type CompileOptions,
  type Step,
} from './compile.js';
export { barrier } from './barrier.js';
export { checkpointed } from './checkpointed.js';
export { fused } from './fused.js';
export { inFloat32 } from './in-float32.js';
export { scope } from './scope.js';
export { type DType, type TypedArray } from './dtype.js';
export { type ExportedGraph, type NamedTensor } from './exported-graph.js';
export { type OperationTime, type Profile, type ProfileOptions } from './profile.js';
export { type Precision } from './products.js';
export { type EngineOptions, type Rewrite } from './session-config.js';
export { type TracedFunction } from './specializations.js';
export { TraceError } from './trace-error.js';
export { type GraphStatistics } from './graph-builder.js';
export { type TraceStatistics } from './traced-function.js';
export {
  type AnyRank,
  type Feeds,
  type Fetched,
  type HostTensor,
  type Live,
  type TensorSpec,
} from './tree.js';
