/** What a checkpoint says of the parts that were its author's own. */
export interface TrainedParts {
  /** What messages call it. */
  readonly name: string;
  /** Names of the parts that were functions or objects of one's own, of modules too. */
  readonly ownParts?: readonly string[] | undefined;
  /** The configuration that it was trained with, whatever settings are over it now. */
  readonly trained?:
    Readonly<Record<'backbone' | 'network', { readonly module?: string | undefined }>> | undefined;
}

/** Whether a part was given as it is, not by a module, whose name a checkpoint has. */
export function wasGiven(part: 'backbone' | 'network', { ownParts, trained }: TrainedParts): boolean {
  return ownParts?.includes(part) === true && trained?.[part].module === undefined;
}
