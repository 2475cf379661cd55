/**
 * Bytes of the memory in which `wasm.cc` builds the lattices of an image, in the worst case: every pixel in a simplex of its
 * own, with six vertices of its own, and every array that doubled having left its smaller ones behind.
 */
export function latticeBytes(height: number, width: number, gaussianSigma: number): number {
  const pixels = height * width;
  const doubled = 4; // an array's capacity is below twice its length, and those before it below that again
  const vertices = 6 * pixels;
  const perPixel = 3 * 4 + 4 + 6 * 4; // levels; order; weights
  const groups = 32 * doubled * (pixels + pixels / 64 + 1024);
  const vertexTable = vertices * 8 * doubled + (vertices * 4 * 2 + 2 ** 17) * 4 * 2; // codes; slots
  const chains = vertices * (8 + 2 * 4 + 6 * 4 + 4); // ends; neighbors; chains; sums
  const strip = height * 32 * (20 * 4 + 20 * doubled + 4 + 6 * 4) + 2 ** 18; // slots; keys; keys of pixels; weights
  // columns of the grid are √(4/3) of them a σ, its rows one a σ
  const [columns, rows] = [(1.1548 * width) / gaussianSigma + 16, height / gaussianSigma + 16];
  const gaussian = pixels * (24 + 24) + columns * rows * 9 + columns * 8 + width * 8;
  return perPixel * pixels + groups + vertexTable + chains + strip + gaussian + 2 ** 20;
}
