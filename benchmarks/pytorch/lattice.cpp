// Bilateral filter on the permutohedral lattice (Adams, Baek, Davis 2010; METHOD section 4), one thread per image.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <thread>
#include <vector>

namespace {

constexpr int D = 5;        // features of a point: x, y, r, g, b
constexpr int BITS = 12;    // of one coordinate in a key; five of the six coordinates name a vertex
constexpr int64_t BIAS = 1 << (BITS - 1);

using Key = uint64_t;
constexpr Key EMPTY = ~Key(0);

// Vertices by key: open addressing, indices in the order of insertion.
class Table {
 public:
  explicit Table(size_t expected) {
    size_t capacity = 1 << 12;
    while (capacity < 2 * expected) capacity *= 2;
    slots_.assign(capacity, {EMPTY, 0});
  }

  int insert(Key key) {
    size_t at = slot(key);
    if (slots_[at].key == key) return slots_[at].index;
    const int index = static_cast<int>(keys_.size());
    keys_.push_back(key);
    slots_[at] = {key, index};
    if (2 * keys_.size() > slots_.size()) grow();
    return index;
  }

  int find(Key key) const {
    const Slot &found = slots_[slot(key)];
    return found.key == key ? found.index : -1;
  }

  const std::vector<Key> &keys() const { return keys_; }

 private:
  struct Slot {
    Key key;
    int index;
  };

  size_t slot(Key key) const {
    const size_t mask = slots_.size() - 1;
    size_t at = (key * 0x9E3779B97F4A7C15ull >> 20) & mask;
    while (slots_[at].key != key && slots_[at].key != EMPTY) at = (at + 1) & mask;
    return at;
  }

  void grow() {
    slots_.assign(2 * slots_.size(), {EMPTY, 0});
    for (size_t i = 0; i < keys_.size(); i++) slots_[slot(keys_[i])] = {keys_[i], static_cast<int>(i)};
  }

