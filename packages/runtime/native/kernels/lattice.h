// The filter on a permutohedral lattice on the CPU.
#pragma once

#include <cstdint>

namespace toco {

// Sizes: values [images,points,channels], offsets and weights [images,points,corners], neighbors
// [corners,2,images * rows]. The rows of all images are counted through; the first of each image stays 0.
struct LatticeShape {
  int images, points, channels, corners, rows;
};

// The output of one image, of the shape of its values: splat, blur along each axis (in reverse order for the transposed
// filter), slice. False where an index leads out of the image's rows.
bool filterLattice(const LatticeShape&, int image, const float* values, const int32_t* offsets, const float* weights,
                   const int32_t* neighbors, bool reverse, float* output);

}  // namespace toco
