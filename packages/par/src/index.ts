export type { ParAffinityOptions, RefineOptions } from './options.js';
export { par } from './par.js';
export { parAffinity } from './par-affinity.js';
export { refine } from './refine.js';
