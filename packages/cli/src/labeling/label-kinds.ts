import { annotationKinds } from '../annotations/annotation-files.js';

/** Projects that CAMs are written for. */
export const camProjects = ['irn', 'psa', 'mctformer'] as const;

/** What is written beside the masks. */
export const labelKinds = [...camProjects, ...annotationKinds] as const;

/** One of {@link labelKinds}. */
export type LabelKind = (typeof labelKinds)[number];

/** What pseudo labels are made of. */
export const labelSources = ['cam', 'aux', 'segmentation'] as const;

/** One of {@link labelSources}. */
export type LabelSource = (typeof labelSources)[number];
