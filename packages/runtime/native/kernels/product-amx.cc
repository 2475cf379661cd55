// Products by tiles. A block of columns of the right factor is packed into tiles and stays in the second-level cache while rows
// of the left factor pass by, 32 at a time; where these are whole they are read where they lie.

#include "product.h"

#include "tiles.h"

namespace toco {
namespace amx_bf16 {
namespace {

// Of the packed block, in the second-level cache; the left factor's strip and the sums find place beside it.
constexpr int blockBytes = 768 * 1024;
// Fewer columns are not worth a unit, nor are fewer rows packing the block again.
constexpr int leastColumns = 64, leastRows = 256;
constexpr int strip = 32;

// How a product is cut into units: blocks of columns and, where these are fewer than threads, bands of rows.
struct Cut {
  int steps, columns, rows, blocks, bands;

  Cut(const ProductShape& shape, int threads) {
    // At least one, of zeros: a sum of nothing is written too.
    steps = shape.steps > 0 ? ceilDiv(shape.steps, 32) : 1;
    const int fit = blockBytes / (steps * 64), share = ceilDiv(shape.columns, threads), wish = least(fit, share);
    const int parts = ceilDiv(shape.columns, wish < leastColumns ? leastColumns : wish);
    columns = ceilDiv(ceilDiv(shape.columns, parts > 0 ? parts : 1), 32) * 32;
    blocks = shape.columns > 0 ? ceilDiv(shape.columns, columns) : 0;
    const int most = shape.rows / leastRows;
    const int wanted = blocks < threads && blocks > 0 ? least(ceilDiv(threads, blocks), most) : 1;
    rows = ceilDiv(ceilDiv(shape.rows, wanted > 1 ? wanted : 1), strip) * strip;
    bands = shape.rows > 0 ? ceilDiv(shape.rows, rows) : 0;
  }
};

// sums [2][2] = left [2 of `row` bytes][steps] right [steps][2]; `meanwhile(s)` is done beside step s.
template <class F>
INLINE void multiplyPanel(const Half* left0, const Half* left1, long row, int leftStep, const Half* right, int steps,
                          float* sums, F meanwhile) {
  zero<0>();
  zero<1>();
  zero<2>();
  zero<3>();
  for (int s = 0; s < steps; s++, left0 += leftStep, left1 += leftStep, right += 2 * tileHalves) {
    load<6>(right);
    load<4>(left0, row);
    multiplyAdd<0, 4, 6>();
    load<7>(right + tileHalves);
    multiplyAdd<1, 4, 7>();
    load<5>(left1, row);
    multiplyAdd<2, 5, 6>();
    multiplyAdd<3, 5, 7>();
    meanwhile(s);
  }
  store<0>(sums);
  store<1>(sums + tileFloats);
  store<2>(sums + 2 * tileFloats);
  store<3>(sums + 3 * tileFloats);
}

// 32 values, or as many as there are columns.
INLINE void writeRow(Integers values, int columns, Half* to) {
  if (columns >= 32)
    _mm512_storeu_si512(to, values);
  else
    _mm512_mask_storeu_epi16(to, (1u << columns) - 1, values);
}

}  // namespace

int productUnits(const ProductShape& shape, int threads) {
  const Cut cut(shape, threads);
  return cut.blocks * cut.bands;
}

void product(const ProductShape& shape, int threads, int unit, const void* a, const void* b, const void* bias,
             void* c) {
  const auto [rows, columns, depth, transposeA, transposeB] = shape;
  const Cut cut(shape, threads);
  const int steps = cut.steps;
  const int firstColumn = unit % cut.blocks * cut.columns, endColumn = least(columns, firstColumn + cut.columns);
  const int firstRow = unit / cut.blocks * cut.rows, endRow = least(rows, firstRow + cut.rows);
  const int panels = ceilDiv(endColumn - firstColumn, 32);
  const Rows left = transposeA ? Rows{(const Half*)a, rows, depth, rows} : Rows{(const Half*)a, depth, rows, depth};
  const Rows right =
      transposeB ? Rows{(const Half*)b, depth, columns, depth} : Rows{(const Half*)b, columns, depth, columns};

  // [panels][steps][2]
  Half* packed = scratch<0, Half>(size_t(panels) * steps * 2 * tileHalves);
  for (int p = 0; p < panels; p++)
    for (int s = 0; s < steps; s++) {
      Half* to = packed + (ptrdiff_t(p) * steps + s) * 2 * tileHalves;
      const int column = firstColumn + p * 32;
      if (transposeB) {
        packColumns(right, column, s * 32, to);
        packColumns(right, column + 16, s * 32, to + tileHalves);
      } else {
        packPairs(right, s * 32, column, to);
      }
    }

  Half* stripTiles = scratch<1, Half>(size_t(steps) * 2 * tileHalves);  // [2][steps]
  const bool liesInTiles = !transposeA && depth > 0 && depth % 32 == 0;
  alignas(64) float sums[2][4 * tileFloats];
  Vector biases[2] = {};
  const auto readBias = [&](int panel) {
    alignas(64) Half x[32];
    _mm512_store_si512(x, Rows{(const Half*)bias, 0, 1, columns}.at(0, firstColumn + panel * 32));
    biases[0] = widened(x);
    biases[1] = widened(x + 16);
  };
  useTiles();
  for (int first = firstRow; first < endRow; first += strip) {
    const int count = least(endRow - first, strip);
    const Half *left0 = stripTiles, *left1 = stripTiles + ptrdiff_t(steps) * tileHalves;
    long row = 64;
    int leftStep = tileHalves;
    if (liesInTiles && count == strip) {
      left0 = left.start + first * left.row;
      left1 = left0 + 16 * left.row;
      row = long(depth) * 2;
      leftStep = 32;
    } else {
      for (int s = 0; s < steps; s++) {
        Half *to0 = stripTiles + s * tileHalves, *to1 = to0 + ptrdiff_t(steps) * tileHalves;
        if (transposeA) {
          alignas(64) Half both[2 * tileHalves];
          packTransposed(left, s * 32, first, both);
          std::memcpy(to0, both, 2 * tileHalves);
          std::memcpy(to1, both + tileHalves, 2 * tileHalves);
        } else {
          packRows(left, first, s * 32, to0);
          packRows(left, first + 16, s * 32, to1);
        }
      }
    }
    // The sums of a panel are written beside the next one's products.
    const int rowsAStep = ceilDiv(32, steps);
    const auto write = [&](int panel, int r) __attribute__((always_inline)) {
      const float* x = sums[panel % 2] + r / 16 * 2 * tileFloats + r % 16 * 16;
      const int column = firstColumn + panel * 32;
      writeRow(rounded(_mm512_add_ps(_mm512_load_ps(x), biases[0]),
                       _mm512_add_ps(_mm512_load_ps(x + tileFloats), biases[1])),
               columns - column, (Half*)c + ptrdiff_t(first + r) * columns + column);
    };
    for (int p = 0; p < panels; p++) {
      if (bias && p > 0) readBias(p - 1);
      multiplyPanel(left0, left1, row, leftStep, packed + ptrdiff_t(p) * steps * 2 * tileHalves, steps, sums[p % 2],
                    [&](int s) __attribute__((always_inline)) {
                      if (p == 0) return;
                      for (int r = s * rowsAStep; r < least((s + 1) * rowsAStep, count); r++) write(p - 1, r);
                    });
    }
    if (bias) readBias(panels - 1);
    for (int r = 0; r < count; r++) write(panels - 1, r);
  }
  releaseTiles();
}

}  // namespace amx_bf16
}  // namespace toco
