// The permutohedral lattice around points with D features (Adams, Baek, Davis 2010), 32 points at once.
//
// Single precision, operation by operation (so -ffp-contract=off): where coordinates tie, the rounding decides which
// vertices exist, and with them the result.
#pragma once
#include <math.h>

#include "array.h"

namespace {

constexpr int batch = 32;

// Vertices are named by two words that are linear in their first D coordinates: digits of mixed-radix numbers whose
// radices come from the extent of the features, modulo 2³², as in `latticeCodes` of @toco/crf.
struct Code {
  uint32_t low, high;
  bool operator==(const Code& o) const { return low == o.low && high == o.high; }
  Code operator+(const Code& o) const { return {low + o.low, high + o.high}; }
  uint64_t hash() const {
    const uint64_t h = (uint64_t(high) << 32 | low) * 0x9e3779b97f4a7c15u;
    return (h ^ h >> 29) * 0xbf58476d1ce4e5b9u;
  }
};

template <int D> struct Embedding {
  float scale[D + 1];
  Code unit[D];      // of a remainder-0 point's quotient
  Code step[D + 1];  // to the next vertex along an axis: all coordinates + 1, its own − D
  bool fits = true;  // whether the words can name every vertex, and single precision hold its coordinates

  explicit Embedding(const double (&ranges)[D], const double (&largest)[D]) {
    const float spread = float(sqrt(2.0 / 3) * (D + 1));
    double low = 1, high = 1, sum = 0, reach = 0;
    Code radix[D] = {}, total = {0, 0};
    for (int j = 1; j <= D; j++) scale[j] = float(double(spread) / sqrt(double(j * (j + 1))));
    for (int j = 1; j <= D; j++) reach += largest[j - 1] * double(scale[j]) * (j + 1);
    if (!(reach < 1 << 22)) fits = false;
    for (int i = D; i >= 0; i--) {
      const double range = i == 0 ? 0 : ranges[i - 1] * double(scale[i]);
      const double extent = ceil(sum + i * range) + 6 * (D + 1);
      sum += range;
      if (i == D) continue;
      if (low * extent <= 4294967296.0) {
        radix[i].low = uint32_t(uint64_t(low));
        low *= extent;
      } else if (high * extent <= 4294967296.0) {
        radix[i].high = uint32_t(uint64_t(high));
        high *= extent;
      } else {
        fits = false;
      }
      total = total + radix[i];
    }
    for (int i = 0; i <= D; i++) {
      const Code own = i < D ? Code{radix[i].low * (D + 1), radix[i].high * (D + 1)} : Code{0, 0};
      if (i < D) unit[i] = own;
      step[i] = {total.low - own.low, total.high - own.high};
    }
  }
};

template <int D> struct Simplices {
  uint32_t low[batch], high[batch];  // code of the remainder-0 vertex
  uint32_t ranks[batch];             // the simplex around it: rank of each coordinate, 3 bits each
  int32_t quotient[D + 1][batch];    // coordinates of the remainder-0 vertex, divided by D + 1
  float weight[D + 1][batch];        // barycentric weights
};

template <int D> void embed(const Embedding<D>& embedding, const float (*feature)[batch], Simplices<D>& out) {
  constexpr int B = batch;
  float sum[B] = {}, residual[D + 1][B], sorted[D + 1][B];
  int32_t rank[D + 1][B], excess[B] = {};
  auto& quotient = out.quotient;
  const float unit = float(1.0 / (D + 1));
  for (int j = D; j >= 0; j--)
    for (int l = 0; l < B; l++) {
      const float c = j ? feature[j - 1][l] * embedding.scale[j] : 0.f, e = sum[l] - float(j) * c, t = e * unit;
      float nearest = floorf(t);
      nearest += t - nearest >= .5f ? 1.f : 0.f;
      quotient[j][l] = int32_t(nearest);
      residual[j][l] = e - nearest * float(D + 1);
      excess[l] += quotient[j][l];
      sum[l] += c;
    }
  for (int i = 0; i <= D; i++)
    for (int l = 0; l < B; l++) rank[i][l] = excess[l];
  for (int i = 0; i < D; i++)
    for (int j = i + 1; j <= D; j++)
      for (int l = 0; l < B; l++) {
        const int32_t less = residual[i][l] < residual[j][l];
        rank[i][l] += less;
        rank[j][l] += 1 - less;
      }
  for (int l = 0; l < B; l++) out.low[l] = out.high[l] = out.ranks[l] = 0;
  for (int i = 0; i <= D; i++) {
    const Code one = i < D ? embedding.unit[i] : Code{0, 0};
    for (int l = 0; l < B; l++) {
      const int32_t turn = (rank[i][l] < 0) - (rank[i][l] > D);
      rank[i][l] += turn * (D + 1);
      quotient[i][l] += turn;
      residual[i][l] -= float(turn * (D + 1));
      out.ranks[l] |= uint32_t(rank[i][l]) << 3 * i;
      out.low[l] += uint32_t(quotient[i][l]) * one.low;
      out.high[l] += uint32_t(quotient[i][l]) * one.high;
    }
  }
  for (int r = 0; r <= D; r++)
    for (int l = 0; l < B; l++) {
      float value = 0;
      for (int i = 0; i <= D; i++) value = rank[i][l] == r ? residual[i][l] : value;
      sorted[r][l] = value;
    }
  for (int l = 0; l < B; l++) out.weight[0][l] = 1 + (sorted[D][l] - sorted[0][l]) * unit;
  for (int k = 1; k <= D; k++)
    for (int l = 0; l < B; l++) out.weight[k][l] = (sorted[D - k][l] - sorted[D - k + 1][l]) * unit;
}

class VertexTable {  // numbers codes in the order of their first appearance
 public:
  Array<Code> codes;
  VertexTable() : slots_(size_t(1) << bits_, -1) {}
  int32_t find(const Code& code) const {
    for (size_t s = slot(code);; s = (s + 1) & (slots_.size() - 1))
      if (slots_[s] < 0 || codes[slots_[s]] == code) return slots_[s];
  }
  int32_t insert(const Code& code) {
    size_t s = slot(code);
    for (; slots_[s] >= 0; s = (s + 1) & (slots_.size() - 1))
      if (codes[slots_[s]] == code) return slots_[s];
    slots_[s] = int32_t(codes.size());
    codes.push(code);
    if (codes.size() * 2 > slots_.size()) widen();
    return int32_t(codes.size()) - 1;
  }

 private:
  int bits_ = 17;
  Array<int32_t> slots_;
  size_t slot(const Code& code) const { return size_t(code.hash() >> (64 - bits_)); }
  void widen() {
    bits_++;
    slots_ = Array<int32_t>(size_t(1) << bits_, -1);
    for (size_t v = 0; v < codes.size(); v++) {
      size_t s = slot(codes[v]);
      while (slots_[s] >= 0) s = (s + 1) & (slots_.size() - 1);
      slots_[s] = int32_t(v);
    }
  }
};

}  // namespace
