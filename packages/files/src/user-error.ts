/**
 * What a user can mend: its message is one line that says what is wrong and what to do. A command prints the message alone;
 * every other error is a fault of ours and keeps its stack.
 *
 * @example
 * ```ts
 * try { await initBackend({ device: 'gpu' }); } catch (error) { if (error instanceof UserError) console.error(error.message); }
 * ```
 */
export class UserError extends Error {
  override readonly name: string = 'UserError';
}
