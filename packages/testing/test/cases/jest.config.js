import preset from '../../../../jest.preset.js';

/** Test files that fail or hang on purpose: tests run them in processes of their own. */
export default { ...preset, roots: ['<rootDir>'], testMatch: ['**/*.case.ts'] };
