export type { ParAffinityOptions, RefineOptions } from './options.js';
export { parAffinity } from './par-affinity.js';
export { par } from './par.js';
export { refine } from './refine.js';
