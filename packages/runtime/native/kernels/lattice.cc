// The filter on a permutohedral lattice: splat, blur along each axis, slice.

#include "lattice.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace toco {
namespace {

typedef float Vector __attribute__((vector_size(32), aligned(4), may_alias));
constexpr int lanes = 8;

// Rows of the lattice of one image, whose values fill whole vectors.
class Rows {
 public:
  Rows(size_t count, int vectors) : vectors_(vectors), values_((Vector*)std::aligned_alloc(64, bytes(count))) {
    if (!values_) std::abort();
    std::memset(values_, 0, bytes(count));
  }
  ~Rows() { std::free(values_); }
  Vector* at(size_t row) const { return values_ + row * vectors_; }
  void swap(Rows& other) {
    Vector* values = values_;
    values_ = other.values_;
    other.values_ = values;
  }

 private:
  size_t bytes(size_t count) const { return (count * vectors_ * sizeof(Vector) + 63) / 64 * 64; }
  int vectors_;
  Vector* values_;
};

}  // namespace

bool filterLattice(const LatticeShape& shape, int image, const float* values, const int32_t* offsets,
                   const float* weights, const int32_t* neighbors, bool reverse, float* output) {
  const int vectors = (shape.channels + lanes - 1) / lanes;
  const size_t rows = size_t(shape.rows), first = image * rows, total = rows * size_t(shape.images);
  const size_t corners = size_t(shape.corners), points = size_t(shape.points), channels = size_t(shape.channels);
  values += image * points * channels;
  output += image * points * channels;
  offsets += image * points * corners;
  weights += image * points * corners;
  Rows vertices(rows, vectors), blurred(rows, vectors);
  Vector* value = (Vector*)alloca(sizeof(Vector) * size_t(vectors));
  std::memset(value, 0, sizeof(Vector) * size_t(vectors));

  for (size_t point = 0; point < points; point++) {
    std::memcpy(value, values + point * channels, 4 * channels);
    for (size_t corner = 0; corner < corners; corner++) {
      const size_t row = size_t(offsets[point * corners + corner]) - first;
      if (row >= rows) return false;
      const float weight = weights[point * corners + corner];
      Vector* sum = vertices.at(row);
      for (int v = 0; v < vectors; v++) sum[v] += weight * value[v];
    }
  }
  for (size_t pass = 0; pass < corners; pass++) {
    const size_t axis = reverse ? corners - 1 - pass : pass;
    const int32_t* one = neighbors + axis * 2 * total + first;
    const int32_t* other = one + total;
    for (size_t row = 0; row < rows; row++) {
      const size_t a = size_t(one[row]) - first, b = size_t(other[row]) - first;
      if (a >= rows || b >= rows) return false;
      const Vector *own = vertices.at(row), *left = vertices.at(a), *right = vertices.at(b);
      Vector* to = blurred.at(row);
      for (int v = 0; v < vectors; v++) to[v] = own[v] + 0.5f * (left[v] + right[v]);
    }
    vertices.swap(blurred);
  }
  const float scale = 1 / (1 + 1 / float(1 << (corners - 1)));
  for (size_t point = 0; point < points; point++) {
    for (int v = 0; v < vectors; v++) value[v] = Vector{};
    for (size_t corner = 0; corner < corners; corner++) {
      const float weight = scale * weights[point * corners + corner];
      const Vector* vertex = vertices.at(size_t(offsets[point * corners + corner]) - first);
      for (int v = 0; v < vectors; v++) value[v] += weight * vertex[v];
    }
    std::memcpy(output + point * channels, value, 4 * channels);
  }
  return true;
}

}  // namespace toco
