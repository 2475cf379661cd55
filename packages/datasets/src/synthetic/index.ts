export { type ObjectKind, objectKinds } from './object-kinds.js';
export { defaultSceneOptions, type SceneOptions } from './scene-options.js';
export { syntheticScenes, type SyntheticScenesOptions } from './synthetic-scenes.js';
