// What loads in a browser, as a user's bundler gets it: from the packages' built files, by their public names.
import { build } from 'esbuild';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/**
 * Bytes, minified and without tfjs-core, that no entry may exceed. A higher limit is a decision, made in that file.
 *
 * @type {Readonly<Record<string, number>>}
 */
export const limits = JSON.parse(readFileSync(new URL('limits.json', import.meta.url), 'utf8'));

const folder = fileURLToPath(new URL('.', import.meta.url));

/**
 * An ES module for browsers; what a browser does not have, a module of Node or a native addon, is an error.
 *
 * @param {string} contents source that imports packages
 * @param {string[]} [external] what stays an import
 * @returns {Promise<Uint8Array>}
 */
export async function bundle(contents, external = []) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: folder },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2023',
    external,
    write: false,
    logLevel: 'silent',
  });
  return /** @type {{ contents: Uint8Array }} */ (outputFiles[0]).contents;
}

/**
 * Bytes of everything that an entry exports.
 *
 * @param {string} entry
 */
export async function sizeOf(entry) {
  const code = await bundle(`export * from '${entry}'`, ['@tensorflow/tfjs-core']);
  return code.length;
}
