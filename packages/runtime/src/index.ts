export type { Cluster } from './cluster/cluster.js';
export { clusterOfEnvironment } from './cluster/cluster-of-environment.js';
export { freeAddresses } from './cluster/free-addresses.js';
export { devicesOf } from './cluster/own-gpu.js';
export { joinCluster, type JoinOptions, type Peers } from './cluster/peers.js';
export { describeMachine } from './describe-machine.js';
export { type CachedFolder, doctor, type DoctorReport, type Problem } from './doctor.js';
export type { Engine, EngineKind } from './engine.js';
export { formatReport } from './format-report.js';
export {
  type BackendInfo,
  type BackendName,
  type BackendOptions,
  engineLibrary,
  type EngineLibrary,
  initBackend,
  loadedBackend,
} from './init-backend.js';
export { nativeDenseCrf, type NativeDenseCrfOptions } from './native-dense-crf.js';
export { isSupportedPlatform, nvidiaDevices, nvidiaIds } from './platform.js';
export type { Print } from './progress.js';
export { setup, type SetupOptions } from './setup.js';
