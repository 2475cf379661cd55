// The passes over the pixels of a view, compiled to WebAssembly by build.js: one function for each file of src/transforms that
// calls it. Images are [height, width, 3] bytes; every rounding is Pillow's, so no product may be fused with a sum
// (-ffp-contract=off). Addresses come from the caller, who has made the memory large enough; 16 bytes behind each image may be read.
#include <stdint.h>
#include <wasm_simd128.h>

#define EXPORT(name) extern "C" __attribute__((export_name(name)))

namespace {

inline uint8_t clip(int32_t value) { return value < 0 ? 0 : value > 255 ? 255 : value; }

// (299 R + 587 G + 114 B) / 1000 in 16-bit fixed point, rounded.
inline int32_t luma(const uint8_t* p) { return (p[0] * 19595 + p[1] * 38470 + p[2] * 7471 + 0x8000) >> 16; }

inline v128_t widen(const uint8_t* p) {
  return wasm_u32x4_extend_low_u16x8(wasm_u16x8_extend_low_u8x16(wasm_v128_load32_zero(p)));
}

// Sums of weighted values carry 22 fractional bits.
constexpr int fractionBits = 22;

inline v128_t clipped(v128_t sums) {
  const v128_t whole = wasm_i32x4_shr(sums, fractionBits);
  const v128_t words = wasm_i16x8_narrow_i32x4(whole, whole);
  return wasm_u8x16_narrow_i16x8(words, words);
}

extern "C" uint8_t __heap_base;

}  // namespace

/// Where the memory is the caller's.
EXPORT("heap")
uint8_t* heap() { return &__heap_base; }

/// `height` rows of `width` pixels to rows of `count`: sums of `lengths[x]` pixels from `starts[x]` on.
EXPORT("resampleRows")
void resampleRows(const uint8_t* image, int width, int height, const int32_t* starts, const int32_t* lengths,
                  const int32_t* weights, int capacity, int count, uint8_t* out) {
  const v128_t half = wasm_i32x4_splat(1 << (fractionBits - 1));
  for (int y = 0; y < height; y++) {
    for (int x = 0; x < count; x++, out += 3) {
      const uint8_t* p = image + (y * width + starts[x]) * 3;
      const int32_t* w = weights + x * capacity;
      v128_t sums = half;
      for (int k = 0; k < lengths[x]; k++, p += 3)
        sums = wasm_i32x4_add(sums, wasm_i32x4_mul(widen(p), wasm_i32x4_splat(w[k])));
      // The fourth byte is the next pixel's, which comes later.
      wasm_v128_store32_lane(out, clipped(sums), 0);
    }
  }
}

/// Columns of rows that begin with `firstRow`, `stride` bytes each, to `count` rows.
EXPORT("resampleColumns")
void resampleColumns(const uint8_t* rows, int stride, int firstRow, const int32_t* starts, const int32_t* lengths,
                     const int32_t* weights, int capacity, int count, uint8_t* out) {
  const v128_t half = wasm_i32x4_splat(1 << (fractionBits - 1));
  for (int y = 0; y < count; y++, out += stride) {
    const uint8_t* source = rows + (starts[y] - firstRow) * stride;
    const int32_t* w = weights + y * capacity;
    // Four bytes beyond a row are the next row's, which comes later.
    for (int i = 0; i < stride; i += 4) {
      v128_t sums = half;
      const uint8_t* p = source + i;
      for (int k = 0; k < lengths[y]; k++, p += stride)
        sums = wasm_i32x4_add(sums, wasm_i32x4_mul(widen(p), wasm_i32x4_splat(w[k])));
      wasm_v128_store32_lane(out + i, clipped(sums), 0);
    }
  }
}

namespace {

// A box that reaches `radius` whole pixels to each side with `weight` and the next one with `edge`, all times 2^24.
struct Box {
  int radius;
  uint32_t weight;
  uint32_t edge;

  uint8_t operator()(uint32_t inner, uint32_t outer) const {
    return (inner * weight + outer * edge + (1u << 23)) >> 24;
  }
};

// `line` is a row with radius + 1 pixels more at each side, which repeat its borders.
void boxRow(const uint8_t* line, uint8_t* out, int width, const Box& box) {
  const int reach = 3 * (box.radius + 1);
  uint32_t red = 0, green = 0, blue = 0;
  for (int i = 3; i < 2 * reach; i += 3) {
    red += line[i];
    green += line[i + 1];
    blue += line[i + 2];
  }
  for (int x = 0; x < width; x++, line += 3, out += 3) {
    const uint8_t* far = line + 2 * reach;
    out[0] = box(red, line[0] + far[0]);
    out[1] = box(green, line[1] + far[1]);
    out[2] = box(blue, line[2] + far[2]);
    red += far[0] - line[3];
    green += far[1] - line[4];
    blue += far[2] - line[5];
  }
}

void boxColumns(const uint8_t* data, uint8_t* out, int stride, int height, const Box& box, uint32_t* sums) {
  const auto row = [&](int y) { return data + (y < 0 ? 0 : y >= height ? height - 1 : y) * stride; };
  for (int i = 0; i < stride; i++) sums[i] = 0;
  for (int y = -box.radius; y <= box.radius; y++) {
    const uint8_t* entering = row(y);
    for (int i = 0; i < stride; i++) sums[i] += entering[i];
  }
  for (int y = 0; y < height; y++, out += stride) {
    const uint8_t* before = row(y - box.radius - 1);
    const uint8_t* after = row(y + box.radius + 1);
    const uint8_t* leaving = row(y - box.radius);
    uint8_t* __restrict target = out;
    uint32_t* __restrict sum = sums;
    for (int i = 0; i < stride; i++) {
      target[i] = box(sum[i], before[i] + after[i]);
      sum[i] += after[i] - leaving[i];
    }
  }
}

}  // namespace

