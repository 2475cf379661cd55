// Vectors of classes for AVX-512, AVX2, NEON and WebAssembly, and the few functions of the mean field on them.
//
// What is in these headers has internal linkage and uses no templates of the C++ library: code for several instruction
// sets lies in one module, and the linker must never give one set's copy of a function to another.
#pragma once
#ifdef __wasm__
#include <wasm_simd128.h>
#elif defined(__x86_64__)
#include <immintrin.h>
#endif
#include <stddef.h>
#include <stdint.h>

#define INLINE static inline __attribute__((always_inline))

namespace {

// A 16-bit float in memory (5 bits of exponent); WebAssembly has none.
struct Half {
  uint16_t bits;
};

#if defined(__AVX512F__)
typedef __m512 Vector;
INLINE Vector all(float x) { return _mm512_set1_ps(x); }
INLINE Vector load(const float* p) { return _mm512_loadu_ps(p); }
INLINE void store(float* p, Vector x) { _mm512_storeu_ps(p, x); }
INLINE Vector multiplyAdd(Vector a, Vector b, Vector c) { return _mm512_fmadd_ps(a, b, c); }
INLINE Vector larger(Vector a, Vector b) { return _mm512_max_ps(a, b); }
INLINE Vector smaller(Vector a, Vector b) { return _mm512_min_ps(a, b); }
INLINE Vector rounded(Vector x) { return _mm512_roundscale_ps(x, 8); }
INLINE Vector timesPowerOf2(Vector x, Vector whole) { return _mm512_scalef_ps(x, whole); }
INLINE void splitLogarithm(Vector x, Vector& exponent, Vector& mantissa) {  // x = 2^exponent · mantissa in [√½, √2)
  const __m512i bits = _mm512_castps_si512(x);
  const __m512i power = _mm512_srai_epi32(_mm512_sub_epi32(bits, _mm512_set1_epi32(0x3f3504f3)), 23);
  exponent = _mm512_cvtepi32_ps(power);
  mantissa = _mm512_castsi512_ps(_mm512_sub_epi32(bits, _mm512_slli_epi32(power, 23)));
}
INLINE float sumOf(Vector x) { return _mm512_reduce_add_ps(x); }
INLINE Vector load(const Half* p) { return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i*)p)); }
INLINE void store(Half* p, Vector x) { _mm256_storeu_si256((__m256i*)p, _mm512_cvtps_ph(x, 0)); }
#elif defined(__AVX2__)
typedef __m256 Vector;
INLINE Vector all(float x) { return _mm256_set1_ps(x); }
INLINE Vector load(const float* p) { return _mm256_loadu_ps(p); }
INLINE void store(float* p, Vector x) { _mm256_storeu_ps(p, x); }
INLINE Vector multiplyAdd(Vector a, Vector b, Vector c) { return _mm256_fmadd_ps(a, b, c); }
INLINE Vector larger(Vector a, Vector b) { return _mm256_max_ps(a, b); }
INLINE Vector smaller(Vector a, Vector b) { return _mm256_min_ps(a, b); }
INLINE Vector rounded(Vector x) { return _mm256_round_ps(x, 8); }
INLINE Vector timesPowerOf2(Vector x, Vector whole) {
  const __m256i power = _mm256_slli_epi32(_mm256_cvtps_epi32(whole), 23);
  return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(x), power));
}
INLINE void splitLogarithm(Vector x, Vector& exponent, Vector& mantissa) {
  const __m256i bits = _mm256_castps_si256(x);
  const __m256i power = _mm256_srai_epi32(_mm256_sub_epi32(bits, _mm256_set1_epi32(0x3f3504f3)), 23);
  exponent = _mm256_cvtepi32_ps(power);
  mantissa = _mm256_castsi256_ps(_mm256_sub_epi32(bits, _mm256_slli_epi32(power, 23)));
}
INLINE float sumOf(Vector x) {
  __m128 s = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  s = _mm_add_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_add_ss(s, _mm_shuffle_ps(s, s, 1)));
}
INLINE Vector load(const Half* p) { return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i*)p)); }
INLINE void store(Half* p, Vector x) { _mm_storeu_si128((__m128i*)p, _mm256_cvtps_ph(x, 0)); }
#elif defined(__aarch64__)
typedef float Vector __attribute__((vector_size(16)));
typedef float Unaligned __attribute__((vector_size(16), aligned(4), may_alias));
typedef int Whole __attribute__((vector_size(16)));
INLINE Vector all(float x) { return Vector{x, x, x, x}; }
INLINE Vector load(const float* p) { return *(const Unaligned*)p; }
INLINE void store(float* p, Vector x) { *(Unaligned*)p = x; }
INLINE Vector multiplyAdd(Vector a, Vector b, Vector c) {
  asm("fmla %0.4s, %1.4s, %2.4s" : "+w"(c) : "w"(a), "w"(b));
  return c;
}
INLINE Vector larger(Vector a, Vector b) { return a > b ? a : b; }
INLINE Vector smaller(Vector a, Vector b) { return a < b ? a : b; }
INLINE Vector rounded(Vector x) {
  asm("frintn %0.4s, %1.4s" : "=w"(x) : "w"(x));
  return x;
}
INLINE Vector timesPowerOf2(Vector x, Vector whole) {
  return (Vector)((Whole)x + (__builtin_convertvector(whole, Whole) << 23));
}
INLINE void splitLogarithm(Vector x, Vector& exponent, Vector& mantissa) {
  const Whole power = ((Whole)x - 0x3f3504f3) >> 23;
  exponent = __builtin_convertvector(power, Vector);
  mantissa = (Vector)((Whole)x - (power << 23));
}
INLINE float sumOf(Vector x) { return (x[0] + x[1]) + (x[2] + x[3]); }
typedef __fp16 UnalignedHalf __attribute__((aligned(2), may_alias));
typedef __fp16 Halves __attribute__((vector_size(8)));
typedef __fp16 UnalignedHalves __attribute__((vector_size(8), aligned(2), may_alias));
INLINE Vector load(const Half* p) { return __builtin_convertvector(*(const UnalignedHalves*)p, Vector); }
INLINE void store(Half* p, Vector x) { *(UnalignedHalves*)p = __builtin_convertvector(x, Halves); }
#else
typedef float Vector __attribute__((vector_size(16)));
INLINE Vector all(float x) { return (Vector)wasm_f32x4_splat(x); }
INLINE Vector load(const float* p) { return (Vector)wasm_v128_load(p); }
INLINE void store(float* p, Vector x) { wasm_v128_store(p, (v128_t)x); }
INLINE Vector multiplyAdd(Vector a, Vector b, Vector c) { return a * b + c; }
INLINE Vector larger(Vector a, Vector b) { return (Vector)wasm_f32x4_pmax((v128_t)a, (v128_t)b); }
INLINE Vector smaller(Vector a, Vector b) { return (Vector)wasm_f32x4_pmin((v128_t)a, (v128_t)b); }
// |x| < 2²²: adding 1.5·2²³ leaves no place behind the point, and the whole number in the lowest bits.
INLINE Vector rounded(Vector x) { return (x + all(12582912.f)) - all(12582912.f); }
INLINE Vector timesPowerOf2(Vector x, Vector whole) {
  const v128_t power = wasm_i32x4_shl((v128_t)(whole + all(12582912.f)), 23);
  return (Vector)wasm_i32x4_add((v128_t)x, power);
}
INLINE void splitLogarithm(Vector x, Vector& exponent, Vector& mantissa) {
  const v128_t power = wasm_i32x4_shr(wasm_i32x4_sub((v128_t)x, wasm_i32x4_splat(0x3f3504f3)), 23);
  exponent = (Vector)wasm_f32x4_convert_i32x4(power);
  mantissa = (Vector)wasm_i32x4_sub((v128_t)x, wasm_i32x4_shl(power, 23));
}
INLINE float sumOf(Vector x) { return (x[0] + x[1]) + (x[2] + x[3]); }
#endif

