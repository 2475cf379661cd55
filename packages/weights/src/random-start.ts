import type { ImportReport } from '@toco/backbone';
import { listNames } from './import-report.js';

/** The pretrained weights of the backbones that a configuration can name, at timm's on the hub. */
const hubNames: Readonly<Record<string, string>> = {
  vit_tiny_patch16_224: 'vit_tiny_patch16_224.augreg_in21k_ft_in1k',
  vit_tiny_patch16_384: 'vit_tiny_patch16_384.augreg_in21k_ft_in1k',
  vit_small_patch16_224: 'vit_small_patch16_224.augreg_in21k_ft_in1k',
  vit_small_patch16_384: 'vit_small_patch16_384.augreg_in21k_ft_in1k',
  vit_base_patch16_224: 'vit_base_patch16_224.augreg_in21k_ft_in1k',
  vit_base_patch16_384: 'vit_base_patch16_384.augreg_in21k_ft_in1k',
  vit_base_patch8_224: 'vit_base_patch8_224.augreg_in21k_ft_in1k',
  vit_large_patch16_224: 'vit_large_patch16_224.augreg_in21k_ft_in1k',
  vit_large_patch16_384: 'vit_large_patch16_384.augreg_in21k_ft_in1k',
  deit_tiny_patch16_224: 'deit_tiny_patch16_224.fb_in1k',
  deit_small_patch16_224: 'deit_small_patch16_224.fb_in1k',
  deit_base_patch16_224: 'deit_base_patch16_224.fb_in1k',
  deit_base_patch16_384: 'deit_base_patch16_384.fb_in1k',
  deit_tiny_distilled_patch16_224: 'deit_tiny_distilled_patch16_224.fb_in1k',
  deit_small_distilled_patch16_224: 'deit_small_distilled_patch16_224.fb_in1k',
  deit_base_distilled_patch16_224: 'deit_base_distilled_patch16_224.fb_in1k',
  deit_base_distilled_patch16_384: 'deit_base_distilled_patch16_384.fb_in1k',
  'vit_small_patch16_224.dino': 'vit_small_patch16_224.dino',
  'vit_small_patch8_224.dino': 'vit_small_patch8_224.dino',
  'vit_base_patch16_224.dino': 'vit_base_patch16_224.dino',
  'vit_base_patch8_224.dino': 'vit_base_patch8_224.dino',
  vit_small_patch14_dinov2: 'vit_small_patch14_dinov2.lvd142m',
  vit_small_patch14_reg4_dinov2: 'vit_small_patch14_reg4_dinov2.lvd142m',
  vit_base_patch14_dinov2: 'vit_base_patch14_dinov2.lvd142m',
  vit_base_patch14_reg4_dinov2: 'vit_base_patch14_reg4_dinov2.lvd142m',
  vit_base_patch16_clip_quickgelu_224: 'vit_base_patch16_clip_224.openai',
  vit_base_patch16_clip_224: 'vit_base_patch16_clip_224.laion2b',
  swin_tiny_patch4_window7_224: 'swin_tiny_patch4_window7_224.ms_in1k',
};

/**
 * The line that a run without pretrained weights begins with. Starting from random numbers is what a small network on synthetic
 * scenes is meant to do; a transformer on a few thousand photographs comes to nothing, and nobody sees why.
 */
export function randomStartWarning(
  { backbone }: { readonly backbone: { readonly name: string } },
  name: string,
): string {
  const known = backbone.name === name ? hubNames[name] : undefined;
  const remedy =
    known === undefined
      ? 'set backbone.weights to a file or hf:owner/name if there are pretrained weights for it'
      : `for pretrained weights set backbone.weights=hf:timm/${known}`;
  return `Warning: ${name} starts from random numbers, because backbone.weights is not set; ${remedy}.`;
}

/**
 * Says loudly that a file of weights fits the backbone in part only: the rest of it starts from random numbers.
 *
 * @param prefix what stands before the backbone's names; what a whole network lacks besides is meant to start anew
 */
export function warnOfPart(
  weights: string,
  { report, prefix = '' }: { readonly report: ImportReport; readonly prefix?: string | undefined },
  print: (line: string) => void,
): void {
  const missing = report.missing.filter((name) => name.startsWith(prefix));
  // A backbone that is less deep than the file's takes a part of the file, and is another network than was trained.
  const blocks = report.leftOver.filter((name) => /(?:^|\.)(?:blocks|layers)\.\d+\./.test(name));
  if (missing.length > 0) {
    print(
      `Warning: ${weights} holds only a part of the backbone: ${missing.length} arrays start from random numbers (${listNames(missing)}); check backbone.name.`,
    );
  }
  if (blocks.length > 0) {
    print(
      `Warning: ${weights} holds ${blocks.length} arrays of blocks that the backbone does not have (${listNames(blocks)}); check backbone.name and backbone.depth.`,
    );
  }
}
