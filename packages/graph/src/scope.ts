import { currentTrace } from './trace.js';

/** Puts `name` before the names of the operations that `f` is traced into, so that profiles can be read by stage. */
export function scope<T>(name: string, f: () => T): T {
  const trace = currentTrace();
  if (!trace) return f();
  const { builder } = trace;
  const outer = builder.scope;
  builder.scope = `${outer}${name}/`;
  try {
    return f();
  } finally {
    builder.scope = outer;
  }
}
