/** What a worker needs to finish images: nothing of it loads TensorFlow.js. */
export { type Finished, finishImage, type FinishMeans, type FinishTask } from './finish-image.js';
