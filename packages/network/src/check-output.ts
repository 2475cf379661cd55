import type { Backbone, BackboneOutput, Grid } from '@toco/backbone';
import type * as tf from '@tensorflow/tfjs-core';

/** What a backbone gives is not what it says of itself: whoever wrote it can mend it. */
export class BackboneError extends Error {
  override readonly name = 'BackboneError';
}

const fields = ['clsToken', 'patchTokens', 'auxTokens', 'grid', 'auxGrid'] as const;

/**
 * Makes sure that a backbone gave what the heads need, before an operation far from it stumbles: shapes only, nothing is read.
 *
 * @throws one line that names the backbone, the field, what it is and what it should be
 */
export function checkBackboneOutput(
  backbone: Pick<Backbone, 'name' | 'stride' | 'tokenDim' | 'auxDim'>,
  images: tf.Tensor4D,
  output: unknown,
): asserts output is BackboneOutput {
  const refuse = (problem: string): never => {
    throw new BackboneError(`backbone ${backbone.name}: ${problem}`);
  };
  const given = (output ?? {}) as Partial<Record<(typeof fields)[number], unknown>>;
  const missing = fields.filter((field) => given[field] === undefined);
  if (missing.length > 0) {
    refuse(
      `apply gave no ${missing.length === fields.length ? 'output' : missing.join(', ')}; return { ${fields.join(', ')} }.`,
    );
  }
  const [batch, height, width] = images.shape;
  const { stride, tokenDim, auxDim } = backbone;
  expectShape('clsToken', [batch, tokenDim]);
  const whole = height % stride === 0 && width % stride === 0;
  const expected = whole ? ([height / stride, width / stride] as const) : undefined;
  expectTokens('patchTokens', { grid: gridOf('grid', expected), dim: tokenDim });
  expectTokens('auxTokens', { grid: gridOf('auxGrid'), dim: auxDim });

  function gridOf(field: 'grid' | 'auxGrid', wanted?: Grid): Grid {
    const value = given[field];
    const [h = 0, w = 0] = Array.isArray(value) ? (value as number[]) : [];
    if (!(Number.isInteger(h) && Number.isInteger(w) && h > 0 && w > 0))
      refuse(`${field} is ${JSON.stringify(given[field])}; give rows and columns, such as [14, 14].`);
    if (wanted && (h !== wanted[0] || w !== wanted[1])) {
      refuse(
        `${field} is ${h}×${w} for images of ${height}×${width} pixels, at stride ${stride} it is ${wanted.join('×')}; correct apply or stride.`,
      );
    }
    return [h, w];
  }

  function expectTokens(
    field: 'patchTokens' | 'auxTokens',
    { grid: [h, w], dim }: { readonly grid: Grid; readonly dim: number },
  ): void {
    expectShape(field, [batch, h * w, dim], ` (grid ${h}×${w})`);
  }

  function expectShape(field: (typeof fields)[number], shape: readonly number[], why = ''): void {
    const { shape: found } = given[field] as Partial<tf.Tensor>;
    if (!Array.isArray(found))
      refuse(`${field} is not a tensor; expected one of shape [${shape.join()}]${why}.`);
    if (String(found) !== String(shape))
      refuse(`${field} has shape [${found!.join()}], expected is [${shape.join()}]${why}.`);
  }
}
