// Rows of planes [width][channels] for WebAssembly, without a C library: built by wasm/build.js into src/masks/wasm/binary.ts.
//
// Whole vectors are read and written: behind each array there is room for three values more.
#include <cstddef>
#include <cstdint>

extern "C" {

#define EXPORTED(name) __attribute__((export_name(name)))

typedef float Vector __attribute__((vector_size(16), aligned(4), may_alias));
typedef int32_t Integers __attribute__((vector_size(16), aligned(4), may_alias));
constexpr int lanes = 4;

extern unsigned char __heap_base;

// The first byte that is free.
EXPORTED("start") size_t start() { return (size_t(&__heap_base) + 15) / 16 * 16; }

// A row at `to` places: between the values at `low` and at `high`, with `share` of the second.
EXPORTED("stretch")
void stretch(const float* row, const int32_t* low, const int32_t* high, const float* share, int to, int channels, float* out) {
  for (int x = 0; x < to; x++, out += channels) {
    const float *left = row + low[x] * channels, *right = row + high[x] * channels;
    const Vector part = Vector{} + share[x], rest = 1.f - part;
    for (int c = 0; c < channels; c += lanes)
      *(Vector*)(out + c) = *(const Vector*)(left + c) * rest + *(const Vector*)(right + c) * part;
  }
}

enum Combine { write, max, add };

// Between two rows of `length` values, with `share` of the second: over what is there, or combined with it.
EXPORTED("blend")
void blend(const float* first, const float* second, float share, int length, float* out, int combine) {
  const Vector part = Vector{} + share, rest = 1.f - part;
  const auto mixed = [&](int i) { return *(const Vector*)(first + i) * rest + *(const Vector*)(second + i) * part; };
  if (combine == max) {
    for (int i = 0; i < length; i += lanes) {
      const Vector x = mixed(i), y = *(const Vector*)(out + i);
      *(Vector*)(out + i) = x > y ? x : y;
    }
  } else if (combine == add) {
    for (int i = 0; i < length; i += lanes) *(Vector*)(out + i) += mixed(i);
  } else {
    for (int i = 0; i < length; i += lanes) *(Vector*)(out + i) = mixed(i);
  }
}

// e^x for x <= 0, to 3e-7 of its value; 0 below 2^-126.
static Vector exponential(Vector x) {
  const Vector scaled = x * 1.44269504f, smallest = Vector{} - 126.f;
  const Vector bounded = scaled < smallest ? smallest : scaled;
  const Vector shifted = bounded + 12582912.f;  // 1.5 * 2^23: the nearest integer is in the low bits
  const Vector f = bounded - (shifted - 12582912.f);
  // 2^f for |f| <= 1/2: its Taylor series
  Vector y = f * 1.5403530e-4f + 1.3333558e-3f;
  y = y * f + 9.6181291e-3f;
  y = y * f + 5.5504109e-2f;
  y = y * f + 2.4022651e-1f;
  y = y * f + 6.9314718e-1f;
  y = y * f + 1.f;
  y = (Vector)((Integers)y + ((Integers)shifted << 23));
  return scaled < smallest ? Vector{} : y;
}

// Softmax over the channels of every pixel, in place.
EXPORTED("softmax")
void softmax(float* values, int channels, int pixels) {
  for (; pixels > 0; pixels--, values += channels) {
    float most = values[0];
    for (int k = 1; k < channels; k++) most = values[k] > most ? values[k] : most;
    // The vector that reaches into the next pixel is written over what comes there, so that it is kept.
    float next[lanes];
    const int whole = (channels + lanes - 1) / lanes * lanes;
    for (int i = 0; i < lanes; i++) next[i] = values[whole - lanes + i];
    float sum = 0;
    for (int k = 0; k < whole; k += lanes) *(Vector*)(values + k) = exponential(*(const Vector*)(values + k) - most);
    for (int k = channels; k < whole; k++) values[k] = next[k - (whole - lanes)];
    for (int k = 0; k < channels; k++) sum += values[k];
    for (int k = 0; k < channels; k++) values[k] /= sum;
  }
}

}  // extern "C"
