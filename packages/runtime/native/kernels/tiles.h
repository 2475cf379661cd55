// Tiles and vectors of AMX and AVX-512 as our kernels use them. Everything is inlined.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "scratch.h"

#define INLINE [[gnu::always_inline]] inline

namespace toco {
namespace amx_bf16 {
namespace {

constexpr int tileFloats = 256, tileHalves = 512;  // 16 rows of 64 bytes

typedef uint16_t Half;
typedef __m512 Vector;
typedef __m512i Integers;

constexpr int ceilDiv(int x, int unit) { return (x + unit - 1) / unit; }
constexpr int least(int x, int y) { return x < y ? x : y; }

// Tiles: eight registers of 16 rows of 64 bytes.
//
// With EMULATED_TILES they are memory, and products loops: the code around them can so be tested on processors that have none. To
// see that it is noticed, 2 gets products wrong, 3 is a system that does not grant the tiles, 4 a processor that does not know them.
#if defined(EMULATED_TILES)

thread_local uint32_t emulated[8][16][16];

INLINE void useTiles() {}
INLINE void releaseTiles() {}

template <int tile>
INLINE void load(const void* from, long row = 64) {
  for (int r = 0; r < 16; r++) std::memcpy(emulated[tile][r], (const char*)from + r * row, 64);
}
template <int tile>
INLINE void store(void* to) {
  std::memcpy(to, emulated[tile], sizeof emulated[tile]);
}
template <int tile>
INLINE void zero() {
  std::memset(emulated[tile], 0, sizeof emulated[tile]);
}
inline float asFloat(uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, 4);
  return x;
}
template <int sum, int left, int right>
inline void multiplyAdd() {
  if (EMULATED_TILES == 4) asm volatile("ud2");
  for (int r = 0; r < 16; r++)
    for (int c = 0; c < 16; c++) {
      float low = 0, high = 0;
      for (int pair = 0; pair < 16; pair++) {
        const uint32_t a = emulated[left][r][pair], b = emulated[right][pair][c];
        low += asFloat(a << 16) * asFloat(b << 16);
        if (EMULATED_TILES != 2) high += asFloat(a & 0xffff0000) * asFloat(b & 0xffff0000);
      }
      const float y = asFloat(emulated[sum][r][c]) + (low + high);
      std::memcpy(&emulated[sum][r][c], &y, 4);
    }
}

#else

// As assembly of our own, since GCC's intrinsic for loading does not say that it reads memory: stores before it may be moved
// behind it.

struct alignas(64) Configuration {
  uint8_t palette = 1, startRow = 0, reserved[14] = {};
  uint16_t rowBytes[16] = {};
  uint8_t rows[16] = {};
  Configuration() {
    for (int i = 0; i < 8; i++) rowBytes[i] = 64, rows[i] = 16;
  }
};

// By hand, not by a destructor: that would bring in a function that the linker shares between instruction sets.
INLINE void useTiles() {
  const Configuration all;
  asm volatile("ldtilecfg %0" ::"m"(all));
}
INLINE void releaseTiles() { asm volatile("tilerelease" ::: "memory"); }

template <int tile>
INLINE void load(const void* from, long row = 64) {
  asm volatile("tileloadd (%0,%1,1), %%tmm%c2" ::"r"(from), "r"(row), "i"(tile) : "memory");
}
template <int tile>
INLINE void store(void* to) {
  asm volatile("tilestored %%tmm%c2, (%0,%1,1)" ::"r"(to), "r"(64l), "i"(tile) : "memory");
}
template <int tile>
INLINE void zero() {
  asm volatile("tilezero %%tmm%c0" ::"i"(tile));
}
// sum += left right
template <int sum, int left, int right>
INLINE void multiplyAdd() {
  asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(sum), "i"(left), "i"(right));
}

#endif

// Vectors.

INLINE Vector splat(float x) { return _mm512_set1_ps(x); }
INLINE Integers rounded(Vector low, Vector high) { return (Integers)_mm512_cvtne2ps_pbh(high, low); }
INLINE Vector widened(const Half* x) {
  return (Vector)_mm512_slli_epi32(_mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i*)x)), 16);
}

