import { UserError } from '@toco/files';
/** A model on a hub. */
export interface HubModel {
  readonly owner: string;
  readonly name: string;
  /** Branch, tag or commit. */
  readonly revision: string;
}

const prefix = 'hf:';

/** Whether `spec` names a model on a hub and not a file. */
export function isHubName(spec: string): boolean {
  return spec.startsWith(prefix);
}

/**
 * The model that `hf:owner/name` or `hf:owner/name@revision` names; the revision is `main` where none is given.
 *
 * @throws one line where it has another form
 */
export function parseHubName(spec: string): HubModel {
  // No name may lead out of the cache's folder, so "." and ".." are none.
  const part = '(?!\\.{1,2}(?:[/@]|$))[A-Za-z0-9._-]{1,96}';
  const match = new RegExp(`^${prefix}(${part})/(${part})(?:@(${part}))?$`).exec(spec);
  if (!match) {
    throw new UserError(
      `${spec}: not a model name; write hf:owner/name or hf:owner/name@revision, e.g. hf:timm/deit_tiny_patch16_224.fb_in1k.`,
    );
  }
  const [, owner = '', name = '', revision = 'main'] = match;
  return { owner, name, revision };
}
