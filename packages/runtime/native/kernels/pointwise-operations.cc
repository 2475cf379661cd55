// TocoGelu: x of any shape -> y of its shape
// TocoLayerNorm: x [...,size], weight [size], bias [size], epsilon [] -> y of the shape of x

#include <algorithm>
#include <vector>

#include "pointwise.h"
#include "tensorflow.h"
#include "workers.h"

namespace toco {
namespace {

constexpr size_t unit = 16384;  // values that a thread takes at a time

struct Kernel {
  int32_t threads = 1;
  Kernel(TF_OpKernelConstruction* construction, TF_Status* status) {
    TF_OpKernelConstruction_GetAttrInt32(construction, "threads", &threads, status);
  }
};

std::vector<int64_t> shapeOf(const TF_Tensor* x) {
  std::vector<int64_t> dims;
  for (int i = 0; i < TF_NumDims(x); i++) dims.push_back(TF_Dim(x, i));
  return dims;
}

size_t countOf(const std::vector<int64_t>& dims) {
  size_t count = 1;
  for (int64_t dim : dims) count *= size_t(dim);
  return count;
}

void computeGelu(void* kernel, TF_OpKernelContext* context) {
  Call call(context);
  const TF_Tensor* x = call.input(0);
  if (call.fails()) return;
  const auto dims = shapeOf(x);
  auto* y = call.output<float>(0, TF_FLOAT, dims);
  if (call.fails()) return;
  const size_t count = countOf(dims);
  const auto* values = (const float*)TF_TensorData(x);
  Workers::instance().run(((Kernel*)kernel)->threads, int((count + unit - 1) / unit), [=](int i) {
    const size_t first = size_t(i) * unit;
    gelu(values + first, y + first, std::min(unit, count - first));
  });
}

void computeLayerNorm(void* kernel, TF_OpKernelContext* context) {
  Call call(context);
  const TF_Tensor *x = call.input(0), *weight = call.input(1), *bias = call.input(2), *epsilon = call.input(3);
  if (call.fails()) return;
  const auto dims = shapeOf(x);
  const bool fits = !dims.empty() && hasShape(weight, {dims.back()}) && hasShape(bias, {dims.back()}) &&
                    TF_NumDims(epsilon) == 0;
  if (!fits && call.fails("TocoLayerNorm takes [...,size], weight and bias [size], and a number")) return;
  auto* y = call.output<float>(0, TF_FLOAT, dims);
  const size_t count = countOf(dims);
  if (call.fails() || count == 0) return;
  const size_t size = size_t(dims.back()), rows = count / size, perUnit = std::max<size_t>(1, unit / size);
  const LayerNorm norm = {(const float*)TF_TensorData(weight), (const float*)TF_TensorData(bias), size,
                          *(const float*)TF_TensorData(epsilon)};
  const auto* values = (const float*)TF_TensorData(x);
  Workers::instance().run(((Kernel*)kernel)->threads, int((rows + perUnit - 1) / perUnit), [=](int i) {
    const size_t first = size_t(i) * perUnit, last = std::min(rows, first + perUnit);
    for (size_t row = first; row < last; row++) norm.row(values + row * size, y + row * size);
  });
}

}  // namespace

void registerPointwise(TF_Status* status) {
  const auto attributes = {"T: {float} = DT_FLOAT", "threads: int >= 1 = 1"};
  define({"TocoGelu", attributes, {"x: T"}, {"y: T"}, inferLikeInput}, status);
  define({"TocoLayerNorm",
          attributes,
          {"x: T", "weight: T", "bias: T", "epsilon: T"},
          {"y: T"},
          inferLikeInput},
         status);
  serve<Kernel>("TocoGelu", TF_FLOAT, computeGelu, status);
  serve<Kernel>("TocoLayerNorm", TF_FLOAT, computeLayerNorm, status);
}

}  // namespace toco
