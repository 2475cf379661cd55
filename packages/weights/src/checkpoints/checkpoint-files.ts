/** Names of a checkpoint's files: the network and its teacher, the optimizer's moments, the rest. */
export const checkpointFiles = {
  model: 'model.safetensors',
  optimizer: 'optimizer.safetensors',
  state: 'state.json',
} as const;
