export { addRuntimeCommands } from './commands/runtime-commands.js';
export { formatCheck } from './tables/format-check.js';
export { formatEvaluation } from './tables/format-evaluation.js';
export { formatProfile } from './tables/format-profile.js';
