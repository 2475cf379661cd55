// The lattice of the Gaussian kernel of positions. In two dimensions it is a triangular grid whose columns are vertical:
// splat, blurs and slice run as one sweep over the columns, whose rows of classes live in small rings that stay in the cache.
#pragma once
#include "embedding.h"
#include "options.h"
#include "vectors.h"

namespace {

class Gaussian {
 public:
  bool fits = true;
  float scale = 0;  // of a sliced row

  Gaussian(const DenseCrfOptions& o) : h_(o.height), w_(o.width), low_(o.width, 1 << 30), high_(o.width, -(1 << 30)) {
    const double width = (o.width - 1) / o.gaussianSigma, height = (o.height - 1) / o.gaussianSigma;
    // The grid is stored whole: below a σ of about a tenth of a pixel it has far more vertices than the pixels touch.
    if ((width + 8) * (height + 8) > 256.0 * o.width * o.height + 65536) fits = false;
    const Embedding<2> embedding({width, height}, {width, height});
    fits &= embedding.fits;
    if (!fits) return;
    corners_ = Array<Corner>(size_t(h_) * w_);
    findCorners(embedding, o.gaussianSigma);
    const float alpha = 1 / (1 + .25f);
    normalize(alpha);
    scale = float(o.gaussianWeight * double(alpha) * 1.4426950408889634);
  }

  // What `start` allocates, at most.
  double bytes(int vectors) const { return 16.0 * stride_ * vectors * lanes * 4 + 3 * 64; }

  // Prepares a sweep over Q: `vectors` vectors of classes a pixel.
  void start(int vectors) {
    vectors_ = vectors;
    row_ = size_t(vectors) * lanes;
    const size_t column = size_t(stride_) * row_;
    if (splats_.size() == 0) splats_ = Array<float>(8 * column), first_ = Array<float>(4 * column), blurred_ = Array<float>(4 * column);
    memset(splats_.begin(), 0, splats_.size() * 4);
    memset(first_.begin(), 0, first_.size() * 4);
    memset(blurred_.begin(), 0, blurred_.size() * 4);
    splatted_ = ready_ = 0;
  }

  // The message to pixel column x, `[height]` rows, from `q`, `[width, height]` rows. Columns are asked for from left to right.
  template <class T> void column(int x, const T* q, float* out) {
    for (; ready_ <= high_[x]; ready_++) {
      while (splatted_ < w_ && low_[splatted_] <= ready_ + 2) splat(splatted_++, q);
      blurFirst(ready_ + 1);
      memset(&splats_[size_t(ring(8, ready_)) * row_], 0, size_t(stride_) * row_ * 4);
      if (ready_ >= 1 && ready_ + 1 < columns_) blurOthers(ready_);
    }
    const Corner* c = &corners_[size_t(x) * h_];
    for (int y = 0; y < h_; y++, c++) {
      const float* from[3];
      for (int k = 0; k < 3; k++) {
        const int32_t half = 4 * stride_, at = c->at[k] >= half ? c->at[k] - half : c->at[k];
        from[k] = &blurred_[size_t(at) * row_];
      }
      for (size_t i = 0; i < row_; i += lanes) {
        Vector sum = load(from[0] + i) * all(c->weight[0]);
        sum = multiplyAdd(load(from[1] + i), all(c->weight[1]), sum);
        store(out + y * row_ + i, multiplyAdd(load(from[2] + i), all(c->weight[2]), sum));
      }
    }
  }

 private:
  struct Corner {
    int32_t at[3];    // place in the ring of splats; while the lattice is built, column and row of the grid
    float weight[3];  // barycentric weight × norm of the pixel
  };
  int h_, w_, stride_ = 0, columns_ = 0, vectors_ = 0, splatted_ = 0, ready_ = 0;
  size_t row_ = 0;
  Array<int32_t> low_, high_;  // of each pixel column: first and last column of the grid
  Array<int32_t> from_, to_;   // of each column of the grid: existing vertices are within [from, to)
  Array<uint8_t> exists_;      // [columns, stride]
  Array<Corner> corners_;      // [width, height]
  Array<float> splats_, first_, blurred_;  // rings of 8, 4 and 4 columns: splats, blurred along axis 0, along all

