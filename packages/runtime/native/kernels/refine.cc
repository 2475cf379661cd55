#include "refine.h"

#include <cstring>

namespace toco {
namespace {

typedef float Vector __attribute__((vector_size(4 * refineLanes), aligned(4), may_alias));

template <int channels>
void refinePixels(const PaddedPlanes& from, const PaddedPlanes& to, const float* packed,
                  const int* offsets, int count, int y, int x) {
  Vector sums[channels] = {};
  const size_t plane = PaddedPlanes::count(from.height, from.width, from.reach);
  for (int n = 0; n < count; n++) {
    const Vector weight = *(const Vector*)(packed + n * refineLanes);
    const float* pixels = from.at(0, y + offsets[2 * n], x + offsets[2 * n + 1]);
    for (int c = 0; c < channels; c++) sums[c] += weight * *(const Vector*)(pixels + size_t(c) * plane);
  }
  for (int c = 0; c < channels; c++) *(Vector*)to.at(c, y, x) = sums[c];
}

using RefinePixels = void (*)(const PaddedPlanes&, const PaddedPlanes&, const float*, const int*, int, int, int);
const RefinePixels refineSome[refineChannels] = {refinePixels<1>, refinePixels<2>, refinePixels<3>, refinePixels<4>,
                                           refinePixels<5>, refinePixels<6>, refinePixels<7>, refinePixels<8>};

}  // namespace

void surround(const PaddedPlanes& planes, int channel, int y) {
  float* row = planes.at(channel, y, 0);
  for (int x = 1; x <= planes.reach; x++) {
    row[-x] = row[0];
    row[planes.width - 1 + x] = row[planes.width - 1];
  }
  const int length = PaddedPlanes::row(planes.width, planes.reach);
  const size_t bytes = 4 * size_t(length - refineLanes);
  for (int i = 1; i <= planes.reach; i++) {
    if (y == 0) std::memcpy(row - planes.reach - i * length, row - planes.reach, bytes);
    if (y == planes.height - 1) std::memcpy(row - planes.reach + i * length, row - planes.reach, bytes);
  }
}

void packWeights(const float* weights, size_t stride, int count, int width, float* packed) {
  for (int n = 0; n < count; n++)
    for (int x = 0; x < width; x += refineLanes) {
      const int some = width - x < refineLanes ? width - x : refineLanes;
      float* to = packed + (x / refineLanes * count + n) * refineLanes;
      for (int i = 0; i < some; i++) to[i] = weights[size_t(n) * stride + size_t(x + i)];
      for (int i = some; i < refineLanes; i++) to[i] = 0;
    }
}

void refineRow(const PaddedPlanes& from, const PaddedPlanes& to, int channels, const float* packed, const int* offsets,
               int count, int y) {
  for (int x = 0; x < from.width; x += refineLanes)
    refineSome[channels - 1](from, to, packed + x * count, offsets, count, y, x);
  for (int c = 0; c < channels; c++) surround(to, c, y);
}

}  // namespace toco
