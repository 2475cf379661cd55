/** Thrown for an image that memory does not suffice for; its message is one line. */
export class ImageRefused extends Error {}
