/**
 * Turns a function of tensors into one that computes the same, perhaps compiled to fewer passes over memory.
 *
 * `fused` of `@toco/graph` is one. Pure functions that offer an option of this type are chains of element-by-element
 * operations, whose time is that of reading and writing; they call it with everything that the function uses as arguments.
 */
export type Fuse = <A extends unknown[], R>(f: (...inputs: A) => R) => (...inputs: A) => R;

/** Leaves a function as it is: what functions with an option of type {@link Fuse} do by default. */
export const unfused: Fuse = (f) => f;
