// TocoAttention: qkv [images,tokens,3,heads,size] -> output [images,tokens,heads,size], log_sums [images,tokens,heads]
// TocoAttentionGrad: qkv, output, log_sums, d_output -> d_qkv

#include <algorithm>

#include "attention.h"
#include "tensorflow.h"
#include "workers.h"

namespace toco {
namespace {

const AttentionKernels* chosen = nullptr;

// Output `index`: the first two dimensions of qkv and those from 3 to `end`.
void setOutput(TF_ShapeInferenceContext* context, int index, Shape& qkv, int end, TF_Status* status) {
  Shape first, last, whole;
  TF_ShapeInferenceContextSubshape(context, qkv.handle, 0, 2, first.handle, status);
  if (TF_GetCode(status) != TF_OK) return;
  TF_ShapeInferenceContextSubshape(context, qkv.handle, 3, end, last.handle, status);
  if (TF_GetCode(status) != TF_OK) return;
  TF_ShapeInferenceContextConcatenateShapes(context, first.handle, last.handle, whole.handle, status);
  if (TF_GetCode(status) != TF_OK) return;
  TF_ShapeInferenceContextSetOutput(context, index, whole.handle, status);
}

void inferForward(TF_ShapeInferenceContext* context, TF_Status* status) {
  Shape qkv;
  TF_ShapeInferenceContextGetInput(context, 0, qkv.handle, status);
  if (TF_GetCode(status) != TF_OK) return;
  TF_ShapeInferenceContextWithRank(context, qkv.handle, 5, qkv.handle, status);
  if (TF_GetCode(status) != TF_OK) return;
  setOutput(context, 0, qkv, 5, status);
  if (TF_GetCode(status) != TF_OK) return;
  setOutput(context, 1, qkv, 4, status);
}

struct Kernel {
  int32_t threads = 1;
  Kernel(TF_OpKernelConstruction* construction, TF_Status* status) {
    TF_OpKernelConstruction_GetAttrInt32(construction, "threads", &threads, status);
  }
};

template <class Value>
constexpr int typeOf = sizeof(Value) == 4 ? TF_FLOAT : TF_BFLOAT16;

template <class Value>
const Attention& attention() {
  return sizeof(Value) == 4 ? chosen->float32 : chosen->bfloat16;
}

bool isQkv(const TF_Tensor* tensor) { return TF_NumDims(tensor) == 5 && TF_Dim(tensor, 2) == 3; }

AttentionShape shapeOf(const TF_Tensor* qkv) {
  return {int(TF_Dim(qkv, 0)), int(TF_Dim(qkv, 1)), int(TF_Dim(qkv, 3)), int(TF_Dim(qkv, 4))};
}

int ceilDiv(int x, int unit) { return (x + unit - 1) / unit; }

// Several units for each thread where there are few heads, so that none is without work or waits long for another's last one. Each
// packs the head's keys and values, which takes as long as ten queries.
int queriesAtOnce(const AttentionShape& shape, int threads) {
  const int parts = ceilDiv(4 * threads, std::max(1, shape.images * shape.heads));
  return std::max(2 * wholeQueries, ceilDiv(ceilDiv(shape.tokens, parts), wholeQueries) * wholeQueries);
}

template <class Value>
void computeForward(void* kernel, TF_OpKernelContext* context) {
  Call call(context);
  const TF_Tensor* qkv = call.input(0);
  if (call.fails() || (!isQkv(qkv) && call.fails("TocoAttention takes [images,tokens,3,heads,size]"))) return;
  const AttentionShape shape = shapeOf(qkv);
  auto* output = call.output<Value>(0, typeOf<Value>, {shape.images, shape.tokens, shape.heads, shape.size});
  if (call.fails()) return;
  auto* logSums = call.output<float>(1, TF_FLOAT, {shape.images, shape.tokens, shape.heads});
  if (call.fails()) return;
  const void* x = TF_TensorData(qkv);
  const int threads = ((Kernel*)kernel)->threads, heads = shape.images * shape.heads;
  const int count = queriesAtOnce(shape, threads), parts = ceilDiv(shape.tokens, count);
  Workers::instance().run(threads, heads * parts, [=](int unit) {
    const int first = unit % parts * count;
    attention<Value>().forward(shape, unit / parts, {first, std::min(first + count, shape.tokens)}, x, output, logSums);
  });
}

template <class Value>
void computeBackward(void* kernel, TF_OpKernelContext* context) {
  Call call(context);
  const TF_Tensor *qkv = call.input(0), *output = call.input(1), *logSums = call.input(2), *dOutput = call.input(3);
  if (call.fails() || (!isQkv(qkv) && call.fails("TocoAttentionGrad takes [images,tokens,3,heads,size]"))) return;
  const AttentionShape shape = shapeOf(qkv);
  const auto [images, tokens, heads, size] = shape;
  const bool fits = hasShape(output, {images, tokens, heads, size}) && hasShape(logSums, {images, tokens, heads}) &&
                    hasShape(dOutput, {images, tokens, heads, size});
  if (!fits && call.fails("TocoAttentionGrad takes what TocoAttention gave and a gradient of its shape")) return;
  auto* dQkv = call.output<Value>(0, typeOf<Value>, {images, tokens, 3, heads, size});
  if (call.fails()) return;
  const void *x = TF_TensorData(qkv), *y = TF_TensorData(output), *dy = TF_TensorData(dOutput);
  const auto* sums = (const float*)TF_TensorData(logSums);
  Workers::instance().run(((Kernel*)kernel)->threads, images * heads, [=](int unit) {
    attention<Value>().backward(shape, unit, x, y, sums, dy, dQkv);
  });
}

}  // namespace

void registerAttention(const AttentionKernels& kernels, TF_Status* status) {
  chosen = &kernels;
  const auto attributes = {"T: {float, bfloat16}", "threads: int >= 1 = 1"};
  define({"TocoAttention", attributes, {"qkv: T"}, {"output: T", "log_sums: float"}, inferForward}, status);
  define({"TocoAttentionGrad",
          attributes,
          {"qkv: T", "output: T", "log_sums: float", "d_output: T"},
          {"d_qkv: T"},
          inferLikeInput},
         status);
  serve<Kernel>("TocoAttention", TF_FLOAT, computeForward<float>, status);
  serve<Kernel>("TocoAttention", TF_BFLOAT16, computeForward<uint16_t>, status);
  serve<Kernel>("TocoAttentionGrad", TF_FLOAT, computeBackward<float>, status);
  serve<Kernel>("TocoAttentionGrad", TF_BFLOAT16, computeBackward<uint16_t>, status);
}

}  // namespace toco
