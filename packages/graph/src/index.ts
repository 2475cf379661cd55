export type { HostTensor } from '@toco/core';
export type { TypedArray } from '@toco/core';
export type { DType } from '@toco/core';
export { barrier } from './barrier.js';
export { checkpointed } from './checkpointed.js';
export { allReduce, type AllReduceOptions } from './all-reduce.js';
export type { Cluster } from './cluster.js';
export {
  compile,
  type CompiledFunction,
  type CompiledStep,
  compileFunction,
  type CompileOptions,
  type Step,
} from './compile.js';
export type { AnyBatchGraph, AnyBatchPort } from './export/any-batch.js';
export {
  type ExportFormat,
  exportFunction,
  type ExportOptions,
  exportToOnnx,
} from './export/export-function.js';
export type { FrozenGraph, Port } from './export/freeze-graph.js';
export type { ExportedGraph, NamedTensor } from './exported-graph.js';
export { fused } from './fused.js';
export type { GraphStatistics } from './graph-builder.js';
export { graphCompiler } from './graph-compiler.js';
export { inFloat32 } from './in-float32.js';
export { inLanes, type Lanes, lanesOf, oneLane } from './lanes.js';
export type { Precision } from './products.js';
export type { OperationTime, Profile, ProfileOptions } from './profile.js';
export { formatStages } from './profile/format-stages.js';
export { type KindTime, type StageTime, stageTimes } from './profile/stage-times.js';
export { reductionKind, type ReductionKind } from './ring.js';
export { scope } from './scope.js';
export type { EngineOptions, Rewrite } from './session-config.js';
export type { TracedFunction } from './specializations.js';
export { TraceError } from './trace-error.js';
export type { TraceStatistics } from './traced-function.js';
export type { AnyRank, Feeds, Fetched, Live, TensorSpec } from './tree.js';
