/** A step that cannot become a graph: one line that says what it did, where, and what to do instead. */
export class TraceError extends Error {
  override readonly name = 'TraceError';
}
