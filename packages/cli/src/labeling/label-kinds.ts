/** What is written beside the masks. */
export const labelKinds = ['irn', 'psa', 'mctformer', 'coco-rle', 'coco-polygons'] as const;

/** One of {@link labelKinds}. */
export type LabelKind = (typeof labelKinds)[number];

/** What pseudo labels are made of. */
export const labelSources = ['cam', 'aux', 'segmentation'] as const;

/** One of {@link labelSources}. */
export type LabelSource = (typeof labelSources)[number];
