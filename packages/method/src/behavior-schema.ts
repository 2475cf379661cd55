import { type Behavior, type Corrections, corrections, correctionsOf } from '@toco/core';
import * as z from 'zod';

const each = (defect: string) =>
  z.enum(['reference', 'corrected']).default('corrected').describe(`'reference': ${defect}`);

const correctionsSchema = z.strictObject(
  {
    tokenBox: each('the box of real pixels, in pixels, is applied to the token grid'),
    lateFlip: each('main view and local source flip once more, each on its own, after the box is fixed'),
    cropPadding: each('padding counts as background when local crops are drawn and judged'),
    rounding: each('de-normalized levels are truncated, not rounded'),
    oddSizes: each(
      'drops the remainder of a scaled size that is not a multiple of the patch, which shifts the CAMs',
    ),
  } satisfies Record<keyof Corrections, z.ZodType>,
  {
    error: ({ code }) =>
      code === 'invalid_type'
        ? `write reference, corrected, or one of the two for each of ${corrections.join(', ')}`
        : undefined,
  },
);

/** Which of the original's defects are kept: one word for all of them, or one for each. */
export const behaviorSchema = z
  .preprocess(
    (given: Behavior | z.input<typeof correctionsSchema>) =>
      given === 'reference' || given === 'corrected' ? correctionsOf(given) : given,
    correctionsSchema,
  )
  .prefault({})
  .describe(
    "'reference' keeps the original's bugs, 'corrected' fixes them; all of them, or each by its name",
  );
