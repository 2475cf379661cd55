// Attention as operations of TensorFlow, through its C API (stable, unlike that of C++):
//
// TocoAttention: qkv [images,tokens,3,heads,size] -> output [images,tokens,heads,size], log_sums [images,tokens,heads]
// TocoAttentionGrad: qkv, output, log_sums, d_output -> d_qkv

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "attention.h"
#include "workers.h"

// Of tensorflow/c/{c_api,kernels,ops,tf_tensor,tf_status}.h: few enough to need no headers, which a library of the
// user's own may come without.
extern "C" {
struct TF_Status;
struct TF_Tensor;
struct TF_OpDefinitionBuilder;
struct TF_ShapeInferenceContext;
struct TF_ShapeHandle;
struct TF_KernelBuilder;
struct TF_OpKernelConstruction;
struct TF_OpKernelContext;
enum { TF_OK = 0, TF_INVALID_ARGUMENT = 3 };
enum { TF_FLOAT = 1, TF_BFLOAT16 = 14 };

TF_Status* TF_NewStatus();
void TF_DeleteStatus(TF_Status*);
void TF_SetStatus(TF_Status*, int code, const char* message);
int TF_GetCode(const TF_Status*);
int TF_NumDims(const TF_Tensor*);
int64_t TF_Dim(const TF_Tensor*, int);
void* TF_TensorData(const TF_Tensor*);
void TF_DeleteTensor(TF_Tensor*);

TF_OpDefinitionBuilder* TF_NewOpDefinitionBuilder(const char* name);
void TF_OpDefinitionBuilderAddAttr(TF_OpDefinitionBuilder*, const char*);
void TF_OpDefinitionBuilderAddInput(TF_OpDefinitionBuilder*, const char*);
void TF_OpDefinitionBuilderAddOutput(TF_OpDefinitionBuilder*, const char*);
void TF_OpDefinitionBuilderSetShapeInferenceFunction(TF_OpDefinitionBuilder*,
                                                     void (*)(TF_ShapeInferenceContext*, TF_Status*));
void TF_RegisterOpDefinition(TF_OpDefinitionBuilder*, TF_Status*);
TF_ShapeHandle* TF_NewShapeHandle();
void TF_DeleteShapeHandle(TF_ShapeHandle*);
void TF_ShapeInferenceContextGetInput(TF_ShapeInferenceContext*, int, TF_ShapeHandle*, TF_Status*);
void TF_ShapeInferenceContextSetOutput(TF_ShapeInferenceContext*, int, TF_ShapeHandle*, TF_Status*);
void TF_ShapeInferenceContextWithRank(TF_ShapeInferenceContext*, TF_ShapeHandle*, int64_t, TF_ShapeHandle*,
                                      TF_Status*);
void TF_ShapeInferenceContextSubshape(TF_ShapeInferenceContext*, TF_ShapeHandle*, int64_t, int64_t, TF_ShapeHandle*,
                                      TF_Status*);
void TF_ShapeInferenceContextConcatenateShapes(TF_ShapeInferenceContext*, TF_ShapeHandle*, TF_ShapeHandle*,
                                               TF_ShapeHandle*, TF_Status*);

TF_KernelBuilder* TF_NewKernelBuilder(const char* op, const char* device, void* (*create)(TF_OpKernelConstruction*),
                                      void (*compute)(void*, TF_OpKernelContext*), void (*destroy)(void*));
void TF_KernelBuilder_TypeConstraint(TF_KernelBuilder*, const char* attribute, int type, TF_Status*);
void TF_RegisterKernelBuilder(const char* name, TF_KernelBuilder*, TF_Status*);
void TF_OpKernelConstruction_GetAttrInt32(TF_OpKernelConstruction*, const char* name, int32_t* value, TF_Status*);
void TF_OpKernelConstruction_Failure(TF_OpKernelConstruction*, TF_Status*);
void TF_GetInput(TF_OpKernelContext*, int, TF_Tensor**, TF_Status*);
TF_Tensor* TF_AllocateOutput(TF_OpKernelContext*, int, int type, const int64_t* dims, int count, size_t bytes,
                             TF_Status*);
void TF_OpKernelContext_Failure(TF_OpKernelContext*, TF_Status*);
}

