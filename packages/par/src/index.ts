export { par } from './par.js';
export { parAffinity, type ParAffinityOptions } from './par-affinity.js';
export { refine, type RefineOptions } from './refine.js';
