export { initBackend, type BackendInfo } from './init-backend.js';
