/** Label of pixels and tokens that take no part, in ToCo and in the masks of VOC. */
export const ignoreIndex = 255;
