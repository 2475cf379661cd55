// Compiled once for each instruction set but tiles, with INSTRUCTION_SET naming it.
//
// A block of queries is multiplied with all keys, so that whole rows of scores lie in the cache: their softmax needs no
// second look.

#include "attention.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "multiply.h"

namespace toco {
namespace INSTRUCTION_SET {
namespace {

constexpr int blockRows = 48;  // queries whose scores are kept at once
static_assert(wholeQueries % blockRows == 0);

inline float widened(uint16_t x) {
  const uint32_t bits = uint32_t(x) << 16;
  float y;
  std::memcpy(&y, &bits, 4);
  return y;
}

// To the nearest, ties to even.
inline uint16_t rounded(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, 4);
  if (x != x) return uint16_t(bits >> 16 | 64);
  return uint16_t((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

#if defined(__AVX512BF16__)
struct Bfloat16 {
  using Value = uint16_t;
  using Lane = uint32_t;
  static constexpr int perLane = 2;
  static float read(Value x) { return widened(x); }
  typedef Value Halves __attribute__((vector_size(vectorBytes / 2)));
  typedef Lane Pairs __attribute__((vector_size(vectorBytes)));
  static Halves halves(Vector x) {
    Halves y;
    asm("vcvtneps2bf16 %1, %0" : "=v"(y) : "v"(x));
    return y;
  }
  static void write(Value* to, Vector x) {
    const Halves y = halves(x);
    std::memcpy(to, &y, sizeof y);
  }
  static void writePairs(Lane* to, Vector low, Vector high) {
    const Pairs y = __builtin_convertvector(halves(low), Pairs) | __builtin_convertvector(halves(high), Pairs) << 16;
    std::memcpy(to, &y, sizeof y);
  }
  static Value one(float x) { return rounded(x); }
  static Lane lane(const Value* x, ptrdiff_t next) { return Lane(x[0]) | Lane(x[next]) << 16; }
  static Lane lastLane(const Value* x) { return x[0]; }
  // As assembly, since GCC moves sums between registers around the intrinsic, whose vectors are of another type.
  [[gnu::always_inline]] static Vector multiplyAdd(Vector sum, Lane a, Vector b) {
    const Integers pair = Integers{} + int32_t(a);
    asm("vdpbf16ps %2, %1, %0" : "+v"(sum) : "v"(pair), "v"(b));
    return sum;
  }
};
#else
// Widened when packed: products are those of float32.
struct Bfloat16 {
  using Value = uint16_t;
  using Lane = float;
  static constexpr int perLane = 1;
  static float read(Value x) { return widened(x); }
  static void write(Value* to, Vector x) {
    for (int i = 0; i < lanes; i++) to[i] = rounded(x[i]);
  }
  static Value one(float x) { return rounded(x); }
  static Lane lane(const Value* x, ptrdiff_t) { return widened(*x); }
  static Lane lastLane(const Value* x) { return widened(*x); }
  [[gnu::always_inline]] static Vector multiplyAdd(Vector sum, Lane a, Vector b) { return sum + a * b; }
};
#endif

// Lanes along the columns of X: [rows][columns / perLane].
template <class N>
void packRows(Matrix<const typename N::Value> x, typename N::Lane* packed) {
  for (int r = 0; r < x.rows; r++) {
    const auto* from = x.at(r);
    int c = 0;
    for (; c + N::perLane <= x.columns; c += N::perLane) *packed++ = N::lane(from + c, 1);
    if (c < x.columns) *packed++ = N::lastLane(from + c);
  }
}

// Lanes along the rows of X, in panels of its columns: [columns / panel][rows / perLane][panel]; missing columns are 0.
template <class N>
void packPanels(Matrix<const typename N::Value> x, typename N::Lane* packed) {
  for (int column = 0; column < x.columns; column += panel) {
    const int count = least(x.columns - column, panel);
    for (int r = 0; r < x.rows; r += N::perLane, packed += panel) {
      const auto* from = x.at(r) + column;
      if (r + N::perLane <= x.rows)
        for (int c = 0; c < count; c++) packed[c] = N::lane(from + c, x.row);
      else
        for (int c = 0; c < count; c++) packed[c] = N::lastLane(from + c);
      for (int c = count; c < panel; c++) packed[c] = {};
    }
  }
}

// X times a factor, into a row of a tensor.
template <class N>
void writeRow(const float* x, float factor, int columns, typename N::Value* to) {
  int c = 0;
  for (; c + lanes <= columns; c += lanes) N::write(to + c, *(const Vector*)(x + c) * factor);
  for (; c < columns; c++) to[c] = N::one(x[c] * factor);
}

// 2^x for x <= 0, to 2e-7 of its value, and never below 2^-126; of what is no number, no number.
inline Vector exp2(Vector x) {
  const Vector smallest = Vector{} - 126.f;
  x = smallest > x ? smallest : x;
  const Vector shifted = x + 12582912.f;  // 1.5 * 2^23: the nearest integer of x is in the low bits
  const Vector f = x - (shifted - 12582912.f);
  // 2^f for |f| <= 1/2: its Taylor series
  Vector y = f * 1.5403530e-4f + 1.3333558e-3f;
  y = y * f + 9.6181291e-3f;
  y = y * f + 5.5504109e-2f;
  y = y * f + 2.4022651e-1f;
  y = y * f + 6.9314718e-1f;
  y = y * f + 1.f;
  return (Vector)((Integers)y + ((Integers)shifted << 23));
}

constexpr float log2e = 1.44269504f;

inline void fill(float* x, int count, float value) {
  for (int i = 0; i < count; i++) x[i] = value;
}

// One head of one image in tensors of [images,tokens,kinds,heads,size].
struct Head {
  const AttentionShape& shape;
  int image, head;

  Head(const AttentionShape& shape, int unit) : shape(shape), image(unit / shape.heads), head(unit % shape.heads) {}

  template <class Value>
  Matrix<Value> of(Value* tensor, int kind = 0, int kinds = 1) const {
    const ptrdiff_t width = ptrdiff_t(shape.heads) * shape.size, row = kinds * width;
    return {tensor + image * shape.tokens * row + kind * width + head * shape.size, row, shape.tokens, shape.size};
  }
  // [images,tokens,heads]
  template <class Value>
  Matrix<Value> scalars(Value* tensor) const {
    return {tensor + ptrdiff_t(image) * shape.tokens * shape.heads + head, shape.heads, shape.tokens, 1};
  }
};

template <class Value>
Matrix<Value> rowsOf(Matrix<Value> x, int first) {
  return {x.at(first), x.row, least(x.rows - first, blockRows), x.columns};
}

// Whole vectors of a row, and an odd number of them: rows that lie a power of two apart would meet in the same cache sets.
constexpr int paddedRow(int columns) { return (ceilDiv(columns, lanes) | 1) * lanes; }

template <class N>
void forward(const AttentionShape& shape, int unit, Queries part, const void* qkv, void* output, float* logSums) {
  using Value = typename N::Value;
  using Lane = typename N::Lane;
  const Head head(shape, unit);
  auto queries = head.of((const Value*)qkv, 0, 3);
  queries.rows = part.last;
  const auto keys = head.of((const Value*)qkv, 1, 3), values = head.of((const Value*)qkv, 2, 3);
  const auto out = head.of((Value*)output);
  const auto logs = head.scalars(logSums);

  const int tokens = shape.tokens, size = shape.size;
  const int tokenPanels = ceilDiv(tokens, panel) * panel, sizePanels = ceilDiv(size, panel) * panel;
  const int tokenSteps = ceilDiv(tokens, N::perLane), sizeSteps = ceilDiv(size, N::perLane);
  const int columns = paddedRow(tokens);
  Lane* keysT = scratch<0, Lane>(size_t(tokenPanels) * sizeSteps);
  Lane* valuePanels = scratch<1, Lane>(size_t(sizePanels) * tokenSteps);
  Lane* block = scratch<2, Lane>(size_t(blockRows) * sizeSteps);
  float* scores = scratch<3, float>(size_t(blockRows) * columns);
  float* sums = scratch<4, float>(size_t(blockRows) * sizePanels);
  packTransposed<N>(keys, keysT);
  packPanels<N>(values, valuePanels);
  const float scale = log2e / sqrtf(float(size));

  for (int first = part.first; first < part.last; first += blockRows) {
    const auto some = rowsOf(queries, first);
    packRows<N>(some, block);
    multiply<N>(some.rows, tokens, sizeSteps, {block, sizeSteps, 1}, keysT, scores, columns, false);
    float factors[blockRows];
    for (int r = 0; r < some.rows; r++) {
      // What exponentials are written over is read before: they are no longer than scores.
      float* row = scores + ptrdiff_t(r) * columns;
      Value* exponentials = (Value*)row;
      const int end = ceilDiv(tokens, lanes) * lanes;
      fill(row + tokens, end - tokens, -INFINITY);
      Vector tops = *(const Vector*)row;
      for (int c = lanes; c < end; c += lanes) {
        const Vector x = *(const Vector*)(row + c);
        tops = tops > x ? tops : x;
      }
      float top = tops[0];
      for (int i = 1; i < lanes; i++) top = top > tops[i] ? top : tops[i];
      const float base = top * scale;
      Vector totals{};
      for (int c = 0; c < end; c += lanes) {
        const Vector y = exp2(*(const Vector*)(row + c) * scale - base);
        totals += y;
        if constexpr (N::perLane * sizeof(Value) == sizeof(Lane))
          N::write(exponentials + c, y);
        else
          *(Vector*)(row + c) = y;
      }
      float total = 0;
      for (int i = 0; i < lanes; i++) total += totals[i];
      factors[r] = 1 / total;
      *logs.at(first + r) = base + log2f(total);
    }
    multiply<N>(some.rows, size, tokenSteps, {(const Lane*)scores, columns, 1}, valuePanels, sums, sizePanels, false);
    for (int r = 0; r < some.rows; r++)
      writeRow<N>(sums + ptrdiff_t(r) * sizePanels, factors[r], size, out.at(first + r));
  }
}

template <class N>
void backward(const AttentionShape& shape, int unit, const void* qkv, const void* output, const float* logSums,
              const void* dOutput, void* dQkv) {
  using Value = typename N::Value;
  using Lane = typename N::Lane;
  const Head head(shape, unit);
  const auto queries = head.of((const Value*)qkv, 0, 3), keys = head.of((const Value*)qkv, 1, 3),
             values = head.of((const Value*)qkv, 2, 3);
  const auto dQueries = head.of((Value*)dQkv, 0, 3), dKeys = head.of((Value*)dQkv, 1, 3),
             dValues = head.of((Value*)dQkv, 2, 3);
  const auto out = head.of((const Value*)output), dOut = head.of((const Value*)dOutput);
  const auto logs = head.scalars(logSums);

  const int tokens = shape.tokens, size = shape.size;
  const int tokenPanels = ceilDiv(tokens, panel) * panel, sizePanels = ceilDiv(size, panel) * panel;
  const int tokenSteps = ceilDiv(tokens, N::perLane), sizeSteps = ceilDiv(size, N::perLane);
  const int columns = paddedRow(tokens), end = ceilDiv(tokens, lanes) * lanes;
  Lane* keysT = scratch<0, Lane>(size_t(tokenPanels) * sizeSteps);
  Lane* valuesT = scratch<1, Lane>(size_t(tokenPanels) * sizeSteps);
  Lane* keyPanels = scratch<2, Lane>(size_t(sizePanels) * tokenSteps);
  Lane* block = scratch<3, Lane>(size_t(blockRows) * sizeSteps);
  Lane* dBlock = scratch<4, Lane>(size_t(blockRows) * sizeSteps);
  Lane* queryPanels = scratch<5, Lane>(size_t(blockRows) * sizePanels);
  Lane* dPanels = scratch<6, Lane>(size_t(blockRows) * sizePanels);
  float* scores = scratch<7, float>(size_t(blockRows) * columns);
  float* dScores = scratch<8, float>(size_t(blockRows) * columns);
  // The same, as factors of products along tokens and along queries.
  Lane* dRows = (Lane*)dScores;
  Lane* pairs = N::perLane == 1 ? (Lane*)scores : scratch<9, Lane>(size_t(blockRows) / 2 * columns);
  Lane* dPairs = N::perLane == 1 ? (Lane*)dScores : scratch<10, Lane>(size_t(blockRows) / 2 * columns);
  float* sums = scratch<11, float>(size_t(blockRows) * sizePanels);
  float* keySums = scratch<12, float>(size_t(tokens) * sizePanels);
  float* valueSums = scratch<13, float>(size_t(tokens) * sizePanels);
  packTransposed<N>(keys, keysT);
  packTransposed<N>(values, valuesT);
  packPanels<N>(keys, keyPanels);
  const float scale = 1 / sqrtf(float(size));

  for (int first = 0; first < tokens; first += blockRows) {
    const auto some = rowsOf(queries, first), dSome = rowsOf(dOut, first);
    packRows<N>(some, block);
    packRows<N>(dSome, dBlock);
    packPanels<N>(some, queryPanels);
    packPanels<N>(dSome, dPanels);
    multiply<N>(some.rows, tokens, sizeSteps, {block, sizeSteps, 1}, keysT, scores, columns, false);
    multiply<N>(some.rows, tokens, sizeSteps, {dBlock, sizeSteps, 1}, valuesT, dScores, columns, false);
    for (int r = 0; r < some.rows; r += N::perLane) {
      const int count = least(some.rows - r, N::perLane);
      float inner[N::perLane] = {}, logSum[N::perLane] = {};
      for (int i = 0; i < count; i++) {
        for (int c = 0; c < size; c++) inner[i] += N::read(dSome.at(r + i)[c]) * N::read(out.at(first + r + i)[c]);
        logSum[i] = *logs.at(first + r + i);
        fill(scores + ptrdiff_t(r + i) * columns + tokens, end - tokens, -INFINITY);
        fill(dScores + ptrdiff_t(r + i) * columns + tokens, end - tokens, 0);
      }
      for (int c = 0; c < end; c += lanes) {
        const ptrdiff_t at = ptrdiff_t(r) * columns + c;
        Vector p[N::perLane] = {}, d[N::perLane] = {};
        for (int i = 0; i < count; i++) {
          p[i] = exp2(*(const Vector*)(scores + at + i * columns) * (scale * log2e) - logSum[i]);
          d[i] = p[i] * (*(const Vector*)(dScores + at + i * columns) - inner[i]) * scale;
        }
        if constexpr (N::perLane == 1) {
          *(Vector*)(scores + at) = p[0];
          *(Vector*)(dScores + at) = d[0];
        } else {
          for (int i = 0; i < count; i++) N::write((Value*)(dScores + ptrdiff_t(r + i) * columns) + c, d[i]);
          N::writePairs(pairs + ptrdiff_t(r / 2) * columns + c, p[0], p[1]);
          N::writePairs(dPairs + ptrdiff_t(r / 2) * columns + c, d[0], d[1]);
        }
      }
    }
    const int steps = ceilDiv(some.rows, N::perLane);
    multiply<N>(tokens, size, steps, {pairs, 1, columns}, dPanels, valueSums, sizePanels, first > 0);
    multiply<N>(tokens, size, steps, {dPairs, 1, columns}, queryPanels, keySums, sizePanels, first > 0);
    multiply<N>(some.rows, size, tokenSteps, {dRows, columns, 1}, keyPanels, sums, sizePanels, false);
    for (int r = 0; r < some.rows; r++)
      writeRow<N>(sums + ptrdiff_t(r) * sizePanels, 1, size, dQueries.at(first + r));
  }
  for (int t = 0; t < tokens; t++) {
    writeRow<N>(keySums + ptrdiff_t(t) * sizePanels, 1, size, dKeys.at(t));
    writeRow<N>(valueSums + ptrdiff_t(t) * sizePanels, 1, size, dValues.at(t));
  }
}

}  // namespace

const AttentionKernels kernels = {{forward<Float32>, backward<Float32>}, {forward<Bfloat16>, backward<Bfloat16>}};

}  // namespace INSTRUCTION_SET
}  // namespace toco
