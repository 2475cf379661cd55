// Compiled once for each instruction set that has vectors of its own length, with INSTRUCTION_SET naming it.
//
// Rows go through in blocks that stay in the second-level cache, and each panel of outputs gets what comes after the product
// while it is in the first.

#include "linear.h"

#include "gelu.h"
#include "multiply.h"
#include "pointwise.h"

namespace toco {
namespace INSTRUCTION_SET {
namespace {

constexpr int blockRows = 8 * tileRows;

int panels(const LinearMap& map) { return ceilDiv(map.outputs, panel); }

size_t packedSize(const LinearMap& map) { return size_t(panels(map)) * panel * map.inputs; }

void pack(const LinearMap& map, int index, float* packed) {
  const int first = index * panel;
  packTransposed<Float32>({map.weight + ptrdiff_t(first) * map.inputs, map.inputs, least(map.outputs - first, panel),
                           map.inputs},
                          packed + ptrdiff_t(first) * map.inputs);
}

// What comes after the product, for `count` outputs from `column` on of one row.
void finish(const LinearMap& map, const float* sums, int column, int count, const float* residual, float* y) {
  const float* bias = map.bias ? map.bias + column : nullptr;
  const float* scale = map.scale ? map.scale + column : nullptr;
  const auto finished = [&](Vector x, Vector b, Vector s, Vector r) __attribute__((always_inline)) {
    x += b;
    if (map.gelu) x = gelu<Vector, Integers>(x);
    return x * s + r;
  };
  const Vector none{}, ones = none + 1.f;
  int i = 0;
  for (; i + lanes <= count; i += lanes)
    *(Vector*)(y + i) = finished(*(const Vector*)(sums + i), bias ? *(const Vector*)(bias + i) : none,
                                 scale ? *(const Vector*)(scale + i) : ones,
                                 residual ? *(const Vector*)(residual + i) : none);
  if (i == count) return;
  const auto rest = [&](const float* from, Vector otherwise) {
    if (from) std::memcpy(&otherwise, from + i, 4 * size_t(count - i));
    return otherwise;
  };
  const Vector last = finished(rest(sums, none), rest(bias, none), rest(scale, ones), rest(residual, none));
  std::memcpy(y + i, &last, 4 * size_t(count - i));
}

void mapRows(const LinearMap& map, int first, int last, const float* packed, float* y) {
  const auto [inputs, outputs] = std::pair(map.inputs, map.outputs);
  float* sums = scratch<0, float>(size_t(blockRows) * panel);
  float* normed = map.normWeight ? scratch<1, float>(size_t(blockRows) * inputs) : nullptr;
  const LayerNorm norm = {map.normWeight, map.normBias, size_t(inputs), map.epsilon};
  for (int start = first; start < last; start += blockRows) {
    const int rows = least(last - start, blockRows);
    const float* block = map.x + ptrdiff_t(start) * inputs;
    if (normed) {
      for (int r = 0; r < rows; r++) norm.row(block + ptrdiff_t(r) * inputs, normed + ptrdiff_t(r) * inputs);
      block = normed;
    }
    for (int column = 0; column < outputs; column += panel) {
      const int count = least(outputs - column, panel);
      multiply<Float32>(rows, count, inputs, {block, inputs, 1}, packed + ptrdiff_t(column) * inputs, sums, panel, false);
      for (int r = 0; r < rows; r++) {
        const ptrdiff_t at = ptrdiff_t(start + r) * outputs + column;
        finish(map, sums + r * panel, column, count, map.residual ? map.residual + at : nullptr, y + at);
      }
    }
  }
}

}  // namespace

const LinearKernel linear = {panels, packedSize, pack, mapRows, blockRows};

}  // namespace INSTRUCTION_SET
}  // namespace toco
