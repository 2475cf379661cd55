import { availableParallelism, cpus } from 'node:os';
import { loadedBackend } from './init-backend.js';

/** This machine in one line, with the threads that this process computes on where an engine is loaded. */
export function describeMachine(): string {
  const threads = loadedBackend()?.threads ?? availableParallelism();
  return `${cpus()[0]?.model.trim() ?? 'unknown processor'}, ${threads} thread${threads === 1 ? '' : 's'}`;
}
