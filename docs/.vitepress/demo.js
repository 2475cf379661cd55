import { fileURLToPath } from 'node:url';

/** Where the page of `examples/browser` lies once it is built: the first screen of the site. `npm run dev` shows a picture where it is not. */
export const demo = fileURLToPath(new URL('../../examples/browser/dist', import.meta.url));