namespace toco {
namespace {

struct Status {
  TF_Status* status = TF_NewStatus();
  ~Status() { TF_DeleteStatus(status); }
  operator TF_Status*() const { return status; }
  bool ok() const { return TF_GetCode(status) == TF_OK; }
};

// Shapes

struct Shape {
  TF_ShapeHandle* handle = TF_NewShapeHandle();
  ~Shape() { TF_DeleteShapeHandle(handle); }
};

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

void inferBackward(TF_ShapeInferenceContext* context, TF_Status* status) {
  Shape qkv;
  TF_ShapeInferenceContextGetInput(context, 0, qkv.handle, status);
  if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextSetOutput(context, 0, qkv.handle, status);
}

void define(const char* name, std::initializer_list<const char*> inputs, std::initializer_list<const char*> outputs,
            void (*infer)(TF_ShapeInferenceContext*, TF_Status*), TF_Status* status) {
  TF_OpDefinitionBuilder* builder = TF_NewOpDefinitionBuilder(name);
  TF_OpDefinitionBuilderAddAttr(builder, "T: {float, bfloat16}");
  TF_OpDefinitionBuilderAddAttr(builder, "threads: int >= 1 = 1");
  for (const char* input : inputs) TF_OpDefinitionBuilderAddInput(builder, input);
  for (const char* output : outputs) TF_OpDefinitionBuilderAddOutput(builder, output);
  TF_OpDefinitionBuilderSetShapeInferenceFunction(builder, infer);
  TF_RegisterOpDefinition(builder, status);
}

// Kernels

const AttentionKernels* chosen = nullptr;

struct Kernel {
  int32_t threads = 1;
};

void* create(TF_OpKernelConstruction* construction) {
  Status status;
  auto* kernel = new Kernel;
  TF_OpKernelConstruction_GetAttrInt32(construction, "threads", &kernel->threads, status);
  if (!status.ok()) TF_OpKernelConstruction_Failure(construction, status);
  return kernel;
}

void destroy(void* kernel) { delete (Kernel*)kernel; }

// Tensors of one call, let go of at its end.
class Call {
 public:
  explicit Call(TF_OpKernelContext* context) : context_(context) {}
  ~Call() {
    for (TF_Tensor* tensor : tensors_)
      if (tensor) TF_DeleteTensor(tensor);
  }
  TF_Tensor* input(int index) {
    TF_Tensor* tensor = nullptr;
    TF_GetInput(context_, index, &tensor, status_);
    return kept(tensor);
  }
  template <class T>
  T* output(int index, int type, std::initializer_list<int64_t> dims, size_t bytes) {
    for (int64_t dim : dims) bytes *= size_t(dim);
    TF_Tensor* tensor = TF_AllocateOutput(context_, index, type, dims.begin(), int(dims.size()), bytes, status_);
    return kept(tensor) ? (T*)TF_TensorData(tensor) : nullptr;
  }
  bool fails(const char* message = nullptr) {
    if (message) TF_SetStatus(status_, TF_INVALID_ARGUMENT, message);
    if (status_.ok()) return false;
    TF_OpKernelContext_Failure(context_, status_);
    return true;
  }

