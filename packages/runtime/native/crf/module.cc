// denseCrf(image, probabilities, options, out, limit): the dense CRF of `[height, width, 3]` levels and
//   `[height, width, classes]` probabilities, all Float32Array, into `out`; `options` is a Float64Array of height, width,
//   classes, iterations, weight and σ of the Gaussian kernel, weight, σ of position and σ of color of the bilateral one, and
//   1 where values are stored in 16 bits, else 0.
//   Gives a DenseCrfStatus.
// instructions(limit): the best instruction set that the processor has and `limit` (undefined: any) allows, or null.
//
// No state: threads may call it side by side.

#include <node_api.h>

#include <cstring>

#include "options.h"

#if defined(__aarch64__)
extern "C" int toco_dense_crf_neon(const float*, const float*, const DenseCrfOptions*, float*);
#else
extern "C" int toco_dense_crf_avx2(const float*, const float*, const DenseCrfOptions*, float*);
extern "C" int toco_dense_crf_avx512(const float*, const float*, const DenseCrfOptions*, float*);
#endif

namespace {

struct InstructionSet {
  const char* name;
  int (*compute)(const float*, const float*, const DenseCrfOptions*, float*);
};

#if defined(__aarch64__)
// Every processor of this kind has it.
const InstructionSet* Choose(napi_env, napi_value) {
  static const InstructionSet neon = {"neon", toco_dense_crf_neon};
  return &neon;
}
#else
const InstructionSet* Choose(napi_env env, napi_value limit) {
  static const InstructionSet avx512 = {"avx512", toco_dense_crf_avx512}, avx2 = {"avx2", toco_dense_crf_avx2};
  char text[32] = "";
  size_t length = 0;
  napi_get_value_string_utf8(env, limit, text, sizeof text, &length);
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") ||
      !__builtin_cpu_supports("f16c"))
    return nullptr;
  const bool wide = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                    __builtin_cpu_supports("avx512cd");
  return wide && std::strcmp(text, "avx2") != 0 ? &avx512 : &avx2;
}
#endif

template <class T> T* Data(napi_env env, napi_value value, napi_typedarray_type expected, size_t* length) {
  napi_typedarray_type type;
  void* data = nullptr;
  if (napi_get_typedarray_info(env, value, &type, length, &data, nullptr, nullptr) != napi_ok || type != expected)
    return nullptr;
  return static_cast<T*>(data);
}

napi_value Throw(napi_env env, const char* message) {
  napi_throw_error(env, nullptr, message);
  return nullptr;
}

napi_value Compute(napi_env env, napi_callback_info info) {
  size_t count = 5, lengths[4] = {};
  napi_value arguments[5];
  napi_get_cb_info(env, info, &count, arguments, nullptr, nullptr);
  const auto* image = Data<float>(env, arguments[0], napi_float32_array, &lengths[0]);
  const auto* probabilities = Data<float>(env, arguments[1], napi_float32_array, &lengths[1]);
  const auto* numbers = Data<double>(env, arguments[2], napi_float64_array, &lengths[2]);
  auto* out = Data<float>(env, arguments[3], napi_float32_array, &lengths[3]);
  if (image == nullptr || probabilities == nullptr || out == nullptr || numbers == nullptr || lengths[2] != 10)
    return Throw(env, "denseCrf takes two arrays of 32-bit floats, ten numbers, and an array for the result");
  const DenseCrfOptions options = {int(numbers[0]), int(numbers[1]), int(numbers[2]), int(numbers[3]), numbers[4],
                                   numbers[5],      numbers[6],      numbers[7],      numbers[8],      numbers[9] != 0};
  const size_t pixels = size_t(options.height) * size_t(options.width), values = pixels * size_t(options.classes);
  if (options.height < 1 || options.width < 1 || options.classes < 1 || lengths[0] != pixels * 3 ||
      lengths[1] != values || lengths[3] != values)
    return Throw(env, "denseCrf: the arrays are of other sizes than the options say");
  const InstructionSet* set = Choose(env, arguments[4]);
  if (set == nullptr) return Throw(env, "denseCrf: this processor has no AVX2");
  napi_value result;
  napi_create_int32(env, set->compute(image, probabilities, &options, out), &result);
  return result;
}

napi_value Instructions(napi_env env, napi_callback_info info) {
  size_t count = 1;
  napi_value limit, result;
  napi_get_cb_info(env, info, &count, &limit, nullptr, nullptr);
  if (const InstructionSet* set = Choose(env, limit))
    napi_create_string_utf8(env, set->name, NAPI_AUTO_LENGTH, &result);
  else
    napi_get_null(env, &result);
  return result;
}

napi_value Init(napi_env env, napi_value exports) {
  const napi_property_descriptor properties[] = {
      {"denseCrf", nullptr, Compute, nullptr, nullptr, nullptr, napi_default, nullptr},
      {"instructions", nullptr, Instructions, nullptr, nullptr, nullptr, napi_default, nullptr},
  };
  napi_define_properties(env, exports, 2, properties);
  return exports;
}

}  // namespace

NAPI_MODULE(NODE_GYP_MODULE_NAME, Init)
