/** Something about a whole data set that its owner should know: said once, whatever the number of images. */
export interface Finding {
  /** An error makes figures wrong or training impossible; a warning may be meant so. */
  readonly kind: 'error' | 'warning';
  /** One line: what, how many, an example, and what to do. */
  readonly message: string;
}

/** The first few names, in a line. */
export function examples(names: readonly string[], most = 2): string {
  return names.slice(0, most).join(', ') + (names.length > most ? ', …' : '');
}
