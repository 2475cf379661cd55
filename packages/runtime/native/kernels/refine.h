// Pixel-adaptive refinement on the CPU: every pixel becomes a weighted sum of others at fixed offsets, again and again.
#pragma once

#include <cstddef>

namespace toco {

// Pixels in a row that are computed at once. Rows are filled up to a multiple: their weights there are 0.
constexpr int refineLanes = 8;

// Channels that are computed at once at most: their sums are kept in registers.
constexpr int refineChannels = 8;

// Planes of one image with `reach` pixels around them, each a copy of the nearest.
struct PaddedPlanes {
  int height, width, reach;
  float* values;

  static int row(int width, int reach) { return width + 2 * reach + refineLanes; }
  // Values of one plane.
  static size_t count(int height, int width, int reach) {
    return size_t(height + 2 * reach) * size_t(row(width, reach));
  }
  // A pixel of the image itself.
  float* at(int channel, int y, int x) const {
    return values + size_t(channel) * count(height, width, reach) +
           size_t(y + reach) * size_t(row(width, reach)) + size_t(x + reach);
  }
};

// Fills what lies around one row of the image, and above or below it where it is the first or last.
void surround(const PaddedPlanes& planes, int channel, int y);

// Weights of one row of pixels, [offsets][width] with `stride` floats between offsets, in the order in which they are read:
// [width / refineLanes][offsets][refineLanes].
void packWeights(const float* weights, size_t stride, int count, int width, float* packed);

// One row of one image, of at most refineChannels: to = Σ weights · from at the offsets (y, x).
void refineRow(const PaddedPlanes& from, const PaddedPlanes& to, int channels, const float* packed, const int* offsets,
               int count, int y);

}  // namespace toco
