// Attention of bfloat16 heads of 64 values by tile products (AMX): forward and backward.
//
// Everything is computed transposed: a tile of scores has a key in each row and a query in each column, so that maxima, sums,
// logarithms and the inner products of the gradient are vectors with a query in each lane, and no row is ever summed across.
// Tiles are 16 rows of 64 bytes and lie in memory as they are read: 1 KiB each, in the order of the loops.
//
//   scoresT  = K Qᵀ    left K [16 keys][32 d],    right Qᵀ [16 pairs of d][16 queries]
//   outputT  = Vᵀ Pᵀ   left Vᵀ [16 d][32 keys],   right Pᵀ [16 pairs of keys][16 queries]
//   dScoresT = V dOᵀ   left V [16 keys][32 d],    right dOᵀ [16 pairs of d][16 queries]
//   dV       = Pᵀ dO   left Pᵀ [16 keys][32 queries],  right dO [16 pairs of queries][16 d]
//   dK       = dSᵀ Q   left dSᵀ [16 keys][32 queries], right Q [16 pairs of queries][16 d]
//   dQT      = Kᵀ dSᵀ  left Kᵀ [16 d][32 keys],   right dSᵀ [16 pairs of keys][16 queries]
//
// Queries go in groups of 32, two tiles beside each other. Two rows of keys become one of pairs by an instruction that
// interleaves within 128 bits, which leaves the columns of the right factor in another order: column 4l+i of the first tile is query
// 8l+i of the group, of the second 8l+4+i. Columns of products are as their right factor's; they are put in order when written.

#include "attention.h"

#include <cmath>

#include "tiles.h"

