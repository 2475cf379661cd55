export { expectClose, largestError, type Tolerance } from './close.js';
export { fixture, fixtureArrays, fixtureJson, sharedGoldens, sharedPath, toTensor } from './fixture.js';
