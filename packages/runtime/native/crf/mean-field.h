// Mean field of a fully connected CRF (Krähenbühl and Koltun 2011): Q ← softmax(−U + Σ w · N K N Q), all classes at once.
//
// One pass over the pixels an iteration: slice the bilateral message, add the Gaussian one, softmax, and splat the new Q for
// the next iteration while it is at hand. Logits are in powers of 2. Q and the lattice's values lie in memory as T: float, or
// Half, which is computed with in single precision all the same. The unary stays in float: as Half it costs most labels.
#pragma once
#include "bilateral.h"
#include "gaussian.h"

namespace {

constexpr size_t prefetchAhead = 8;  // pixels
constexpr int groupsAhead = 3;

template <class T> class MeanField {
 public:
  MeanField(const Bilateral& bilateral, Gaussian& gaussian, const DenseCrfOptions& o)
      : bilateral_(bilateral),
        gaussian_(gaussian),
        h_(o.height),
        w_(o.width),
        classes_(o.classes),
        iterations_(o.iterations),
        stripWidth_(stripWidthOf(o)),
        vectors_((o.classes + lanes - 1) / lanes),
        row_(size_t(vectors_) * lanes),
        n_(size_t(o.height) * o.width),
        unary_(n_ * row_),
        q_(n_ * row_),
        message_(size_t(least(stripWidth_, o.width)) * o.height * row_, 0.f),
        rows_(size_t(bilateral.vertices) * row_, T{}),
        sums_(size_t(bilateral.vertices) * row_),
        values_(size_t(largestGroup) * row_),
        mask_(row_) {
    for (size_t k = 0; k < row_; k++) mask_[k] = k < size_t(classes_) ? 1.f : 0.f;
  }

  // What the constructor and `run` allocate, at most.
  static double bytes(const Bilateral& bilateral, const DenseCrfOptions& o) {
    const double row = (o.classes + lanes - 1) / lanes * lanes, n = double(o.height) * o.width;
    const double message = double(least(stripWidthOf(o), o.width)) * o.height;
    return row * (sizeof(T) * (n + 2.0 * bilateral.vertices) + 4 * (n + message + largestGroup + 2)) + 8 * 64;
  }

  // Q of `probabilities`, both `[height, width, classes]`; they may be one.
  DenseCrfStatus run(const float* probabilities, float* out) {
    if (!findUnary(probabilities)) return notANumber;
    for (int iteration = 0; iteration <= iterations_; iteration++) {
      if (iteration > 0) bilateral_.blur(rows_.begin(), vectors_);
      gaussian_.start(vectors_);
      size_t position = 0;
      for (int strip = 0, x0 = 0; x0 < w_; strip++, x0 += stripWidth_) {
        if (iteration > 0)
          for (int x = x0; x < least(w_, x0 + stripWidth_); x++)
            gaussian_.column(x, q_.begin(), &message_[size_t(x - x0) * h_ * row_]);
        const size_t first = size_t(x0) * h_, strips = size_t(least(w_ - x0, stripWidth_)) * h_;
        for (int g = bilateral_.stripGroup[strip]; g < bilateral_.stripGroup[strip + 1]; g++) {
          const Group& group = bilateral_.groups[g];
          fetch(g, position, first, strips);
          finish(group, position, first);
          if (iteration == iterations_)
            write(group, position, out);
          else
            splat(group, position);
          position += group.count;
        }
      }
    }
    return done;
  }

 private:
  const Bilateral& bilateral_;
  Gaussian& gaussian_;
  const int h_, w_, classes_, iterations_, stripWidth_, vectors_;
  const size_t row_, n_;
  Array<float> unary_;    // log₂ of the clipped probabilities, in the order of the groups
  Array<T> q_;        // [width, height] rows
  Array<float> message_;  // Gaussian message of a strip, [width, height] rows
  Array<T> rows_;     // of the bilateral lattice's vertices: blurred, read by this pass; then what the next one blurs
  Array<T> sums_;     // splats of this pass
  Array<float> values_;   // of a group: exponentials
  Array<float> mask_;     // 1 for classes, 0 for what fills the last vector
  float inverse_[largestGroup];

  // False where a probability is not a number.
  bool findUnary(const float* probabilities) {
    Array<float> line(row_, 1.f);
    Bits strange = {};
    for (size_t i = 0; i < n_; i++) {
      const size_t at = size_t(bilateral_.pixel[i]), x = at / h_, y = at - x * h_;
      memcpy(line.begin(), probabilities + (y * w_ + x) * classes_, size_t(classes_) * 4);
      for (size_t k = 0; k < row_; k += lanes) {
        const Vector p = load(&line[k]);
        strange |= (Bits)(p != p);
        store(&unary_[i * row_ + k], logarithm2(smaller(larger(p, all(1e-5f)), all(1))));
      }
    }
    int any = 0;
    for (int l = 0; l < lanes; l++) any |= strange[l];
    return any == 0;
  }

  void fetch(int g, size_t position, size_t first, size_t strip) const {
    const Group& soon = bilateral_.groups[least(size_t(g) + groupsAhead, bilateral_.groups.size() - 1)];
    for (int k = 0; k < 6; k++) prefetch(&rows_[size_t(soon.vertex[k]) * row_], int(row_));
    for (int i = 0; i < bilateral_.groups[g].count; i++) {
      const size_t ahead = least(position + i + prefetchAhead, n_ - 1), there = size_t(bilateral_.pixel[ahead]);
      prefetch(&unary_[ahead * row_], int(row_));
      prefetch(&q_[there * row_], int(row_));
      if (there - first < strip) prefetch(&message_[(there - first) * row_], int(row_));
    }
  }

  // Exponentials of a group's logits into `values_`, inverses of their sums into `inverse_`.
  void finish(const Group& group, size_t position, size_t first) {
    Vector total[largestGroup];
    for (int i = 0; i < group.count; i++) total[i] = all(0);
    int v = 0;
    for (; v + 2 <= vectors_; v += 2) exponentials<2>(group, position, first, size_t(v) * lanes, total);
    if (v < vectors_) exponentials<1>(group, position, first, size_t(v) * lanes, total);
    for (int i = 0; i < group.count; i++) {
      const float sum = sumOf(total[i]);
      inverse_[i] = 1 / sum;
      // Without the usual shift by the largest logit, which would be a pass of its own, weights beyond those in use can
      // leave the range of single precision.
      if (!(sum > 0x1p-100f && sum < 0x1p125f)) shifted(group, position, first, i);
    }
  }

  template <int W>
  void exponentials(const Group& group, size_t position, size_t first, size_t start, Vector* total) {
    const size_t row = row_;
    const float* weight = &bilateral_.weights[position * 6];
    const float* unary = &unary_[position * row + start];
    const int32_t* pixel = &bilateral_.pixel[position];
    const Vector slice = all(bilateral_.scale), scale = all(gaussian_.scale);
    Vector corner[6][W], mask[W];
    UNROLLED for (int k = 0; k < 6; k++)
      UNROLLED for (int v = 0; v < W; v++)
        corner[k][v] = load(&rows_[size_t(group.vertex[k]) * row + start + v * lanes]) * slice;
    UNROLLED for (int v = 0; v < W; v++) mask[v] = load(&mask_[start + v * lanes]);
    for (int i = 0; i < group.count; i++) {
      const float* message = &message_[(size_t(pixel[i]) - first) * row + start];
      Vector a[W];
      UNROLLED for (int v = 0; v < W; v++)
        a[v] = multiplyAdd(load(message + v * lanes), scale, load(unary + i * row + v * lanes));
      UNROLLED for (int k = 0; k < 6; k++) {
        const Vector w = all(weight[i * 6 + k]);
        UNROLLED for (int v = 0; v < W; v++) a[v] = multiplyAdd(corner[k][v], w, a[v]);
      }
      UNROLLED for (int v = 0; v < W; v++) {
        a[v] = powerOf2(smaller(larger(a[v], all(-126)), all(126))) * mask[v];
        store(&values_[i * row + start + v * lanes], a[v]);
        total[i] = total[i] + a[v];
      }
    }
  }

  // The same for one pixel, shifted by the largest logit.
  void shifted(const Group& group, size_t position, size_t first, int i) {
    const float* weight = &bilateral_.weights[(position + i) * 6];
    const size_t pixel = size_t(bilateral_.pixel[position + i]) - first;
    float* values = &values_[i * row_];
    float largest = -__builtin_inff(), sum = 0;
    for (int k = 0; k < classes_; k++) {
      float logit = unary_[(position + i) * row_ + k] + gaussian_.scale * message_[pixel * row_ + k];
      for (int c = 0; c < 6; c++)
        logit += bilateral_.scale * number(rows_[size_t(group.vertex[c]) * row_ + k]) * weight[c];
      values[k] = logit;
      largest = logit > largest ? logit : largest;
    }
    for (size_t k = 0; k < row_; k += lanes)
      store(values + k, powerOf2(larger(load(values + k) - all(largest), all(-126))) * load(&mask_[k]));
    for (int k = 0; k < classes_; k++) sum += values[k];
    inverse_[i] = 1 / sum;
  }

  void splat(const Group& group, size_t position) {
    int v = 0;
    for (; v + 2 <= vectors_; v += 2) splat<2>(group, position, size_t(v) * lanes);
    if (v < vectors_) splat<1>(group, position, size_t(v) * lanes);
  }
  template <int W> void splat(const Group& group, size_t position, size_t start) {
    const size_t row = row_;
    const float* weight = &bilateral_.weights[position * 6];
    const int32_t* pixel = &bilateral_.pixel[position];
    Vector corner[6][W];
    UNROLLED for (int k = 0; k < 6; k++)
      UNROLLED for (int v = 0; v < W; v++) corner[k][v] = all(0);
    for (int i = 0; i < group.count; i++) {
      const Vector inverse = all(inverse_[i]);
      Vector q[W];
      UNROLLED for (int v = 0; v < W; v++) {
        q[v] = load(&values_[i * row + start + v * lanes]) * inverse;
        store(&q_[size_t(pixel[i]) * row + start + v * lanes], q[v]);
      }
      UNROLLED for (int k = 0; k < 6; k++) {
        const Vector w = all(weight[i * 6 + k]);
        UNROLLED for (int v = 0; v < W; v++) corner[k][v] = multiplyAdd(q[v], w, corner[k][v]);
      }
    }
    UNROLLED for (int k = 0; k < 6; k++) {
      const size_t at = size_t(group.vertex[k]) * row + start;
      if (!(group.first >> k & 1))
        UNROLLED for (int v = 0; v < W; v++) corner[k][v] = corner[k][v] + load(&sums_[at + v * lanes]);
      T* to = group.last >> k & 1 ? &rows_[at] : &sums_[at];  // the last to add is the last to have read the row
      UNROLLED for (int v = 0; v < W; v++) store(to + v * lanes, corner[k][v]);
    }
  }

  void write(const Group& group, size_t position, float* out) {
    for (int i = 0; i < group.count; i++) {
      const size_t at = size_t(bilateral_.pixel[position + i]), x = at / h_, y = at - x * h_;
      float* values = &values_[i * row_];
      for (size_t k = 0; k < row_; k += lanes) store(values + k, load(values + k) * all(inverse_[i]));
      memcpy(out + (y * w_ + x) * classes_, values, size_t(classes_) * 4);
    }
  }
};

}  // namespace