namespace toco {
namespace amx_bf16 {
namespace {

constexpr int size = 64;   // values of a head; others are left to vectors
constexpr int group = 32;  // queries
static_assert(wholeQueries % group == 0);
constexpr int forwardKeys = 64;    // whose scores are kept at once
constexpr int backwardKeys = 64;   // the same, with those of
constexpr int backwardGroups = 8;  // groups of queries

constexpr float log2e = 1.44269504f;

// 2^f for |f| <= 1/2, to 3e-6 of its value; rounding to bfloat16 changes 2e-3.
INLINE Vector exp2Fraction(Vector f) {
  Vector y = _mm512_fmadd_ps(f, splat(9.5828529e-3f), splat(5.5906427e-2f));
  y = _mm512_fmadd_ps(y, f, splat(2.4024099e-1f));
  y = _mm512_fmadd_ps(y, f, splat(6.9312419e-1f));
  return _mm512_fmadd_ps(y, f, splat(1.f));
}

constexpr float shift = 12582912.f;  // 1.5 * 2^23: what is added to it is rounded to an integer, which lies in the low bits

INLINE Vector scaledByPower(Vector y, Vector shifted) {
  return (Vector)_mm512_add_epi32((Integers)y, _mm512_slli_epi32((Integers)shifted, 23));
}

// 2^(x scale - base), never below 2^-126, where `base` is an integer, `shifted` is shift - base, and `lowest` the least x.
INLINE Vector exponential(Vector x, Vector scale, Vector shifted, Vector lowest) {
  x = _mm512_max_ps(lowest, x);  // in this order no number stays none
  const Vector y = _mm512_fmadd_ps(x, scale, shifted);
  const Vector f = _mm512_fmsub_ps(x, scale, _mm512_sub_ps(y, shifted));
  return scaledByPower(exp2Fraction(f), y);
}

// 2^(x scale - log) for any `log`.
INLINE Vector exponentialOf(Vector x, Vector scale, Vector log) {
  const Vector y = _mm512_max_ps(splat(-126.f), _mm512_fmsub_ps(x, scale, log));
  const Vector shifted = _mm512_add_ps(y, splat(shift));
  return scaledByPower(exp2Fraction(_mm512_sub_ps(y, _mm512_sub_ps(shifted, splat(shift)))), shifted);
}

// Both halves of rows, or all four quarters.
INLINE void packKeys(const Rows& x, int first, Half* to) {
  packRows(x, first, 0, to);
  packRows(x, first, 32, to + tileHalves);
}
INLINE void packQueries(const Rows& x, int first, Half* to) {
  packColumns(x, first, 0, to);
  packColumns(x, first, 32, to + tileHalves);
}
INLINE void packWhole(const Rows& x, int first, Half* to) {
  packPairs(x, first, 0, to);
  packPairs(x, first, 32, to + 2 * tileHalves);
}
INLINE void packWholeTransposed(const Rows& x, int first, Half* to) {
  packTransposed(x, first, 0, to);
  packTransposed(x, first, 32, to + 2 * tileHalves);
}

// Rows of a tensor from a product [4][16 values][2][16 queries] whose columns are as interleaving left them.
INLINE void writeGroup(const float* x, Vector factor0, Vector factor1, Half* to, ptrdiff_t row, int count) {
  const Integers places = alternating();
  for (int c = 0; c < 2; c++)
    for (int s = 0; s < 2; s++) {
      const Vector factor = c ? factor1 : factor0;
      Integers y[16];
      for (int i = 0; i < 16; i++) {
        const float* pair = x + (2 * (2 * s + i / 8) + c) * tileFloats + i % 8 * 32;
        y[i] = _mm512_permutexvar_epi16(
            places, rounded(_mm512_mul_ps(_mm512_load_ps(pair), factor), _mm512_mul_ps(_mm512_load_ps(pair + 16), factor)));
      }
      transpose(y);
      for (int i = 0; i < 16; i++) {
        const int r = i / 4 * 8 + c * 4 + i % 4;
        if (r < count) _mm512_storeu_si512(to + r * row + s * 32, y[i]);
      }
    }
}

// Lanes of two tiles of queries in order as the columns of one tile that interleaving left.
template <int c>
INLINE Vector interleaved(Vector x0, Vector x1) {
  const Integers places = _mm512_add_epi32(
      _mm512_add_epi32(iota16(), _mm512_and_si512(iota16(), _mm512_set1_epi32(12))), _mm512_set1_epi32(4 * c));
  return _mm512_permutex2var_ps(x0, places, x1);
}

Rows rowsOf(const AttentionShape& shape, int unit, const void* tensor, int kind, int kinds) {
  const int image = unit / shape.heads, head = unit % shape.heads;
  const ptrdiff_t width = ptrdiff_t(shape.heads) * size, row = kinds * width;
  return {(const Half*)tensor + image * shape.tokens * row + kind * width + head * size, row, shape.tokens, size};
}

// Sums of two steps begin with zeros from memory: after `tilezero` they take twice as long, since it waits for the last
// product of its register while a load does not.
alignas(64) const float zeros[tileFloats] = {};

// scoresT of `tiles` tiles of keys and a group of queries: [tiles][2][16 keys][16 queries]
INLINE void multiplyScores(const Half* keys, int tiles, const Half* queries, float* scores) {
  load<4>(queries);
  load<5>(queries + tileHalves);
  load<6>(queries + 2 * tileHalves);
  load<7>(queries + 3 * tileHalves);
  for (int t = 0; t < tiles; t++, keys += 2 * tileHalves, scores += 2 * tileFloats) {
    load<0>(zeros);
    load<1>(zeros);
    load<2>(keys);
    multiplyAdd<0, 2, 4>();
    multiplyAdd<1, 2, 6>();
    load<3>(keys + tileHalves);
    multiplyAdd<0, 3, 5>();
    multiplyAdd<1, 3, 7>();
    store<0>(scores);
    store<1>(scores + tileFloats);
  }
}

// sums[2][2] (+)= left[steps][2] right[steps][2], tiles of each at these distances.
INLINE void multiplyTiles(const Half* left, ptrdiff_t leftRow, ptrdiff_t leftStep, const Half* right, ptrdiff_t rightColumn,
                          ptrdiff_t rightStep, int steps, float* sums, ptrdiff_t row, ptrdiff_t column, bool add) {
  if (add) {
    load<0>(sums);
    load<1>(sums + column);
    load<2>(sums + row);
    load<3>(sums + row + column);
  } else {
    zero<0>();
    zero<1>();
    zero<2>();
    zero<3>();
  }
  for (int s = 0; s < steps; s++, left += leftStep, right += rightStep) {
    load<4>(left);
    load<6>(right);
    multiplyAdd<0, 4, 6>();
    load<7>(right + rightColumn);
    multiplyAdd<1, 4, 7>();
    load<5>(left + leftRow);
    multiplyAdd<2, 5, 6>();
    multiplyAdd<3, 5, 7>();
  }
  store<0>(sums);
  store<1>(sums + column);
  store<2>(sums + row);
  store<3>(sums + row + column);
}

void forwardTiles(const AttentionShape& shape, int unit, Queries part, const void* qkv, void* output, float* logSums) {
  const Rows queries = rowsOf(shape, unit, qkv, 0, 3), keys = rowsOf(shape, unit, qkv, 1, 3),
             values = rowsOf(shape, unit, qkv, 2, 3), out = rowsOf(shape, unit, output, 0, 1);
  const int tokens = shape.tokens, keySteps = ceilDiv(tokens, 32);
  float* logs = logSums + ptrdiff_t(unit / shape.heads) * tokens * shape.heads + unit % shape.heads;

  Half* keyTiles = scratch<0, Half>(size_t(keySteps) * 4 * tileHalves);
  Half* valuesT = scratch<1, Half>(size_t(keySteps) * 4 * tileHalves);
  Half* queryTiles = scratch<2, Half>(4 * tileHalves);
  float* scores = scratch<3, float>(forwardKeys / 16 * 2 * tileFloats);
  float* sums = scratch<4, float>(8 * tileFloats);
  for (int t = 0; t < 2 * keySteps; t++) packKeys(keys, t * 16, keyTiles + ptrdiff_t(t) * 2 * tileHalves);
  for (int s = 0; s < keySteps; s++) packWholeTransposed(values, s * 32, valuesT + ptrdiff_t(s) * 4 * tileHalves);

  useTiles();
  const Vector scale = splat(log2e / 8);
  const __m512bh ones = (__m512bh)_mm512_set1_epi16(0x3f80);
  for (int first = part.first; first < part.last; first += group) {
    packQueries(queries, first, queryTiles);
    packQueries(queries, first + 16, queryTiles + 2 * tileHalves);
    // Sums of the exponentials, and of the rounded ones: divided by these, a row's probabilities have sum 1.
    Vector base0{}, base1{}, total0{}, total1{}, weight0{}, weight1{};
    for (int key = 0; key < tokens; key += forwardKeys) {
      const int count = least(tokens - key, forwardKeys), steps = ceilDiv(count, 32);
      multiplyScores(keyTiles + ptrdiff_t(key / 16) * 2 * tileHalves, 2 * steps, queryTiles, scores);
      Vector top0 = _mm512_load_ps(scores), top1 = _mm512_load_ps(scores + tileFloats);
      for (int k = 0; k < count; k++) {
        const float* row = scores + k / 16 * 2 * tileFloats + k % 16 * 16;
        top0 = _mm512_max_ps(top0, _mm512_load_ps(row));
        top1 = _mm512_max_ps(top1, _mm512_load_ps(row + tileFloats));
      }
      // The base is any integer not far below the largest exponent: it seldom changes after the first keys.
      top0 = _mm512_mul_ps(top0, scale);
      top1 = _mm512_mul_ps(top1, scale);
      if (key == 0) {
        base0 = _mm512_roundscale_ps(top0, 2);
        base1 = _mm512_roundscale_ps(top1, 2);
      } else if (const Vector limit = splat(40.f); _mm512_cmp_ps_mask(top0, _mm512_add_ps(base0, limit), _CMP_GT_OQ) |
                                                   _mm512_cmp_ps_mask(top1, _mm512_add_ps(base1, limit), _CMP_GT_OQ)) {
        const Vector new0 = _mm512_max_ps(base0, _mm512_roundscale_ps(top0, 2)),
                     new1 = _mm512_max_ps(base1, _mm512_roundscale_ps(top1, 2));
        const Vector factor0 = _mm512_scalef_ps(splat(1.f), _mm512_sub_ps(base0, new0)),
                     factor1 = _mm512_scalef_ps(splat(1.f), _mm512_sub_ps(base1, new1));
        total0 = _mm512_mul_ps(total0, factor0);
        total1 = _mm512_mul_ps(total1, factor1);
        const Vector factors[2] = {interleaved<0>(factor0, factor1), interleaved<1>(factor0, factor1)};
        weight0 = _mm512_mul_ps(weight0, factors[0]);
        weight1 = _mm512_mul_ps(weight1, factors[1]);
        for (int t = 0; t < 8; t++)
          for (int i = 0; i < tileFloats; i += 16) {
            float* x = sums + t * tileFloats + i;
            _mm512_store_ps(x, _mm512_mul_ps(_mm512_load_ps(x), factors[t % 2]));
          }
        base0 = new0;
        base1 = new1;
      }
      const Vector shifted0 = _mm512_sub_ps(splat(shift), base0), shifted1 = _mm512_sub_ps(splat(shift), base1);
      const Vector lowest0 = _mm512_mul_ps(_mm512_sub_ps(base0, splat(126.f)), splat(8 / log2e)),
                   lowest1 = _mm512_mul_ps(_mm512_sub_ps(base1, splat(126.f)), splat(8 / log2e));
      // Probabilities take the place of scores: those of a pair of keys are not longer, and were read before.
      const auto pair = [&](int k, bool whole) __attribute__((always_inline)) {
        const float* row = scores + k / 16 * 2 * tileFloats + k % 16 * 16;
        const Vector a0 = exponential(_mm512_load_ps(row), scale, shifted0, lowest0);
        const Vector a1 = exponential(_mm512_load_ps(row + tileFloats), scale, shifted1, lowest1);
        Vector b0{}, b1{};
        if (whole) {
          b0 = exponential(_mm512_load_ps(row + 16), scale, shifted0, lowest0);
          b1 = exponential(_mm512_load_ps(row + tileFloats + 16), scale, shifted1, lowest1);
        }
        total0 = _mm512_add_ps(total0, _mm512_add_ps(a0, b0));
        total1 = _mm512_add_ps(total1, _mm512_add_ps(a1, b1));
        const Integers a = rounded(a0, a1), b = rounded(b0, b1);
        const Integers low = _mm512_unpacklo_epi16(a, b), high = _mm512_unpackhi_epi16(a, b);
        weight0 = _mm512_dpbf16_ps(weight0, (__m512bh)low, ones);
        weight1 = _mm512_dpbf16_ps(weight1, (__m512bh)high, ones);
        float* to = scores + k / 32 * 4 * tileFloats + k % 32 * 8;
        _mm512_store_si512(to, low);
        _mm512_store_si512(to + tileFloats, high);
      };
      int k = 0;
      for (; k + 2 <= count; k += 2) pair(k, true);
      if (k < count) pair(k, false), k += 2;
      for (; k < steps * 32; k += 2) {
        float* to = scores + k / 32 * 4 * tileFloats + k % 32 * 8;
        _mm512_store_ps(to, Vector{});
        _mm512_store_ps(to + tileFloats, Vector{});
      }
      for (int d = 0; d < 4; d += 2)
        multiplyTiles(valuesT + (ptrdiff_t(key / 32) * 4 + d) * tileHalves, tileHalves, 4 * tileHalves, (Half*)scores,
                      tileHalves, 4 * tileHalves, steps, sums + d * 2 * tileFloats, 2 * tileFloats, tileFloats, key > 0);
    }
    writeGroup(sums, _mm512_div_ps(splat(1.f), weight0), _mm512_div_ps(splat(1.f), weight1),
               (Half*)out.start + first * out.row, out.row, least(part.last - first, group));
    float total[group], base[group];
    _mm512_storeu_ps(total, total0);
    _mm512_storeu_ps(total + 16, total1);
    _mm512_storeu_ps(base, base0);
    _mm512_storeu_ps(base + 16, base1);
    for (int i = 0; i < least(part.last - first, group); i++)
      logs[ptrdiff_t(first + i) * shape.heads] = base[i] + log2f(total[i]);
  }
  releaseTiles();
}

void backwardTiles(const AttentionShape& shape, int unit, const void* qkv, const void* output, const float* logSums,
                   const void* dOutput, void* dQkv) {
  const Rows queries = rowsOf(shape, unit, qkv, 0, 3), keys = rowsOf(shape, unit, qkv, 1, 3),
             values = rowsOf(shape, unit, qkv, 2, 3), out = rowsOf(shape, unit, output, 0, 1),
             dOut = rowsOf(shape, unit, dOutput, 0, 1), dQueries = rowsOf(shape, unit, dQkv, 0, 3),
             dKeys = rowsOf(shape, unit, dQkv, 1, 3), dValues = rowsOf(shape, unit, dQkv, 2, 3);
  const int tokens = shape.tokens, steps = ceilDiv(tokens, 32);
  const float* logs = logSums + ptrdiff_t(unit / shape.heads) * tokens * shape.heads + unit % shape.heads;

  const size_t whole = size_t(steps) * 4 * tileHalves;
  Half* keyTiles = scratch<10, Half>(whole);
  Half* valueTiles = scratch<11, Half>(whole);
  Half* keysT = scratch<12, Half>(whole);
  Half* queryColumns = scratch<13, Half>(whole);
  Half* dColumns = scratch<14, Half>(whole);
  Half* queryPairs = scratch<15, Half>(whole);
  Half* dPairs = scratch<16, Half>(whole);
  float* inner = scratch<17, float>(size_t(steps) * 32);
  float* logRow = scratch<18, float>(size_t(steps) * 32);
  float* querySums = scratch<19, float>(size_t(steps) * 8 * tileFloats);
  constexpr int maxTiles = backwardKeys / 16;
  float* scores = scratch<20, float>(maxTiles * 2 * tileFloats);
  float* dScores = scratch<21, float>(maxTiles * 2 * tileFloats);
  Half* p = scratch<22, Half>(maxTiles * backwardGroups * tileHalves);
  Half* d = scratch<23, Half>(maxTiles * backwardGroups * tileHalves);
  Half* dRight = scratch<24, Half>(maxTiles * backwardGroups * tileHalves);
  float* keySums = scratch<25, float>(maxTiles * 4 * tileFloats);
  float* valueSums = scratch<26, float>(maxTiles * 4 * tileFloats);

  for (int t = 0; t < 2 * steps; t++) {
    const ptrdiff_t at = ptrdiff_t(t) * 2 * tileHalves;
    packKeys(keys, t * 16, keyTiles + at);
    packKeys(values, t * 16, valueTiles + at);
    packQueries(queries, t * 16, queryColumns + at);
    packQueries(dOut, t * 16, dColumns + at);
  }
  for (int s = 0; s < steps; s++) {
    const ptrdiff_t at = ptrdiff_t(s) * 4 * tileHalves;
    packWholeTransposed(keys, s * 32, keysT + at);
    packWhole(queries, s * 32, queryPairs + at);
    packWhole(dOut, s * 32, dPairs + at);
  }
  for (int t = 0; t < steps * 32; t++) {
    inner[t] = 0;
    logRow[t] = 126;
    if (t >= tokens) continue;
    const Half *x = dOut.start + t * dOut.row, *y = out.start + t * out.row;
    Vector sum{};
    for (int c = 0; c < size; c += 16) sum = _mm512_fmadd_ps(widened(x + c), widened(y + c), sum);
    inner[t] = _mm512_reduce_add_ps(sum);
    logRow[t] = logs[ptrdiff_t(t) * shape.heads];
  }

  useTiles();
  const Vector scale = splat(log2e / 8), eighth = splat(1.f / 8);
  for (int key = 0; key < tokens; key += backwardKeys) {
    const int count = least(tokens - key, backwardKeys), keySteps = ceilDiv(count, 32), keyTileCount = 2 * keySteps;
    for (int firstGroup = 0; firstGroup < steps; firstGroup += backwardGroups) {
      const int groups = least(steps - firstGroup, backwardGroups);
      for (int g = 0; g < groups; g++) {
        const int q = firstGroup + g;
        multiplyScores(keyTiles + ptrdiff_t(key / 16) * 2 * tileHalves, keyTileCount,
                       queryColumns + ptrdiff_t(q) * 4 * tileHalves, scores);
        multiplyScores(valueTiles + ptrdiff_t(key / 16) * 2 * tileHalves, keyTileCount,
                       dColumns + ptrdiff_t(q) * 4 * tileHalves, dScores);
        const Vector inner0 = _mm512_load_ps(inner + q * 32), inner1 = _mm512_load_ps(inner + q * 32 + 16),
                     log0 = _mm512_load_ps(logRow + q * 32), log1 = _mm512_load_ps(logRow + q * 32 + 16);
        // [tiles of keys][groups], [steps of keys][groups][2]
        const auto put = [&](int k, Integers p0, Integers p1, Integers d0, Integers d1) __attribute__((always_inline)) {
          const ptrdiff_t at = (ptrdiff_t(k / 16) * backwardGroups + g) * tileHalves + k % 16 * 32;
          _mm512_store_si512(p + at, p0);
          _mm512_store_si512(p + at + 32, p1);
          _mm512_store_si512(d + at, d0);
          _mm512_store_si512(d + at + 32, d1);
          Half* right = dRight + (ptrdiff_t(k / 32) * backwardGroups + g) * 2 * tileHalves + k % 32 * 16;
          _mm512_store_si512(right, _mm512_unpacklo_epi16(d0, d1));
          _mm512_store_si512(right + tileHalves, _mm512_unpackhi_epi16(d0, d1));
        };
        const auto row = [&](int k, Integers& pRow, Integers& dRow) __attribute__((always_inline)) {
          const ptrdiff_t at = k / 16 * 2 * tileFloats + k % 16 * 16;
          const Vector p0 = exponentialOf(_mm512_load_ps(scores + at), scale, log0);
          const Vector p1 = exponentialOf(_mm512_load_ps(scores + at + tileFloats), scale, log1);
          pRow = rounded(p0, p1);
          dRow = rounded(_mm512_mul_ps(p0, _mm512_sub_ps(_mm512_load_ps(dScores + at), inner0)),
                         _mm512_mul_ps(p1, _mm512_sub_ps(_mm512_load_ps(dScores + at + tileFloats), inner1)));
        };
        int k = 0;
        Integers p0, p1{}, d0, d1{};
        for (; k + 2 <= count; k += 2) {
          row(k, p0, d0);
          row(k + 1, p1, d1);
          put(k, p0, p1, d0, d1);
        }
        if (k < count) {
          row(k, p0, d0);
          put(k, p0, Integers{}, d0, Integers{});
          k += 2;
        }
        for (; k < keySteps * 32; k += 2) put(k, Integers{}, Integers{}, Integers{}, Integers{});
      }
      for (int t = 0; t < keyTileCount; t += 2)
        for (int c = 0; c < 4; c += 2) {
          multiplyTiles(p + ptrdiff_t(t) * backwardGroups * tileHalves, backwardGroups * tileHalves, tileHalves,
                        dPairs + (ptrdiff_t(firstGroup) * 4 + c) * tileHalves, tileHalves, 4 * tileHalves, groups,
                        valueSums + (t * 4 + c) * tileFloats, 4 * tileFloats, tileFloats, firstGroup > 0);
          multiplyTiles(d + ptrdiff_t(t) * backwardGroups * tileHalves, backwardGroups * tileHalves, tileHalves,
                        queryPairs + (ptrdiff_t(firstGroup) * 4 + c) * tileHalves, tileHalves, 4 * tileHalves, groups,
                        keySums + (t * 4 + c) * tileFloats, 4 * tileFloats, tileFloats, firstGroup > 0);
        }
      for (int g = 0; g < groups; g++)
        for (int c = 0; c < 4; c += 2)
          multiplyTiles(keysT + (ptrdiff_t(key / 32) * 4 + c) * tileHalves, tileHalves, 4 * tileHalves,
                        dRight + g * 2 * tileHalves, tileHalves, backwardGroups * 2 * tileHalves, keySteps,
                        querySums + (ptrdiff_t(firstGroup + g) * 8 + c * 2) * tileFloats, 2 * tileFloats, tileFloats,
                        key > 0);
    }
    for (int k = 0; k < count; k++) {
      const float *x = keySums + k / 16 * 4 * tileFloats + k % 16 * 16,
                  *y = valueSums + k / 16 * 4 * tileFloats + k % 16 * 16;
      Half *dk = (Half*)dKeys.start + (key + k) * dKeys.row, *dv = (Half*)dValues.start + (key + k) * dValues.row;
      for (int c = 0; c < 4; c += 2) {
        _mm512_storeu_si512(dk + c * 16, rounded(_mm512_mul_ps(_mm512_load_ps(x + c * tileFloats), eighth),
                                                 _mm512_mul_ps(_mm512_load_ps(x + (c + 1) * tileFloats), eighth)));
        _mm512_storeu_si512(dv + c * 16, rounded(_mm512_load_ps(y + c * tileFloats), _mm512_load_ps(y + (c + 1) * tileFloats)));
      }
    }
  }
  releaseTiles();
  for (int g = 0; g < steps; g++)
    writeGroup(querySums + ptrdiff_t(g) * 8 * tileFloats, eighth, eighth, (Half*)dQueries.start + g * 32 * dQueries.row,
               dQueries.row, least(tokens - g * 32, 32));
}

void forward(const AttentionShape& shape, int unit, Queries part, const void* qkv, void* output, float* logSums) {
  if (shape.size == size)
    forwardTiles(shape, unit, part, qkv, output, logSums);
  else
    avx512::kernels.bfloat16.forward(shape, unit, part, qkv, output, logSums);
}

void backward(const AttentionShape& shape, int unit, const void* qkv, const void* output, const float* logSums,
              const void* dOutput, void* dQkv) {
  if (shape.size == size)
    backwardTiles(shape, unit, qkv, output, logSums, dOutput, dQkv);
  else
    avx512::kernels.bfloat16.backward(shape, unit, qkv, output, logSums, dOutput, dQkv);
}

void forward32(const AttentionShape& shape, int unit, Queries part, const void* qkv, void* output, float* logSums) {
  avx512::kernels.float32.forward(shape, unit, part, qkv, output, logSums);
}
void backward32(const AttentionShape& shape, int unit, const void* qkv, const void* output, const float* logSums,
                const void* dOutput, void* dQkv) {
  avx512::kernels.float32.backward(shape, unit, qkv, output, logSums, dOutput, dQkv);
}

}  // namespace

const AttentionKernels kernels = {{forward32, backward32}, {forward, backward}};

}  // namespace amx_bf16
}  // namespace toco