 private:
  TF_Tensor* kept(TF_Tensor* tensor) {
    tensors_[count_++] = tensor;
    return tensor;
  }
  TF_OpKernelContext* context_;
  Status status_;
  TF_Tensor* tensors_[8] = {};
  int count_ = 0;
};

// Whether the tensor has these dimensions.
bool hasShape(const TF_Tensor* tensor, std::initializer_list<int64_t> dims) {
  if (TF_NumDims(tensor) != int(dims.size())) return false;
  int i = 0;
  for (int64_t dim : dims)
    if (TF_Dim(tensor, i++) != dim) return false;
  return true;
}

template <class Value>
constexpr int typeOf = sizeof(Value) == 4 ? TF_FLOAT : TF_BFLOAT16;

template <class Value>
const Attention& attention() {
  return sizeof(Value) == 4 ? chosen->float32 : chosen->bfloat16;
}

template <class Value>
void computeForward(void* kernel, TF_OpKernelContext* context) {
  Call call(context);
  const TF_Tensor* qkv = call.input(0);
  if (call.fails()) return;
  if (TF_NumDims(qkv) != 5 || TF_Dim(qkv, 2) != 3)
    return void(call.fails("TocoAttention takes [images,tokens,3,heads,size]"));
  const int64_t images = TF_Dim(qkv, 0), tokens = TF_Dim(qkv, 1), heads = TF_Dim(qkv, 3), size = TF_Dim(qkv, 4);
  auto* output = call.output<Value>(0, typeOf<Value>, {images, tokens, heads, size}, sizeof(Value));
  if (call.fails()) return;
  auto* logSums = call.output<float>(1, TF_FLOAT, {images, tokens, heads}, 4);
  if (call.fails()) return;
  const AttentionShape shape = {int(images), int(tokens), int(heads), int(size)};
  const void* data = TF_TensorData(qkv);
  Workers::instance().run(((Kernel*)kernel)->threads, int(images * heads), [=](int unit) {
    attention<Value>().forward(shape, unit, data, output, logSums);
  });
}

template <class Value>
void computeBackward(void* kernel, TF_OpKernelContext* context) {
  Call call(context);
  const TF_Tensor* qkv = call.input(0);
  if (call.fails()) return;
  const TF_Tensor* output = call.input(1);
  if (call.fails()) return;
  const TF_Tensor* logSums = call.input(2);
  if (call.fails()) return;
  const TF_Tensor* dOutput = call.input(3);
  if (call.fails()) return;
  if (TF_NumDims(qkv) != 5 || TF_Dim(qkv, 2) != 3)
    return void(call.fails("TocoAttentionGrad takes [images,tokens,3,heads,size]"));
  const int64_t images = TF_Dim(qkv, 0), tokens = TF_Dim(qkv, 1), heads = TF_Dim(qkv, 3), size = TF_Dim(qkv, 4);
  if (!hasShape(output, {images, tokens, heads, size}) || !hasShape(logSums, {images, tokens, heads}) ||
      !hasShape(dOutput, {images, tokens, heads, size}))
    return void(call.fails("TocoAttentionGrad takes what TocoAttention gave and a gradient of its shape"));
  auto* dQkv = call.output<Value>(0, typeOf<Value>, {images, tokens, 3, heads, size}, sizeof(Value));
  if (call.fails()) return;
  const AttentionShape shape = {int(images), int(tokens), int(heads), int(size)};
  const void *x = TF_TensorData(qkv), *y = TF_TensorData(output), *dy = TF_TensorData(dOutput);
  const auto* sums = (const float*)TF_TensorData(logSums);
  Workers::instance().run(((Kernel*)kernel)->threads, int(images * heads), [=](int unit) {
    attention<Value>().backward(shape, unit, x, y, sums, dy, dQkv);
  });
}

void serve(const char* operation, int type, void (*compute)(void*, TF_OpKernelContext*), TF_Status* status) {
  if (TF_GetCode(status) != TF_OK) return;
  TF_KernelBuilder* builder = TF_NewKernelBuilder(operation, "CPU", create, compute, destroy);
  TF_KernelBuilder_TypeConstraint(builder, "T", type, status);
  TF_RegisterKernelBuilder(operation, builder, status);
}

struct InstructionSet {
  const char* name;
  const AttentionKernels& kernels;
  bool supported;
};

}  // namespace
}  // namespace toco

// Registers the operations once for the process, for the best instructions that the processor has among those up to
// `limit` (null: all).
//
// Returns the name of the instruction set, or null where there is none: nothing is registered then.
extern "C" const char* toco_register_kernels(const char* limit) {
  using namespace toco;
  static const char* name = nullptr;
  if (name) return name;
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                      __builtin_cpu_supports("avx512cd");
  const InstructionSet sets[] = {
      {"avx512_bf16", avx512_bf16::kernels, avx512 && __builtin_cpu_supports("avx512bf16")},
      {"avx512", avx512::kernels, avx512},
      {"avx2", avx2::kernels, avx2},
  };
  bool allowed = limit == nullptr;
  for (const auto& set : sets) {
    allowed = allowed || std::strcmp(set.name, limit) == 0;
    if (!allowed || !set.supported) continue;
    chosen = &set.kernels;
    Status status;
    define("TocoAttention", {"qkv: T"}, {"output: T", "log_sums: float"}, inferForward, status);
    if (status.ok())
      define("TocoAttentionGrad", {"qkv: T", "output: T", "log_sums: float", "d_output: T"}, {"d_qkv: T"},
             inferBackward, status);
    serve("TocoAttention", TF_FLOAT, computeForward<float>, status);
    serve("TocoAttention", TF_BFLOAT16, computeForward<uint16_t>, status);
    serve("TocoAttentionGrad", TF_FLOAT, computeBackward<float>, status);
    serve("TocoAttentionGrad", TF_BFLOAT16, computeBackward<uint16_t>, status);
    return name = status.ok() ? set.name : nullptr;
  }
  return nullptr;
}
