/**
 * Which of two behaviours: `corrected`, the default everywhere, mends the defects of ToCo's published code;
 * `reference` reproduces them, for comparison with its numbers.
 */
export type Behavior = 'reference' | 'corrected';
