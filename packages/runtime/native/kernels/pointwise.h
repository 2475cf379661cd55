// GELU and layer norm in one pass over memory each.
#pragma once

#include <cstddef>

namespace toco {

// y = x·Φ(x), exact but for rounding.
void gelu(const float* x, float* y, size_t count);

// Rows of `size` values: (x − mean)/√(variance + ε)·weight + bias with the biased variance.
struct LayerNorm {
  const float *weight, *bias;
  size_t size;
  float epsilon;
  void row(const float* x, float* y) const;
};

}  // namespace toco
