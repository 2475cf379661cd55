// TocoLinear: x [...,inputs], weight [outputs,inputs], and of these what the attributes say there is, in this order: bias [outputs],
// scale [outputs], residual [...,outputs], norm_weight [inputs], norm_bias [inputs], epsilon []
// -> y [...,outputs] = residual + scale·activation(norm(x) weightᵀ + bias)

#include <algorithm>
#include <vector>

#include "linear.h"
#include "scratch.h"
#include "tensorflow.h"
#include "workers.h"

namespace toco {
namespace {

const LinearKernel* chosen = nullptr;

struct Kernel {
  int32_t threads = 1;
  unsigned char gelu = 0, bias = 0, scale = 0, residual = 0, norm = 0;
  Kernel(TF_OpKernelConstruction* construction, TF_Status* status) {
    TF_OpKernelConstruction_GetAttrInt32(construction, "threads", &threads, status);
    const struct {
      const char* name;
      unsigned char* value;
    } switches[] = {
        {"gelu", &gelu}, {"bias", &bias}, {"scale", &scale}, {"residual", &residual}, {"norm", &norm}};
    for (const auto& [name, value] : switches)
      if (TF_GetCode(status) == TF_OK) TF_OpKernelConstruction_GetAttrBool(construction, name, value, status);
  }
  int others() const { return bias + scale + residual + 3 * norm; }
};

void compute(void* data, TF_OpKernelContext* context) {
  const Kernel& kernel = *(const Kernel*)data;
  Call call(context);
  const TF_Tensor *x = call.input(0), *weight = call.input(1);
  if (call.fails()) return;
  const char* sizes =
      "TocoLinear takes [...,inputs], a weight [outputs,inputs], and what goes with them: bias and scale [outputs], residual "
      "[...,outputs], norm [inputs] twice, and a number";
  if ((TF_NumDims(x) < 1 || TF_NumDims(weight) != 2 || TF_NumInputs(context) != 2 + kernel.others()) && call.fails(sizes))
    return;
  const int64_t inputs = TF_Dim(weight, 1), outputs = TF_Dim(weight, 0);
  std::vector<int64_t> dims;
  int64_t rows = 1;
  for (int i = 0; i + 1 < TF_NumDims(x); i++) {
    dims.push_back(TF_Dim(x, i));
    rows *= dims.back();
  }
  bool fits = TF_Dim(x, int(dims.size())) == inputs && inputs > 0;
  dims.push_back(outputs);
  int next = 2;
  const auto other = [&](bool given, const std::vector<int64_t>& shape) -> const float* {
    const TF_Tensor* tensor = given ? call.input(next++) : nullptr;
    if (!tensor) return nullptr;
    fits = fits && TF_NumDims(tensor) == int(shape.size());
    for (size_t i = 0; fits && i < shape.size(); i++) fits = TF_Dim(tensor, int(i)) == shape[i];
    return (const float*)TF_TensorData(tensor);
  };
  LinearMap map = {int(rows), int(inputs), int(outputs), (const float*)TF_TensorData(x),
                   (const float*)TF_TensorData(weight)};
  map.bias = other(kernel.bias, {outputs});
  map.scale = other(kernel.scale, {outputs});
  map.residual = other(kernel.residual, dims);
  map.normWeight = other(kernel.norm, {inputs});
  map.normBias = other(kernel.norm, {inputs});
  const float* epsilon = other(kernel.norm, {});
  map.gelu = kernel.gelu;
  if (call.fails() || (!fits && call.fails(sizes))) return;
  map.epsilon = epsilon ? *epsilon : 0;
  auto* y = call.output<float>(0, TF_FLOAT, dims);
  if (call.fails() || rows * outputs == 0) return;
  float* packed = scratch<0, float>(chosen->packedSize(map));  // of this thread, for all that work for it
  Workers& workers = Workers::instance();
  workers.run(kernel.threads, chosen->panels(map), [&](int panel) { chosen->pack(map, panel, packed); });
  // Several units for each thread, so that none waits long for another's last one.
  const int perUnit = std::min(chosen->unit, std::max(1, map.rows / (4 * kernel.threads)));
  workers.run(kernel.threads, (map.rows + perUnit - 1) / perUnit, [&](int unit) {
    chosen->map(map, unit * perUnit, std::min(map.rows, (unit + 1) * perUnit), packed, y);
  });
}

}  // namespace

void registerLinear(const LinearKernel& kernel, TF_Status* status) {
  chosen = &kernel;
  define({"TocoLinear",
          {"T: {float} = DT_FLOAT", "threads: int >= 1 = 1", "count: int >= 0 = 0", "gelu: bool = false",
           "bias: bool = false", "scale: bool = false", "residual: bool = false", "norm: bool = false"},
          {"x: T", "weight: T", "others: count * T"},
          {"y: T"},
          inferNothing},
         status);
  serve<Kernel>("TocoLinear", TF_FLOAT, compute, status);
}

}  // namespace toco
