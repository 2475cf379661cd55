// TocoProductNN, TocoProductNT, TocoProductTN: a, b, biases [columns] (one or none) -> product [rows,columns], of bfloat16; N and T
// say whether a factor is transposed: the C API lets the inference of shapes read no attributes.

#include <string>

#include "product.h"
#include "tensorflow.h"
#include "workers.h"

namespace toco {
namespace {

template <bool transposeA, bool transposeB>
void infer(TF_ShapeInferenceContext* context, TF_Status* status) {
  Shape a, b, rows, columns, whole;
  TF_ShapeInferenceContextGetInput(context, 0, a.handle, status);
  if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextGetInput(context, 1, b.handle, status);
  if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextWithRank(context, a.handle, 2, a.handle, status);
  if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextWithRank(context, b.handle, 2, b.handle, status);
  if (TF_GetCode(status) == TF_OK)
    TF_ShapeInferenceContextSubshape(context, a.handle, transposeA, transposeA + 1, rows.handle, status);
  if (TF_GetCode(status) == TF_OK)
    TF_ShapeInferenceContextSubshape(context, b.handle, !transposeB, !transposeB + 1, columns.handle, status);
  if (TF_GetCode(status) == TF_OK)
    TF_ShapeInferenceContextConcatenateShapes(context, rows.handle, columns.handle, whole.handle, status);
  if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextSetOutput(context, 0, whole.handle, status);
}

struct Kernel {
  int32_t threads = 1, biases = 0;
  Kernel(TF_OpKernelConstruction* construction, TF_Status* status) {
    TF_OpKernelConstruction_GetAttrInt32(construction, "threads", &threads, status);
    if (TF_GetCode(status) == TF_OK)
      TF_OpKernelConstruction_GetAttrInt32(construction, "num_biases", &biases, status);
  }
};

template <bool transposeA, bool transposeB>
void compute(void* kernel, TF_OpKernelContext* context) {
  const auto [threads, biases] = *(const Kernel*)kernel;
  Call call(context);
  const TF_Tensor *a = call.input(0), *b = call.input(1), *bias = biases > 0 ? call.input(2) : nullptr;
  if (call.fails()) return;
  const char* sizes = "TocoProduct takes two matrices that fit each other, and a bias that fits their columns";
  if ((TF_NumDims(a) != 2 || TF_NumDims(b) != 2) && call.fails(sizes)) return;
  const int64_t rows = TF_Dim(a, transposeA), steps = TF_Dim(a, !transposeA), columns = TF_Dim(b, !transposeB);
  if ((TF_Dim(b, transposeB) != steps || (bias && !hasShape(bias, {columns}))) && call.fails(sizes)) return;
  void* c = call.output<uint16_t>(0, TF_BFLOAT16, {rows, columns});
  if (call.fails()) return;
  const ProductShape shape = {int(rows), int(columns), int(steps), transposeA, transposeB};
  const void *x = TF_TensorData(a), *y = TF_TensorData(b), *z = bias ? TF_TensorData(bias) : nullptr;
  const int most = threads;
  Workers::instance().run(most, amx_bf16::productUnits(shape, most),
                          [=](int unit) { amx_bf16::product(shape, most, unit, x, y, z, c); });
}

template <bool transposeA, bool transposeB>
void registerOne(const char* name, const char* threads, TF_Status* status) {
  define({name,
          {"T: {bfloat16} = DT_BFLOAT16", "num_biases: int >= 0 = 0", threads},
          {"a: T", "b: T", "biases: num_biases * T"},
          {"product: T"},
          infer<transposeA, transposeB>},
         status);
  serve<Kernel>(name, TF_BFLOAT16, compute<transposeA, transposeB>, status);
}

}  // namespace

// `threads` are those of an operation that says nothing of them.
void registerProducts(int threads, TF_Status* status) {
  const std::string attribute = "threads: int >= 1 = " + std::to_string(threads);
  registerOne<false, false>("TocoProductNN", attribute.c_str(), status);
  registerOne<false, true>("TocoProductNT", attribute.c_str(), status);
  registerOne<true, false>("TocoProductTN", attribute.c_str(), status);
}

}  // namespace toco
