export { cacheFolder } from './cache.js';
export { EngineError } from './engine-error.js';
export { type Engine, type EngineKind } from './engine.js';
export {
  engineLibrary,
  initBackend,
  type BackendInfo,
  type BackendName,
  type BackendOptions,
  type EngineLibrary,
} from './init-backend.js';
export { type Print } from './progress.js';
export { setup, type SetupOptions } from './setup.js';
