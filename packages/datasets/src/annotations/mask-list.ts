/** An image and its mask, by paths within one folder, with `/` between. */
export interface ListedMask {
  readonly id: string;
  readonly image: string;
  readonly mask: string;
}

/** A list that goes with a folder of masks: mmsegmentation's has an id a line, DeepLab's the paths of image and mask. */
export type MaskListForm = 'mmsegmentation' | 'deeplab';

/**
 * The text of a list file: `2007_000033`, which mmsegmentation takes as `ann_file`, or
 * `/JPEGImages/2007_000033.jpg /SegmentationClassAug/2007_000033.png`, as DeepLab's lists of VOC are written.
 */
export function maskList(masks: readonly ListedMask[], form: MaskListForm): string {
  return masks
    .map(({ id, image, mask }) => `${form === 'mmsegmentation' ? id : `/${image} /${mask}`}\n`)
    .join('');
}
