/** Where tests with random streams of their own begin (`TOCO_SEED`, filled in by the test environment). */
export const testSeed = Number(process.env['TOCO_SEED']);

/** How many damaged inputs a reader is given: few every day, many in the job `formats` of `npm run test:long`. */
export const mutationCount = Number(process.env['TOCO_MUTATIONS'] ?? 1_000);