  int32_t ring(int size, int column) const { return (column & (size - 1)) * stride_; }
  static int up(int column) { return column & 1; }  // odd columns lie half a row higher

  void findCorners(const Embedding<2>& embedding, double sigma) {
    Simplices<2> s;
    float feature[2][batch];
    int smallest[2] = {1 << 30, 1 << 30}, largest[2] = {-(1 << 30), -(1 << 30)};
    Array<int32_t> grid(size_t(h_) * w_ * 6);
    for (int x = 0; x < w_; x++)
      for (int y0 = 0; y0 < h_; y0 += batch) {
        for (int l = 0; l < batch; l++) feature[0][l] = float(x / sigma), feature[1][l] = float(least(y0 + l, h_ - 1) / sigma);
        embed<2>(embedding, feature, s);
        for (int l = 0; l < batch && y0 + l < h_; l++) {
          const size_t pixel = size_t(x) * h_ + y0 + l;
          int order[3], v[2] = {s.quotient[0][l] * 3, s.quotient[1][l] * 3};
          for (int i = 0; i < 3; i++) order[s.ranks[l] >> 3 * i & 7] = i;
          for (int k = 0; k < 3; k++) {
            // v[0] − v[1] is a multiple of 3 along the whole lattice; the vertices of a column are two of v[0] + v[1] apart
            const int column = (v[0] - v[1]) / 3, j = (v[0] + v[1] - (column & 1)) >> 1;
            grid[pixel * 6 + k] = column;
            grid[pixel * 6 + 3 + k] = j;
            corners_[pixel].weight[k] = s.weight[k][l];
            low_[x] = least(low_[x], column), high_[x] = most(high_[x], column);
            smallest[1] = least(smallest[1], j), largest[1] = most(largest[1], j);
            for (int i = 0; i < 2; i++) v[i] += order[2 - k] == i ? -2 : 1;
          }
        }
        smallest[0] = least(smallest[0], low_[x]), largest[0] = most(largest[0], high_[x]);
      }
    for (int x = 1; x < w_; x++) high_[x] = most(high_[x], high_[x - 1]);
    for (int x = w_ - 2; x >= 0; x--) low_[x] = least(low_[x], low_[x + 1]);
    const int firstColumn = (smallest[0] - 2) & ~1, firstRow = smallest[1] - 2;  // an even column keeps the parity
    columns_ = largest[0] - firstColumn + 4;
    stride_ = largest[1] - firstRow + 3;
    for (int x = 0; x < w_; x++) low_[x] -= firstColumn, high_[x] -= firstColumn;
    exists_ = Array<uint8_t>(size_t(columns_) * stride_, 0);
    for (size_t pixel = 0; pixel < corners_.size(); pixel++)
      for (int k = 0; k < 3; k++) {
        const int column = grid[pixel * 6 + k] - firstColumn, j = grid[pixel * 6 + 3 + k] - firstRow;
        corners_[pixel].at[k] = column * stride_ + j;
        exists_[corners_[pixel].at[k]] = 1;
      }
    from_ = Array<int32_t>(columns_, 0), to_ = Array<int32_t>(columns_, 0);
    for (int a = 0; a < columns_; a++)
      for (int j = 0; j < stride_; j++)
        if (exists_[size_t(a) * stride_ + j]) {
          if (to_[a] == 0) from_[a] = j;
          to_[a] = j + 1;
        }
  }

