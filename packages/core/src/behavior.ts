/**
 * Which of two behaviors: `corrected`, the default everywhere, fixes the bugs of ToCo's published code;
 * `reference` reproduces them, for comparison with its numbers.
 */
export type Behavior = 'reference' | 'corrected';

/**
 * The defects, each of which can be fixed alone:
 * - `tokenBox`: the box of real pixels is applied to the token grid;
 * - `lateFlip`: main view and local source flip once more after the box is fixed;
 * - `cropPadding`: padding counts as background when local crops are drawn and judged;
 * - `rounding`: denormalized levels are truncated;
 * - `oddSizes`: what is left of a patch is dropped, see {@link OddSizes}.
 */
export const corrections = ['tokenBox', 'lateFlip', 'cropPadding', 'rounding', 'oddSizes'] as const;

/** Name of one defect and its correction. */
export type Correction = (typeof corrections)[number];

/** A behavior for each. */
export type Corrections = Readonly<Record<Correction, Behavior>>;

/**
 * A behavior for each correction: one word is for all; what is left out is corrected.
 *
 * @example
 * correctionsOf('reference').tokenBox; // 'reference'
 * correctionsOf({ tokenBox: 'reference' }).lateFlip; // 'corrected'
 */
export function correctionsOf(choice: Behavior | Partial<Corrections>): Corrections {
  const behaviorOf = (name: Correction): Behavior =>
    typeof choice === 'string' ? choice : (choice[name] ?? 'corrected');
  return {
    tokenBox: behaviorOf('tokenBox'),
    lateFlip: behaviorOf('lateFlip'),
    cropPadding: behaviorOf('cropPadding'),
    rounding: behaviorOf('rounding'),
    oddSizes: behaviorOf('oddSizes'),
  };
}
