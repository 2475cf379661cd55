export { addRuntimeCommands } from './commands/runtime-commands.js';
export { formatCheck } from './tables/format-check.js';
export type { ColumnFigures, Figures, Sweep } from './evaluation/figures.js';
export { formatFigures } from './tables/format-figures.js';
export { formatProfile } from './tables/format-profile.js';
