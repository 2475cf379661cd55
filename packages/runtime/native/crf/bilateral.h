// The lattice of the bilateral kernel, arranged for one pass over the pixels.
//
// Pixels are sorted by strip of columns, then by simplex: a group of pixels shares its 6 vertices, whose rows of classes are
// loaded once to slice and added to once to splat. Blurs run in place along chains of neighbors; a vertex without
// neighbors on an axis is in none of them.
#pragma once
#include "embedding.h"
#include "options.h"
#include "vectors.h"

namespace {

constexpr int largestGroup = 64;  // pixels

// Columns of pixels in a strip: as many as leave its Gaussian message in the cache.
inline int stripWidthOf(const DenseCrfOptions& o) {
  const size_t column = size_t(o.height) * size_t(o.classes + lanes - 1) * 4, fit = (size_t(1) << 20) / column;
  return least(batch, most(8, int(fit) / 8 * 8));
}

struct Group {
  int32_t vertex[6];
  uint8_t first, last;  // bit k where no group before, or after, has vertex k
  uint16_t count;       // pixels
};

class Bilateral {
 public:
  bool fits = true;
  int32_t vertices = 0;
  Array<Group> groups;
  Array<int32_t> stripGroup;  // first group of each strip, and the end
  Array<int32_t> pixel;       // x·height + y, by position in the order
  Array<float> weights;       // [n, 6] barycentric weight × norm of the pixel
  Array<int32_t> chains[6];   // vertices along an axis; ~vertex at the end of a chain
  float scale = 0;            // of a sliced row

  Bilateral(const float* image, const DenseCrfOptions& o)
      : pixel(size_t(o.height) * o.width), weights(size_t(o.height) * o.width * 6) {
    const Embedding<5> embedding = embeddingOf(image, o);
    fits = embedding.fits;
    if (!fits) return;
    VertexTable table;
    sortPixels(image, o, embedding, table);
    vertices = int32_t(table.codes.size());
    markEnds();
    findChains(embedding, table);
    const float alpha = 1 / (1 + 1 / 32.f);
    normalize(alpha);
    scale = float(o.bilateralWeight * double(alpha) * 1.4426950408889634);
  }

  // Blurs rows of `vectors` vectors along all axes.
  template <class T> void blur(T* rows, int vectors) const {
    const size_t row = size_t(vectors) * lanes;
    for (const auto& chain : chains)
      for (size_t start = 0, end; start < chain.size(); start = end) {
        end = start + 1;
        while (chain[end - 1] >= 0) end++;
        for (size_t i = start; i < end; i++) {
          const int32_t ahead = chain[least(i + 8, chain.size() - 1)];
          prefetch(rows + size_t(ahead < 0 ? ~ahead : ahead) * row, int(row));
        }
        int v = 0;
        for (; v + 2 <= vectors; v += 2) blurChain<2>(&chain[start], rows + v * lanes, row);
        if (v < vectors) blurChain<1>(&chain[start], rows + v * lanes, row);
      }
  }

 private:
  template <int W, class T> static void blurChain(const int32_t* link, T* rows, size_t row) {
    Vector before[W], own[W];
    T* at = rows + size_t(*link) * row;  // a chain has two vertices at least
    UNROLLED for (int v = 0; v < W; v++) before[v] = all(0), own[v] = load(at + v * lanes);
    for (bool last = false; !last;) {
      const int32_t next = *++link;
      last = next < 0;
      T* after = rows + size_t(last ? ~next : next) * row;
      UNROLLED for (int v = 0; v < W; v++) {
        const Vector following = load(after + v * lanes);
        store(at + v * lanes, multiplyAdd(before[v] + following, all(.5f), own[v]));
        before[v] = own[v];
        own[v] = following;
      }
      at = after;
    }
    UNROLLED for (int v = 0; v < W; v++) store(at + v * lanes, multiplyAdd(before[v], all(.5f), own[v]));
  }

  static Embedding<5> embeddingOf(const float* image, const DenseCrfOptions& o) {
    double smallest[5] = {0, 0, 1e300, 1e300, 1e300}, highest[5] = {(o.width - 1) / o.bilateralSigmaXy,
                                                                    (o.height - 1) / o.bilateralSigmaXy, -1e300, -1e300, -1e300};
    float low[3], high[3];
    for (int c = 0; c < 3; c++) low[c] = high[c] = image[c];
    bool finite = true;
    const size_t n = size_t(o.height) * o.width;
    for (size_t i = 0; i < n; i++)
      for (int c = 0; c < 3; c++) {
        const float value = image[3 * i + c];
        low[c] = value < low[c] ? value : low[c];
        high[c] = value > high[c] ? value : high[c];
        finite &= value - value == 0;
      }
    double ranges[5], largest[5];
    for (int j = 0; j < 5; j++) {
      if (j >= 2) smallest[j] = low[j - 2] / o.bilateralSigmaRgb, highest[j] = high[j - 2] / o.bilateralSigmaRgb;
      ranges[j] = highest[j] - smallest[j];
      largest[j] = most(fabs(smallest[j]), fabs(highest[j]));
    }
    Embedding<5> embedding(ranges, largest);
    embedding.fits &= finite;
    return embedding;
  }

  struct Key {
    uint32_t low, high, ranks;
    int32_t count, start;
  };
  struct Slot {
    uint32_t low, high, ranks;
    int32_t strip, key;
  };

