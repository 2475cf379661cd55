import { UserError } from '@toco/files';
/** What `use` makes of some weights; its errors begin with their name. */
export function namingWeights<T>(weights: string, use: () => T): T {
  try {
    return use();
  } catch (error) {
    throw new UserError(`${weights}: ${(error as Error).message}`, { cause: error });
  }
}
