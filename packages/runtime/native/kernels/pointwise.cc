#include "pointwise.h"

#include <cmath>
#include <cstdint>
#include <cstring>

namespace toco {
namespace {

typedef float Vector __attribute__((vector_size(32), aligned(4), may_alias));
typedef int32_t Integers __attribute__((vector_size(32), aligned(4), may_alias));
constexpr size_t lanes = 8;

inline Vector absolute(Vector x) { return (Vector)((Integers)x & 0x7fffffff); }

// 2^x for x in −126 … 0 by a polynomial on −½ … ½, relative error 2e-9 before rounding.
inline Vector exponential(Vector x) {
  const Integers whole = __builtin_convertvector(x - 0.5f, Integers);  // towards 0: the nearest, as x is not positive
  const Vector f = x - __builtin_convertvector(whole, Vector);
  Vector sum = 1.54614447e-4f * f + 1.340042818e-3f;
  sum = sum * f + 9.618056679e-3f;
  sum = sum * f + 5.550327227e-2f;
  sum = sum * f + 0.2402265092f;
  sum = sum * f + 0.6931472067f;
  sum = sum * f + 1.0f;
  return sum * (Vector)((whole + 127) << 23);
}

// x·Φ(x) = max(x, 0) − |x|·Φ(−|x|), and Φ(−a) = exp(−a²/2)·s(a). The scaled tail s is smooth in 1/(1 + 0.3·a): a Chebyshev fit of
// degree 8 on a in 0 … 14 is off by 1.8e-8. From 13 on the product, 1e-37, is nothing beside what surrounds it.
inline Vector gelu(Vector x) {
  const Vector most = Vector{} + 13.0f, a = absolute(x) < most ? absolute(x) : most;
  const Vector t = 1.0f / (1.0f + 0.3f * a);
  Vector s = 3.754876558e-2f * t - 0.1653737545f;
  s = s * t + 0.221350409f;
  s = s * t - 6.877566412e-2f;
  s = s * t + 0.1376461447f;
  s = s * t + 9.657086391e-2f;
  s = s * t + 0.1214872488f;
  s = s * t + 0.1195416277f;
  s = s * t + 4.377244709e-6f;
  const Vector tail = a * s * exponential(-0.7213475204f * a * a);
  // What is no number stays none.
  return (x < 0 ? Vector{} : x) - tail;
}

inline float sumOf(Vector x) {
  float sum = 0;
  for (size_t i = 0; i < lanes; i++) sum += x[i];
  return sum;
}

}  // namespace

void gelu(const float* x, float* y, size_t count) {
  size_t i = 0;
  for (; i + lanes <= count; i += lanes) *(Vector*)(y + i) = gelu(*(const Vector*)(x + i));
  if (i == count) return;
  float rest[lanes] = {};
  std::memcpy(rest, x + i, 4 * (count - i));
  *(Vector*)rest = gelu(*(const Vector*)rest);
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
    const Vector centred = *(const Vector*)(x + i) - mean;
    squares += centred * centred;
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
