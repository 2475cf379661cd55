// Products of packed matrices. Included by what is compiled once for each instruction set, with INSTRUCTION_SET naming it.
//
// Factors are first packed in the order in which the inner loop reads them. A product's step takes one 32-bit lane of each
// factor: a float32, or two neighboring bfloat16 values where the processor multiplies these.
//
// No function of the standard library that is a template may be called here: the linker would keep one instance of it for
// all instruction sets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "scratch.h"

namespace toco {
namespace INSTRUCTION_SET {
namespace {

#if defined(__AVX512F__)
constexpr int vectorBytes = 64, tileVectors = 4;  // 24 of 32 registers hold sums
#elif defined(__aarch64__)
constexpr int vectorBytes = 16, tileVectors = 4;  // 24 of 32
#else
constexpr int vectorBytes = 32, tileVectors = 2;  // 12 of 16
#endif
constexpr int tileRows = 6;

typedef float Vector __attribute__((vector_size(vectorBytes), aligned(4), may_alias));
typedef int32_t Integers __attribute__((vector_size(vectorBytes), aligned(4), may_alias));

constexpr int lanes = vectorBytes / 4;
constexpr int panel = lanes * tileVectors;  // columns of a product that are computed at once
constexpr int blockSteps = 384;             // steps of a product before its sums go to memory
// How early a panel is fetched from the second-level cache. With shorter vectors a step has so many loads that these cost more.
#if defined(__AVX2__) && !defined(__AVX512F__)
constexpr int stepsAhead = 0;
#else
constexpr int stepsAhead = 8;
#endif

constexpr int ceilDiv(int x, int unit) { return (x + unit - 1) / unit; }
constexpr int least(int x, int y) { return x < y ? x : y; }

// Number formats: `Value` is what tensors hold, `Lane` what products take, `perLane` values each.

struct Float32 {
  using Value = float;
  using Lane = float;
  static constexpr int perLane = 1;
  static float read(Value x) { return x; }
  static void write(Value* to, Vector x) { std::memcpy(to, &x, vectorBytes); }
  static Value one(float x) { return x; }
  static Lane lane(const Value* x, ptrdiff_t) { return *x; }
  static Lane lastLane(const Value* x) { return *x; }
  [[gnu::always_inline]] static Vector multiplyAdd(Vector sum, Lane a, Vector b) { return sum + a * b; }
};

// Calls f with the constants 0 to count - 1: what they index can stay in registers.
template <class F, int... I>
[[gnu::always_inline]] inline void each(F f, std::integer_sequence<int, I...>) {
  (f(std::integral_constant<int, I>()), ...);
}
template <int count, class F>
[[gnu::always_inline]] inline void each(F f) {
  each(f, std::make_integer_sequence<int, count>());
}

// The left factor of a product: its beginning, and how far rows and steps lie apart.
template <class Lane>
struct Left {
  const Lane* start;
  ptrdiff_t row, step;
};

// C[rows,vectors * lanes] (+)= A[rows,steps] B[steps,panel]
template <class N, int rows, int vectors>
void tile(Left<typename N::Lane> a, const typename N::Lane* b, int steps, float* c, ptrdiff_t cRow, bool add) {
  Vector sums[rows][vectors];
  each<rows>([&](auto r) __attribute__((always_inline)) {
    each<vectors>([&](auto v) __attribute__((always_inline)) {
      sums[r][v] = add ? *(const Vector*)(c + r * cRow + v * lanes) : Vector{};
    });
  });
  for (int s = 0; s < steps; s++) {
    Vector columns[vectors];
    each<vectors>([&](auto v) __attribute__((always_inline)) {
      columns[v] = *(const Vector*)(b + s * panel + v * lanes);
      if constexpr (stepsAhead > 0) __builtin_prefetch(b + (s + stepsAhead) * panel + v * lanes);
    });
    each<rows>([&](auto r) __attribute__((always_inline)) {
      const typename N::Lane x = a.start[r * a.row + s * a.step];
      each<vectors>([&](auto v) __attribute__((always_inline)) {
        sums[r][v] = N::multiplyAdd(sums[r][v], x, columns[v]);
      });
    });
  }
  each<rows>([&](auto r) __attribute__((always_inline)) {
    each<vectors>([&](auto v) __attribute__((always_inline)) {
      *(Vector*)(c + r * cRow + v * lanes) = sums[r][v];
    });
  });
}

template <class N>
struct Tiles {
  void (*of[tileRows][tileVectors])(Left<typename N::Lane>, const typename N::Lane*, int, float*, ptrdiff_t, bool);
  Tiles() {
    each<tileRows>([&](auto r) { each<tileVectors>([&](auto v) { of[r][v] = tile<N, r + 1, v + 1>; }); });
  }
};

// C[rows,columns] (+)= A B, with B in panels: [columns / panel][steps][panel]. C is written in whole vectors.
template <class N>
void multiply(int rows, int columns, int steps, Left<typename N::Lane> a, const typename N::Lane* b, float* c,
              ptrdiff_t cRow, bool add) {
  static const Tiles<N> tiles;
  for (int column = 0; column < columns; column += panel) {
    const int vectors = ceilDiv(least(columns - column, panel), lanes);
    for (int step = 0; step < steps; step += blockSteps) {
      const auto* block = b + ptrdiff_t(column) * steps + ptrdiff_t(step) * panel;
      for (int row = 0; row < rows; row += tileRows)
        tiles.of[least(rows - row, tileRows) - 1][vectors - 1](
            {a.start + row * a.row + step * a.step, a.row, a.step}, block, least(steps - step, blockSteps),
            c + row * cRow + column, cRow, add || step > 0);
    }
  }
}

// A matrix within a tensor.
template <class Value>
struct Matrix {
  Value* start;
  ptrdiff_t row;
  int rows, columns;
  Value* at(int r) const { return start + r * row; }
};

// X transposed, lanes along its columns, in panels of its rows: [rows / panel][columns / perLane][panel]; missing rows are 0.
template <class N>
void packTransposed(Matrix<const typename N::Value> x, typename N::Lane* packed) {
  const int steps = ceilDiv(x.columns, N::perLane);
  for (int first = 0; first < x.rows; first += panel, packed += ptrdiff_t(steps) * panel)
    for (int i = 0; i < panel; i++) {
      if (first + i >= x.rows) {
        for (int s = 0; s < steps; s++) packed[s * panel + i] = {};
        continue;
      }
      const auto* from = x.at(first + i);
      for (int s = 0; s < x.columns / N::perLane; s++) packed[s * panel + i] = N::lane(from + s * N::perLane, 1);
      if (x.columns % N::perLane) packed[(steps - 1) * panel + i] = N::lastLane(from + x.columns - 1);
    }
}

}  // namespace
}  // namespace INSTRUCTION_SET
}  // namespace toco
