export { checkFolder } from './check-folder.js';
export { formatRow } from './format-row.js';
export { openGoldenFolder, type GoldenFolder } from './golden-folder.js';
export { passes, type Row } from './row.js';