// y[c][r] = x[r][c]
INLINE void transpose(Integers (&x)[16]) {
  Integers y[16];
  for (int i = 0; i < 16; i += 2) {
    y[i] = _mm512_unpacklo_epi32(x[i], x[i + 1]);
    y[i + 1] = _mm512_unpackhi_epi32(x[i], x[i + 1]);
  }
  for (int i = 0; i < 16; i += 4) {
    x[i] = _mm512_unpacklo_epi64(y[i], y[i + 2]);
    x[i + 1] = _mm512_unpackhi_epi64(y[i], y[i + 2]);
    x[i + 2] = _mm512_unpacklo_epi64(y[i + 1], y[i + 3]);
    x[i + 3] = _mm512_unpackhi_epi64(y[i + 1], y[i + 3]);
  }
  for (int i = 0; i < 4; i++) {
    y[i] = _mm512_shuffle_i32x4(x[i], x[i + 4], 0x88);
    y[i + 4] = _mm512_shuffle_i32x4(x[i], x[i + 4], 0xdd);
    y[i + 8] = _mm512_shuffle_i32x4(x[i + 8], x[i + 12], 0x88);
    y[i + 12] = _mm512_shuffle_i32x4(x[i + 8], x[i + 12], 0xdd);
  }
  for (int i = 0; i < 4; i++) {
    x[i] = _mm512_shuffle_i32x4(y[i], y[i + 8], 0x88);
    x[i + 4] = _mm512_shuffle_i32x4(y[i + 4], y[i + 12], 0x88);
    x[i + 8] = _mm512_shuffle_i32x4(y[i], y[i + 8], 0xdd);
    x[i + 12] = _mm512_shuffle_i32x4(y[i + 4], y[i + 12], 0xdd);
  }
}

INLINE Integers iota16() { return _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0); }
// Places of 32 halves so that the first 16 alternate with the last.
INLINE Integers alternating() {
  return _mm512_or_si512(iota16(), _mm512_slli_epi32(_mm512_add_epi32(iota16(), _mm512_set1_epi32(16)), 16));
}

// A matrix of which some rows and columns exist; what is read elsewhere is 0.
struct Rows {
  const Half* start;
  ptrdiff_t row;
  int count, width;
  INLINE Integers at(int r, int column) const {
    const Half* from = start + r * row + column;
    if (r >= count || column >= width) return _mm512_setzero_si512();
    if (column + 32 <= width) return _mm512_loadu_si512(from);
    return _mm512_maskz_loadu_epi16((1u << (width - column)) - 1, from);
  }
};

// As left factor with rows in rows: [16 rows][32 columns]
INLINE void packRows(const Rows& x, int first, int column, Half* to) {
  for (int r = 0; r < 16; r++) _mm512_store_si512(to + r * 32, x.at(first + r, column));
}

// As right factor with rows in columns: [16 pairs of columns][16 rows]
INLINE void packColumns(const Rows& x, int first, int column, Half* to) {
  Integers y[16];
#pragma GCC unroll 16
  for (int r = 0; r < 16; r++) y[r] = x.at(first + r, column);
  transpose(y);
#pragma GCC unroll 16
  for (int r = 0; r < 16; r++) _mm512_store_si512(to + r * 32, y[r]);
}

// As right factor with pairs of rows in rows, 32 columns: [2][16 pairs of rows][16 columns]
INLINE void packPairs(const Rows& x, int first, int column, Half* to) {
  const Integers places = alternating();
  for (int r = 0; r < 16; r++) {
    const Integers a = x.at(first + 2 * r, column), b = x.at(first + 2 * r + 1, column);
    _mm512_store_si512(to + r * 32, _mm512_permutexvar_epi16(places, _mm512_shuffle_i64x2(a, b, 0x44)));
    _mm512_store_si512(to + tileHalves + r * 32, _mm512_permutexvar_epi16(places, _mm512_shuffle_i64x2(a, b, 0xee)));
  }
}

// As left factor with columns in rows, 32 columns: [2][16 columns][32 rows]
INLINE void packTransposed(const Rows& x, int first, int column, Half* to) {
  packPairs(x, first, column, to);
  for (int s = 0; s < 2; s++) {
    Integers y[16];
#pragma GCC unroll 16
    for (int r = 0; r < 16; r++) y[r] = _mm512_load_si512(to + s * tileHalves + r * 32);
    transpose(y);
#pragma GCC unroll 16
    for (int r = 0; r < 16; r++) _mm512_store_si512(to + s * tileHalves + r * 32, y[r]);
  }
}

}  // namespace
}  // namespace amx_bf16
}  // namespace toco