  void sortPixels(const float* image, const DenseCrfOptions& o, const Embedding<5>& embedding, VertexTable& table) {
    const int h = o.height, w = o.width, stripWidth = stripWidthOf(o);
    size_t slotCount = 1 << 12;
    while (slotCount < size_t(h) * stripWidth * 2) slotCount *= 2;
    Array<Slot> slots(slotCount, Slot{0, 0, 0, -1, 0});
    Array<Key> keys;
    Array<int32_t> keyOf(size_t(h) * stripWidth);
    Array<float> raw(size_t(h) * stripWidth * 6);
    Simplices<5> s;
    float feature[5][batch] = {};
    int32_t position = 0, strip = 0;
    for (int x0 = 0; x0 < w; x0 += stripWidth, strip++) {
      const int columns = least(stripWidth, w - x0);
      keys.clear();
      stripGroup.push(int32_t(groups.size()));
      for (int l = 0; l < columns; l++) feature[0][l] = float((x0 + l) / o.bilateralSigmaXy);
      for (int y = 0; y < h; y++) {
        const float* rgb = image + (size_t(y) * w + x0) * 3;
        for (int l = 0; l < columns; l++) {
          feature[1][l] = float(y / o.bilateralSigmaXy);
          for (int c = 0; c < 3; c++) feature[2 + c][l] = float(rgb[3 * l + c] / o.bilateralSigmaRgb);
        }
        embed<5>(embedding, feature, s);
        int32_t before = -1;
        for (int l = 0; l < columns; l++) {
          int32_t key = before;
          if (key < 0 || keys[key].low != s.low[l] || keys[key].high != s.high[l] || keys[key].ranks != s.ranks[l]) {
            const uint64_t hash = Code{s.low[l] * 31 + s.ranks[l], s.high[l]}.hash();
            size_t i = size_t(hash >> 20) & (slotCount - 1);
            for (; slots[i].strip == strip; i = (i + 1) & (slotCount - 1))
              if (slots[i].low == s.low[l] && slots[i].high == s.high[l] && slots[i].ranks == s.ranks[l]) break;
            if (slots[i].strip != strip) {
              slots[i] = {s.low[l], s.high[l], s.ranks[l], strip, int32_t(keys.size())};
              keys.push({s.low[l], s.high[l], s.ranks[l], 0, 0});
            }
            key = slots[i].key;
          }
          before = key;
          keys[key].count++;
          keyOf[size_t(y) * columns + l] = key;
          for (int k = 0; k < 6; k++) raw[(size_t(y) * columns + l) * 6 + k] = s.weight[k][l];
        }
      }
      for (Key& key : keys) {
        int order[6];
        for (int i = 0; i < 6; i++) order[key.ranks >> 3 * i & 7] = i;
        Group group = {};
        Code code = {key.low, key.high};
        for (int k = 0; k < 6; k++) {
          group.vertex[k] = table.insert(code);
          code = code + embedding.step[order[5 - k]];
        }
        for (int left = key.count; left > 0; left -= largestGroup) {
          group.count = uint16_t(least(left, largestGroup));
          groups.push(group);
        }
        key.start = position;
        position += key.count;
      }
      for (int y = 0, i = 0; y < h; y++)
        for (int l = 0; l < columns; l++, i++) {
          const size_t to = size_t(keys[keyOf[i]].start++);
          pixel[to] = (x0 + l) * h + y;
          memcpy(&weights[to * 6], &raw[size_t(i) * 6], 24);
        }
    }
    stripGroup.push(int32_t(groups.size()));
  }

  void markEnds() {
    Array<int64_t> seen(vertices, -1);
    for (size_t g = 0; g < groups.size(); g++)
      for (int k = 0; k < 6; k++) {
        int64_t& last = seen[groups[g].vertex[k]];
        if (last < 0) groups[g].first |= uint8_t(1 << k);
        last = int64_t(g * 8 + k);
      }
    for (const int64_t last : seen) groups[last >> 3].last |= uint8_t(1 << (last & 7));
  }

  void findChains(const Embedding<5>& embedding, const VertexTable& table) {
    Array<int32_t> next(vertices), previous(vertices);
    for (int axis = 0; axis < 6; axis++) {
      previous.fill(-1);
      for (int32_t v = 0; v < vertices; v++) {
        next[v] = table.find(table.codes[v] + embedding.step[axis]);
        if (next[v] >= 0) previous[next[v]] = v;
      }
      Array<int32_t> chain(vertices);
      chain.clear();
      for (int32_t v = 0; v < vertices; v++)
        if (previous[v] < 0 && next[v] >= 0)
          for (int32_t u = v; u >= 0; u = next[u]) chain.push(next[u] < 0 ? ~u : u);
      chains[axis] = static_cast<Array<int32_t>&&>(chain);
    }
  }

  // Weights × N of the pixel, N = 1/√(K·1 + 1e-20).
  void normalize(float alpha) {
    Array<float> sums(vertices, 0.f);
    size_t position = 0;
    for (const Group& g : groups)
      for (int i = 0; i < g.count; i++, position++)
        for (int k = 0; k < 6; k++) sums[g.vertex[k]] += weights[position * 6 + k];
    for (const auto& chain : chains) {
      float before = 0;
      for (size_t i = 0; i < chain.size(); i++) {
        const bool last = chain[i] < 0;
        float& sum = sums[last ? ~chain[i] : chain[i]];
        const float own = sum, after = last ? 0 : sums[chain[i + 1] < 0 ? ~chain[i + 1] : chain[i + 1]];
        sum = own + .5f * (before + after);
        before = last ? 0 : own;
      }
    }
    position = 0;
    for (const Group& g : groups)
      for (int i = 0; i < g.count; i++, position++) {
        float total = 0;
        for (int k = 0; k < 6; k++) total += weights[position * 6 + k] * sums[g.vertex[k]];
        const float norm = 1 / sqrtf(total * alpha + 1e-20f);
        for (int k = 0; k < 6; k++) weights[position * 6 + k] *= norm;
      }
  }
};

}  // namespace