  void normalize(float alpha) {
    Array<float> sums(exists_.size(), 0.f), next(exists_.size(), 0.f);
    for (const Corner& c : corners_)
      for (int k = 0; k < 3; k++) sums[c.at[k]] += c.weight[k];
    for (int axis = 0; axis < 3; axis++) {
      for (int a = 1; a + 1 < columns_; a++)
        for (int j = from_[a]; j < to_[a]; j++) {
          const size_t at = size_t(a) * stride_ + j, s = size_t(stride_), u = size_t(up(a));
          const size_t one = axis == 0 ? at - s + u - 1 : axis == 1 ? at + s + u - 1 : at - 1;
          const size_t two = axis == 0 ? at + s + u : axis == 1 ? at - s + u : at + 1;
          next[at] = exists_[at] ? sums[at] + .5f * (sums[one] + sums[two]) : 0.f;
        }
      Array<float> swapped = static_cast<Array<float>&&>(sums);
      sums = static_cast<Array<float>&&>(next);
      next = static_cast<Array<float>&&>(swapped);
    }
    for (Corner& c : corners_) {
      float total = 0;
      for (int k = 0; k < 3; k++) total += c.weight[k] * sums[c.at[k]];
      const float norm = 1 / sqrtf(total * alpha + 1e-20f);
      for (int k = 0; k < 3; k++) {
        const int column = c.at[k] / stride_;
        c.weight[k] *= norm;
        c.at[k] = ring(8, column) + c.at[k] - column * stride_;
      }
    }
  }

  template <class T> void splat(int x, const T* q) {
    const Corner* c = &corners_[size_t(x) * h_];
    const T* from = q + size_t(x) * h_ * row_;
    for (int y = 0; y < h_; y++, c++, from += row_)
      for (size_t i = 0; i < row_; i += lanes) {
        const Vector value = load(from + i);
        for (int k = 0; k < 3; k++) {
          float* to = &splats_[size_t(c->at[k]) * row_ + i];
          store(to, multiplyAdd(value, all(c->weight[k]), load(to)));
        }
      }
  }

  // Column a along axis 0, from the splats beside it; rows outside [from, to) become zero.
  void blurFirst(int a) {
    if (a < 1 || a + 1 >= columns_) return;
    const float* own = &splats_[size_t(ring(8, a)) * row_];
    const float* left = splats_.begin() + (ptrdiff_t(ring(8, a - 1)) + up(a) - 1) * ptrdiff_t(row_);
    const float* right = splats_.begin() + (ptrdiff_t(ring(8, a + 1)) + up(a)) * ptrdiff_t(row_);
    float* out = &first_[size_t(ring(4, a)) * row_];
    memset(out, 0, size_t(from_[a]) * row_ * 4);
    const uint8_t* exists = &exists_[size_t(a) * stride_];
    for (int j = from_[a]; j < to_[a]; j++) {
      const size_t start = size_t(j) * row_, end = start + row_;
      if (!exists[j]) {
        memset(out + start, 0, row_ * 4);
        continue;
      }
      for (size_t i = start; i < end; i += lanes)
        store(out + i, multiplyAdd(load(left + i) + load(right + i), all(.5f), load(own + i)));
    }
    memset(out + size_t(to_[a]) * row_, 0, size_t(stride_ - to_[a]) * row_ * 4);
  }

  // Column a along axis 1, from the columns beside it, and on the way along axis 2, which is vertical.
  void blurOthers(int a) {
    const float* own = &first_[size_t(ring(4, a)) * row_];
    const float* right = first_.begin() + (ptrdiff_t(ring(4, a + 1)) + up(a) - 1) * ptrdiff_t(row_);
    const float* left = first_.begin() + (ptrdiff_t(ring(4, a - 1)) + up(a)) * ptrdiff_t(row_);
    float* out = &blurred_[size_t(ring(4, a)) * row_];
    const uint8_t* exists = &exists_[size_t(a) * stride_];
    for (size_t v = 0; v < row_; v += lanes) {
      Vector before = all(0), now = all(0);
      for (int j = from_[a]; j <= to_[a]; j++) {
        const size_t i = size_t(j) * row_ + v;
        Vector next = all(0);
        if (exists[j]) next = multiplyAdd(load(right + i) + load(left + i), all(.5f), load(own + i));
        if (j > from_[a]) store(out + i - row_, multiplyAdd(before + next, all(.5f), now));
        before = now;
        now = next;
      }
    }
  }
};

}  // namespace
