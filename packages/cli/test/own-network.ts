import { writeFileSync } from 'node:fs';

/** Writes a module with a network of one's own: ToCo's, with a parameter more that its segmentation is multiplied by. */
export function writeOwnNetwork(path: string, { sharpness }: { readonly sharpness: number }): void {
  const at = (specifier: string): string =>
    JSON.stringify(import.meta.resolve(specifier).replace('/src/', '/dist/').replace(/\.ts$/, '.js'));
  writeFileSync(
    path,
    `import { createNetwork } from ${at('@toco/network')};
import * as tf from ${at('@tensorflow/tfjs-core')};
export const network = (options) => {
  const base = createNetwork(options);
  return {
    ...base,
    init(seed) {
      const { params, teacher } = base.init(seed);
      return { params: { ...params, sharpness: tf.fill([1], ${sharpness}) }, teacher };
    },
    segment: (params, output) => tf.mul(base.segment(params, output), tf.mul(params.sharpness, ${sharpness})),
  };
};
`,
  );
}