  std::vector<Slot> slots_;
  std::vector<Key> keys_;
};

struct Lattice {
  std::vector<int> offsets;     // [n, D+1]
  std::vector<float> weights;   // [n, D+1]
  std::vector<int> neighbours;  // [D+1, V, 2], 0 where missing: rows count from 1
  int vertices = 0;
};

// A key is linear in the coordinates, so a step along the lattice adds a constant.
Key code(const int *coordinates) {
  Key key = 0;
  for (int i = 0; i < D; i++) key = (key << BITS) + static_cast<Key>(coordinates[i] + BIAS);
  return key;
}

bool build(const float *levels, int height, int width, float sigma_xy, float sigma_rgb, Lattice &lattice) {
  const int points = height * width;
  float scale[D + 1];
  for (int j = 1; j <= D; j++) scale[j] = std::sqrt(2.0f / 3.0f) * (D + 1) / std::sqrt(float(j * (j + 1)));
  // From one vertex to the next along an axis: every coordinate + 1, that of the axis - D.
  Key step[D + 1];
  {
    Key ones = 0;
    for (int i = 0; i < D; i++) ones = (ones << BITS) + 1;
    for (int axis = 0; axis <= D; axis++)
      step[axis] = axis < D ? ones - (static_cast<Key>(D + 1) << (BITS * (D - 1 - axis))) : ones;
  }
  Table table(points / 2);
  lattice.offsets.resize(points * (D + 1));
  lattice.weights.resize(points * (D + 1));
  for (int point = 0; point < points; point++) {
    const float features[D] = {(point % width) / sigma_xy, (point / width) / sigma_xy, levels[3 * point] / sigma_rgb,
                               levels[3 * point + 1] / sigma_rgb, levels[3 * point + 2] / sigma_rgb};
    float residual[D + 1];
    int nearest[D + 1];
    int excess = 0;
    float sum = 0;
    for (int j = D; j >= 0; j--) {
      const float c = j == 0 ? 0 : features[j - 1] * scale[j];
      const float e = sum - j * c;
      nearest[j] = static_cast<int>(std::floor(e * (1.0f / (D + 1)) + 0.5f));
      residual[j] = e - nearest[j] * (D + 1);
      excess += nearest[j];
      sum += c;
    }
    int rank[D + 1];
    std::fill(rank, rank + D + 1, excess);
    for (int i = 0; i < D; i++)
      for (int j = i + 1; j <= D; j++) ++(residual[i] < residual[j] ? rank[i] : rank[j]);
    int order[D + 1];
    int coordinates[D + 1];
    for (int i = 0; i <= D; i++) {
      const int shift = rank[i] < 0 ? 1 : rank[i] > D ? -1 : 0;
      rank[i] += shift * (D + 1);
      nearest[i] += shift;
      residual[i] -= shift * (D + 1);
      order[rank[i]] = i;
      coordinates[i] = nearest[i] * (D + 1);
      if (coordinates[i] < -BIAS + 2 * D || coordinates[i] >= BIAS - 2 * D) return false;
    }
    Key key = code(coordinates);
    float weight = 1 + (residual[order[D]] - residual[order[0]]) / (D + 1);
    for (int k = 0; k <= D; k++) {
      const int axis = order[D - k];
      lattice.offsets[point * (D + 1) + k] = table.insert(key) + 1;
      lattice.weights[point * (D + 1) + k] = weight;
      key += step[axis];
      if (k < D) weight = (residual[order[D - k - 1]] - residual[axis]) / (D + 1);
    }
  }
  const std::vector<Key> &keys = table.keys();
  lattice.vertices = static_cast<int>(keys.size());
  lattice.neighbours.assign(size_t(D + 1) * lattice.vertices * 2, 0);
  for (int axis = 0; axis <= D; axis++) {
    int *pairs = lattice.neighbours.data() + size_t(axis) * lattice.vertices * 2;
    for (int vertex = 0; vertex < lattice.vertices; vertex++) {
      const int next = table.find(keys[vertex] + step[axis]);
      if (next < 0) continue;
      pairs[2 * vertex] = next + 1;
      pairs[2 * next + 1] = vertex + 1;
    }
  }
  return true;
}

void filter(const Lattice &lattice, const float *values, float *out, int points, int channels) {
  std::vector<float> rows(size_t(lattice.vertices + 1) * channels, 0.0f);  // row 0 stands for missing vertices
  std::vector<float> blurred(rows.size(), 0.0f);
  for (int point = 0; point < points; point++)
    for (int k = 0; k <= D; k++) {
      const float weight = lattice.weights[point * (D + 1) + k];
      float *row = rows.data() + size_t(lattice.offsets[point * (D + 1) + k]) * channels;
      const float *value = values + size_t(point) * channels;
      for (int c = 0; c < channels; c++) row[c] += weight * value[c];
    }
  for (int axis = 0; axis <= D; axis++) {
    const int *pairs = lattice.neighbours.data() + size_t(axis) * lattice.vertices * 2;
    for (int vertex = 0; vertex < lattice.vertices; vertex++) {
      const float *own = rows.data() + size_t(vertex + 1) * channels;
      const float *first = rows.data() + size_t(pairs[2 * vertex]) * channels;
      const float *second = rows.data() + size_t(pairs[2 * vertex + 1]) * channels;
      float *target = blurred.data() + size_t(vertex + 1) * channels;
      for (int c = 0; c < channels; c++) target[c] = own[c] + 0.5f * (first[c] + second[c]);
    }
    std::swap(rows, blurred);
  }
  const float alpha = 1.0f / (1.0f + std::pow(2.0f, -float(D)));
  for (int point = 0; point < points; point++) {
    float *target = out + size_t(point) * channels;
    std::fill(target, target + channels, 0.0f);
    for (int k = 0; k <= D; k++) {
      const float weight = lattice.weights[point * (D + 1) + k] * alpha;
      const float *row = rows.data() + size_t(lattice.offsets[point * (D + 1) + k]) * channels;
      for (int c = 0; c < channels; c++) target[c] += weight * row[c];
    }
  }
}

}  // namespace

// levels [B,h,w,3] in 0..255, values and out [B,h,w,c]. Returns 0, or 1 where a feature spans too much lattice.
extern "C" int bilateral_filter(const float *levels, const float *values, float *out, int batch, int height, int width,
                                int channels, float sigma_xy, float sigma_rgb, int threads) {
  const size_t points = size_t(height) * width;
  std::vector<int> failed(batch, 0);
  auto work = [&](int worker) {
    for (int b = worker; b < batch; b += threads) {
      Lattice lattice;
      if (!build(levels + b * points * 3, height, width, sigma_xy, sigma_rgb, lattice)) {
        failed[b] = 1;
        continue;
      }
      filter(lattice, values + b * points * channels, out + b * points * channels, static_cast<int>(points), channels);
    }
  };
  threads = std::max(1, std::min(threads, batch));
  std::vector<std::thread> workers;
  for (int worker = 1; worker < threads; worker++) workers.emplace_back(work, worker);
  work(0);
  for (auto &worker : workers) worker.join();
  return *std::max_element(failed.begin(), failed.end());
}