INLINE float number(float x) { return x; }
#ifdef __x86_64__
INLINE float number(Half x) { return _cvtsh_ss(x.bits); }
#elif defined(__aarch64__)
INLINE float number(Half x) { return *(const UnalignedHalf*)&x; }
#endif

constexpr int lanes = sizeof(Vector) / 4;
typedef int Bits __attribute__((vector_size(sizeof(Vector))));

#ifdef __clang__
#define UNROLLED _Pragma("unroll")
#else
#define UNROLLED _Pragma("GCC unroll 6")
#endif

// Asks for the memory that is needed soon: the streams of the mean field jump between rows. WebAssembly can't.
INLINE void prefetch(const float* p, int count) {
#ifndef __wasm__
  for (int i = 0; i < count; i += 16) __builtin_prefetch(p + i, 1);
#else
  (void)p, (void)count;
#endif
}

#ifndef __wasm__
INLINE void prefetch(const Half* p, int count) {
  for (int i = 0; i < count; i += 32) __builtin_prefetch(p + i, 1);
}
#endif

INLINE Vector powerOf2(Vector x) {  // −126 ≤ x ≤ 126; exact to single precision
  const Vector whole = rounded(x), f = x - whole;
  Vector p = multiplyAdd(all(0.00015461448f), f, all(0.0013390867f));
  p = multiplyAdd(p, f, all(0.009618057f));
  p = multiplyAdd(p, f, all(0.05550357f));
  p = multiplyAdd(p, f, all(0.2402265f));
  p = multiplyAdd(p, f, all(0.6931472f));
  p = multiplyAdd(p, f, all(1.0f));
  return timesPowerOf2(p, whole);
}

INLINE Vector logarithm2(Vector x) {  // of normal positive numbers
  Vector exponent, mantissa;
  splitLogarithm(x, exponent, mantissa);
  const Vector t = mantissa - all(1);
  Vector p = multiplyAdd(all(0.12614846f), t, all(-0.20742103f));
  p = multiplyAdd(p, t, all(0.21566986f));
  p = multiplyAdd(p, t, all(-0.23892035f));
  p = multiplyAdd(p, t, all(0.28791833f));
  p = multiplyAdd(p, t, all(-0.36070484f));
  p = multiplyAdd(p, t, all(0.4809106f));
  p = multiplyAdd(p, t, all(-0.7213473f));
  p = multiplyAdd(p, t, all(1.442695f));
  return multiplyAdd(p, t, exponent);
}

}  // namespace