/// Three boxes along the rows of `data`, in place, then three along its columns, whose result is in `out`.
EXPORT("blur")
void blur(uint8_t* data, uint8_t* out, int width, int height, int radius, uint32_t weight, uint32_t edge,
          uint8_t* line, uint32_t* sums) {
  const Box box{radius, weight, edge};
  const int stride = 3 * width;
  const int reach = 3 * (radius + 1);
  for (int y = 0; y < height; y++) {
    uint8_t* row = data + y * stride;
    for (int pass = 0; pass < 3; pass++) {
      for (int i = 0; i < reach; i++) line[i] = row[i % 3];
      for (int i = 0; i < stride; i++) line[reach + i] = row[i];
      for (int i = 0; i < reach; i++) line[reach + stride + i] = row[stride - 3 + i % 3];
      boxRow(line, row, width, box);
    }
  }
  boxColumns(data, out, stride, height, box, sums);
  boxColumns(out, data, stride, height, box, sums);
  boxColumns(data, out, stride, height, box, sums);
}

/// Every value replaced by that of a table of 256.
EXPORT("mapValues")
void mapValues(uint8_t* data, int length, const uint8_t* table) {
  for (int i = 0; i < length; i++) data[i] = table[data[i]];
}

EXPORT("lumaSum")
double lumaSum(const uint8_t* data, int length) {
  uint64_t sum = 0;
  for (int i = 0; i < length; i += 3) sum += luma(data + i);
  return sum;
}

EXPORT("gray")
void gray(uint8_t* data, int length) {
  for (int i = 0; i < length; i += 3) data[i] = data[i + 1] = data[i + 2] = luma(data + i);
}

EXPORT("saturation")
void saturation(uint8_t* data, int length, float factor) {
  for (int i = 0; i < length; i += 3) {
    const int32_t y = luma(data + i);
    for (int c = i; c < i + 3; c++) data[c] = clip((float)y + factor * (float)(data[c] - y));
  }
}

namespace {

// 8-bit HSV: H by largest and smallest channel and the other's distance to the largest over the range; S by range and largest.
uint8_t hues[6][256][256];
uint8_t saturations[256][256];
uint8_t lows[256][256];  // V (1 - S), by V and S
bool hasTables = false;

uint8_t hueOf(float sextant) {
  const double turns = sextant / 6.0;
  return (int32_t)((double)(float)(turns < 0 ? turns + 1 : turns) * 255);
}

void makeTables() {
  for (int range = 1; range < 256; range++) {
    for (int middle = 0; middle <= range; middle++) {
      const double m = (float)middle / (float)range;
      hues[0][range][middle] = hueOf(1 - m);        // red largest, blue smallest
      hues[1][range][middle] = hueOf(m - 1);        // red, green
      hues[2][range][middle] = hueOf(2 + 1.0 - m);  // green, red
      hues[3][range][middle] = hueOf(2 + m - 1);    // green, blue
      hues[4][range][middle] = hueOf(4 + 1.0 - m);  // blue, green
      hues[5][range][middle] = hueOf(4 + m - 1);    // blue, red
    }
  }
  for (int value = 1; value < 256; value++)
    for (int range = 0; range <= value; range++)
      saturations[range][value] = (int32_t)((double)((float)range / (float)value) * 255);
  for (int value = 0; value < 256; value++)
    for (int s = 0; s < 256; s++) lows[value][s] = (int32_t)(value * (1 - (double)((float)s / 255.0f)) + 0.5);
  hasTables = true;
}

}  // namespace

/// `turn` is added to the H of every pixel and wraps at 256.
EXPORT("hue")
void hue(uint8_t* data, int length, int turn) {
  if (!hasTables) makeTables();
  uint8_t sectors[256];
  double fractions[256];
  for (int h = 0; h < 256; h++) {
    const float position = (float)(((h + turn) & 255) * 6) / 255.0f;
    const int whole = (int)position;
    sectors[h] = whole % 6;
    fractions[h] = (float)((double)position - whole);
  }
  for (int i = 0; i < length; i += 3) {
    uint8_t* p = data + i;
    const int red = p[0], green = p[1], blue = p[2];
    const int value = red > green ? (red > blue ? red : blue) : green > blue ? green : blue;
    const int least = red < green ? (red < blue ? red : blue) : green < blue ? green : blue;
    const int range = value - least;
    // An 8-bit saturation of 0 loses the hue, too.
    const int s = saturations[range][value];
    if (s == 0) {
      p[0] = p[1] = p[2] = value;
      continue;
    }
    const int middle = value - (red + green + blue - value - least);
    const int order = red == value     ? (blue == least ? 0 : 1)
                      : green == value ? (red == least ? 2 : 3)
                                       : (green == least ? 4 : 5);
    const int h = hues[order][range][middle];
    const double amount = (float)s / 255.0f;
    const double fraction = fractions[h];
    const uint8_t low = lows[value][s];
    const uint8_t falling = (int32_t)(value * (1 - amount * fraction) + 0.5);
    const uint8_t rising = (int32_t)(value * (1 - amount * (1 - fraction)) + 0.5);
    switch (sectors[h]) {
      case 0: p[0] = value, p[1] = rising, p[2] = low; break;
      case 1: p[0] = falling, p[1] = value, p[2] = low; break;
      case 2: p[0] = low, p[1] = value, p[2] = rising; break;
      case 3: p[0] = low, p[1] = falling, p[2] = value; break;
      case 4: p[0] = rising, p[1] = low, p[2] = value; break;
      default: p[0] = value, p[1] = low, p[2] = falling; break;
    }
  }
}
