/** What backbones of our own begin with, in timm's names. */
const first = 'patch_embed.proj.weight';

/**
 * What stands before the names of a backbone's arrays in a checkpoint: nothing in timm's, `encoder.` in whole networks,
 * `backbone.` in DINO's.
 */
export function namePrefix(names: Iterable<string>): string {
  for (const name of names) {
    if (name === first || name.endsWith(`.${first}`)) return name.slice(0, -first.length);
  }
  return '';
}
