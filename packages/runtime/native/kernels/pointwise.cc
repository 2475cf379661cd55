#include "pointwise.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "gelu.h"

namespace toco {
namespace {

typedef float Vector __attribute__((vector_size(32), aligned(4), may_alias));
typedef int32_t Integers __attribute__((vector_size(32), aligned(4), may_alias));
constexpr size_t lanes = 8;

inline float sumOf(Vector x) {
  float sum = 0;
  for (size_t i = 0; i < lanes; i++) sum += x[i];
  return sum;
}

}  // namespace

void gelu(const float* x, float* y, size_t count) {
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) *(Vector*)(y + i) = gelu<Vector, Integers>(*(const Vector*)(x + i));
  if (i == count) return;
  float rest[lanes] = {};
  std::memcpy(rest, x + i, 4 * (count - i));
  *(Vector*)rest = gelu<Vector, Integers>(*(const Vector*)rest);
  std::memcpy(y + i, rest, 4 * (count - i));
}

void LayerNorm::row(const float* x, float* y) const {
  const size_t whole = size - size % lanes;
  Vector sums = {};
  for (size_t i = 0; i < whole; i += lanes) sums += *(const Vector*)(x + i);
  float sum = sumOf(sums);
  for (size_t i = whole; i < size; i++) sum += x[i];
  const float mean = sum / float(size);
  Vector squares = {};
  for (size_t i = 0; i < whole; i += lanes) {
    const Vector centered = *(const Vector*)(x + i) - mean;
    squares += centered * centered;
  }
  float square = sumOf(squares);
  for (size_t i = whole; i < size; i++) square += (x[i] - mean) * (x[i] - mean);
  const float inverse = 1 / std::sqrt(square / float(size) + epsilon);
  for (size_t i = 0; i < whole; i += lanes)
    *(Vector*)(y + i) =
        (*(const Vector*)(x + i) - mean) * inverse * *(const Vector*)(weight + i) + *(const Vector*)(bias + i);
  for (size_t i = whole; i < size; i++) y[i] = (x[i] - mean) * inverse * weight[i] + bias[i];
}

}  // namespace toco
