export { cacheFolder } from './cache.js';
export { addRuntimeCommands, runCommand } from './commands.js';
export { doctor, type CachedFolder, type DoctorReport, type Problem } from './doctor.js';
export { EngineError } from './engine-error.js';
export { type Engine, type EngineKind } from './engine.js';
export { formatReport } from './format-report.js';
export {
  engineLibrary,
  initBackend,
  loadedBackend,
  type BackendInfo,
  type BackendName,
  type BackendOptions,
  type EngineLibrary,
} from './init-backend.js';
export { withLock, type LockOptions } from './lock.js';
export { nativeDenseCrf, type NativeDenseCrfOptions } from './native-dense-crf.js';
export { type Print } from './progress.js';
export { setup, type SetupOptions } from './setup.js';
