export { expectClose, largestError, type Tolerance } from './close.js';
export { fixture, fixtureArrays, fixtureJson, sharedPath, toTensor } from './fixture.js';
