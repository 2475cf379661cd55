import { fileURLToPath } from 'node:url';

/** Where the page of `examples/browser` lies once it is built; the site shows it as its first screen, and a picture where it is not. */
export const demo = fileURLToPath(new URL('../../examples/browser/dist', import.meta.url));
