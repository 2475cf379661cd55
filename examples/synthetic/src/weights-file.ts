import { fileURLToPath } from 'node:url';

/** The weights that the runs start from: made by `pretrain.ts`, and by nothing but image-level labels of such scenes. */
export const weightsFile = fileURLToPath(new URL('../weights/vit-mini.safetensors', import.meta.url));
