// What is asked of kernels before they are used: are they right on this machine, and how fast?

#include <csetjmp>
#include <csignal>
#include <pthread.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "attention.h"
#include "linear.h"
#include "product.h"

namespace toco {
namespace {

float widened(uint16_t x) {
  const uint32_t bits = uint32_t(x) << 16;
  float y;
  std::memcpy(&y, &bits, 4);
  return y;
}

uint16_t rounded(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, 4);
  return uint16_t((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

// Values between -2 and 2 that bfloat16 holds exactly, the same in every process.
std::vector<float> draw(size_t count, uint32_t seed) {
  std::vector<float> values(count);
  for (auto& value : values) {
    seed = seed * 1664525 + 1013904223;
    value = widened(rounded(float(int32_t(seed)) / float(1u << 30)));
  }
  return values;
}

std::vector<uint16_t> narrowed(const std::vector<float>& values) {
  std::vector<uint16_t> halves(values.size());
  for (size_t i = 0; i < values.size(); i++) halves[i] = rounded(values[i]);
  return halves;
}

// A head of tokens that fill neither tiles nor vectors, of the size that heads have and that tiles serve.
constexpr AttentionShape checked = {1, 107, 2, 64};
constexpr size_t perToken = size_t(checked.heads) * checked.size;

struct Example {
  std::vector<float> qkv = draw(3 * checked.tokens * perToken, 1), dOutput = draw(checked.tokens * perToken, 2);
  std::vector<double> output = std::vector<double>(checked.tokens * perToken),
                      dQkv = std::vector<double>(3 * checked.tokens * perToken);

  Example() {
    const int tokens = checked.tokens, size = checked.size;
    const double scale = 1 / std::sqrt(double(size));
    std::vector<double> p(tokens), dP(tokens);
    for (int head = 0; head < checked.heads; head++)
      for (int t = 0; t < tokens; t++) {
        double top = -INFINITY, sum = 0, inner = 0;
        for (int u = 0; u < tokens; u++) {
          p[u] = 0;
          for (int i = 0; i < size; i++) p[u] += double(qkv[at(t, 0, head, i)]) * qkv[at(u, 1, head, i)] * scale;
          top = std::fmax(top, p[u]);
        }
        for (auto& x : p) sum += x = std::exp(x - top);
        for (int u = 0; u < tokens; u++) {
          p[u] /= sum;
          dP[u] = 0;
          for (int i = 0; i < size; i++) dP[u] += double(dOutput[at(t, head, i)]) * qkv[at(u, 2, head, i)];
          inner += p[u] * dP[u];
        }
        for (int u = 0; u < tokens; u++)
          for (int i = 0; i < size; i++) {
            const double dScore = p[u] * (dP[u] - inner) * scale;
            output[at(t, head, i)] += p[u] * qkv[at(u, 2, head, i)];
            dQkv[at(t, 0, head, i)] += dScore * qkv[at(u, 1, head, i)];
            dQkv[at(u, 1, head, i)] += dScore * qkv[at(t, 0, head, i)];
            dQkv[at(u, 2, head, i)] += p[u] * dOutput[at(t, head, i)];
          }
      }
  }

  static size_t at(int token, int kind, int head, int i) {
    return ((size_t(token) * 3 + kind) * checked.heads + head) * checked.size + i;
  }
  static size_t at(int token, int head, int i) { return (size_t(token) * checked.heads + head) * checked.size + i; }
};

float read(float x) { return x; }
float read(uint16_t x) { return widened(x); }

// Whether no value is off by more than `bound` of the largest.
template <class Value>
bool isNear(const std::vector<Value>& actual, const std::vector<double>& expected, double bound) {
  double largest = 0;
  for (const double x : expected) largest = std::fmax(largest, std::fabs(x));
  for (size_t i = 0; i < actual.size(); i++)
    if (!(std::fabs(read(actual[i]) - expected[i]) <= bound * largest)) return false;
  return true;
}

// Instructions that a processor says it has and does not know (an emulator or a hypervisor may say so) end what is under trial
// instead of the process.
sigjmp_buf beforeTrial;
pthread_t triedBy;

void endTrial(int signal) {
  if (pthread_equal(pthread_self(), triedBy)) siglongjmp(beforeTrial, 1);
  // Another thread's fault is not ours: it comes again, and does what it does without us.
  std::signal(signal, SIG_DFL);
}

// Whether `work` came to its end. What it calls may hold nothing that wants to be destroyed.
template <class F>
bool isKnown(F work) {
  struct sigaction ours = {}, before;
  ours.sa_handler = endTrial;
  triedBy = pthread_self();
  sigaction(SIGILL, &ours, &before);
  const bool came = sigsetjmp(beforeTrial, 1) == 0 && (work(), true);
  sigaction(SIGILL, &before, nullptr);
  return came;
}

template <class Value>
bool isRight(const Attention& attention, const Example& example, const std::vector<Value>& qkv,
             const std::vector<Value>& dOutput, double bound) {
  std::vector<Value> output(example.output.size()), dQkv(example.dQkv.size());
  std::vector<float> logSums(size_t(checked.tokens) * checked.heads);
  const bool known = isKnown([&] {
    for (int unit = 0; unit < checked.images * checked.heads; unit++) {
      attention.forward(checked, unit, {0, wholeQueries}, qkv.data(), output.data(), logSums.data());
      attention.forward(checked, unit, {wholeQueries, checked.tokens}, qkv.data(), output.data(), logSums.data());
      attention.backward(checked, unit, qkv.data(), output.data(), logSums.data(), dOutput.data(), dQkv.data());
    }
  });
  return known && isNear(output, example.output, bound) && isNear(dQkv, example.dQkv, 2 * bound);
}

}  // namespace

bool areRight(const AttentionKernels& kernels) {
  static const Example example;
  return isRight(kernels.float32, example, example.qkv, example.dOutput, 1e-5) &&
         isRight(kernels.bfloat16, example, narrowed(example.qkv), narrowed(example.dOutput), 1. / 128);
}

// Sizes that fill neither tiles nor vectors, and all that may come with the product.
bool isRight(const LinearKernel& kernel) {
  constexpr int rows = 13, inputs = 101, outputs = 75;
  const auto x = draw(rows * inputs, 1), weight = draw(outputs * inputs, 2), bias = draw(outputs, 3),
             scale = draw(outputs, 4), residual = draw(rows * outputs, 5), normWeight = draw(inputs, 6),
             normBias = draw(inputs, 7);
  const LinearMap map = {rows,         inputs,          outputs,           x.data(),        weight.data(), bias.data(),
                         scale.data(), residual.data(), normWeight.data(), normBias.data(), 1e-6f,         true};
  std::vector<double> expected(residual.begin(), residual.end());
  for (int r = 0; r < rows; r++) {
    const float* row = x.data() + r * inputs;
    double mean = 0, variance = 0;
    for (int i = 0; i < inputs; i++) mean += row[i] / double(inputs);
    for (int i = 0; i < inputs; i++) variance += (row[i] - mean) * (row[i] - mean) / inputs;
    for (int o = 0; o < outputs; o++) {
      double sum = bias[o];
      for (int i = 0; i < inputs; i++)
        sum += ((row[i] - mean) / std::sqrt(variance + map.epsilon) * normWeight[i] + normBias[i]) * weight[o * inputs + i];
      expected[r * outputs + o] += scale[o] * sum * 0.5 * std::erfc(-sum / std::sqrt(2.));
    }
  }
  std::vector<float> packed(kernel.packedSize(map)), y(expected.size());
  const bool known = isKnown([&] {
    for (int panel = 0; panel < kernel.panels(map); panel++) kernel.pack(map, panel, packed.data());
    kernel.map(map, 0, rows, packed.data(), y.data());
  });
  return known && isNear(y, expected, 1e-5);
}

#if defined(__x86_64__)

// Sizes that fill no tiles, and such that the left factor is read where it lies.
bool areProductsRight() {
  for (const ProductShape shape : {ProductShape{45, 70, 50, false, false}, ProductShape{33, 21, 64, false, true},
                                   ProductShape{37, 100, 75, true, false}}) {
    const auto [rows, columns, steps, transposeA, transposeB] = shape;
    const auto a = draw(size_t(rows) * steps, 1), b = draw(size_t(steps) * columns, 2), bias = draw(size_t(columns), 3);
    std::vector<double> expected(size_t(rows) * columns);
    for (int r = 0; r < rows; r++)
      for (int c = 0; c < columns; c++) {
        double sum = bias[c];
        for (int s = 0; s < steps; s++)
          sum += double(a[transposeA ? s * rows + r : r * steps + s]) * b[transposeB ? c * steps + s : s * columns + c];
        expected[size_t(r) * columns + c] = sum;
      }
    const auto x = narrowed(a), y = narrowed(b), z = narrowed(bias);
    std::vector<uint16_t> actual(expected.size());
    const bool known = isKnown([&, shape = shape] {
      constexpr int threads = 2;
      for (int unit = 0; unit < amx_bf16::productUnits(shape, threads); unit++)
        amx_bf16::product(shape, threads, unit, x.data(), y.data(), z.data(), actual.data());
    });
    // The rounding of the result is at most 1/256 of it.
    if (!known || !isNear(actual, expected, 1. / 240)) return false;
  }
  return true;
}

#endif

void measure(const AttentionKernels* const kernels[], int count, double seconds[]) {
  constexpr AttentionShape shape = {1, 197, 1, 64};
  constexpr size_t values = size_t(shape.tokens) * shape.size;
  const auto qkv = narrowed(draw(3 * values, 1)), dOutput = narrowed(draw(values, 2));
  std::vector<uint16_t> output(values), dQkv(3 * values);
  std::vector<float> logSums(shape.tokens);
  for (int run = 0; run < 6; run++)
    for (int i = 0; i < count; i++) {
      const auto began = std::chrono::steady_clock::now();
      kernels[i]->bfloat16.forward(shape, 0, {0, shape.tokens}, qkv.data(), output.data(), logSums.data());
      kernels[i]->bfloat16.backward(shape, 0, qkv.data(), output.data(), logSums.data(), dOutput.data(), dQkv.data());
      const double took = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
      // the first time memory is taken
      if (run == 1 || (run > 1 && took < seconds[i])) seconds[i] = took;
    }
}

}  // namespace toco
