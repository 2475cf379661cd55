// TensorFlow's C API for operations, and what all of ours do with it. That of C++ would bind us to one build.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <vector>

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
struct TF_AsyncOpKernelDoneCallback;
enum { TF_OK = 0, TF_INVALID_ARGUMENT = 3, TF_UNAVAILABLE = 14 };
enum { TF_FLOAT = 1, TF_INT32 = 3, TF_BFLOAT16 = 14 };

TF_Status* TF_NewStatus();
void TF_DeleteStatus(TF_Status*);
void TF_SetStatus(TF_Status*, int code, const char* message);
int TF_GetCode(const TF_Status*);
const char* TF_Message(const TF_Status*);
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
void TF_OpDefinitionBuilderSetIsStateful(TF_OpDefinitionBuilder*, bool);
void TF_RegisterOpDefinition(TF_OpDefinitionBuilder*, TF_Status*);
int64_t TF_ShapeInferenceContextNumInputs(TF_ShapeInferenceContext*);
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
TF_KernelBuilder* TF_NewAsyncKernelBuilder(const char* op, const char* device,
                                           void* (*create)(TF_OpKernelConstruction*),
                                           void (*compute)(void*, TF_OpKernelContext*, TF_AsyncOpKernelDoneCallback*),
                                           void (*destroy)(void*));
void TF_RunAsyncOpKernelDoneCallback(TF_AsyncOpKernelDoneCallback*);
void TF_KernelBuilder_TypeConstraint(TF_KernelBuilder*, const char* attribute, int type, TF_Status*);
void TF_RegisterKernelBuilder(const char* name, TF_KernelBuilder*, TF_Status*);
void TF_OpKernelConstruction_GetAttrInt32(TF_OpKernelConstruction*, const char* name, int32_t* value, TF_Status*);
void TF_OpKernelConstruction_GetAttrSize(TF_OpKernelConstruction*, const char* name, int32_t* count, int32_t* bytes,
                                         TF_Status*);
void TF_OpKernelConstruction_GetAttrInt32List(TF_OpKernelConstruction*, const char* name, int32_t* values, int count,
                                              TF_Status*);
void TF_OpKernelConstruction_GetAttrBool(TF_OpKernelConstruction*, const char* name, unsigned char* value, TF_Status*);
void TF_OpKernelConstruction_GetAttrType(TF_OpKernelConstruction*, const char* name, int* value, TF_Status*);
void TF_OpKernelConstruction_GetAttrString(TF_OpKernelConstruction*, const char* name, char* value, size_t bytes,
                                           TF_Status*);
void TF_OpKernelConstruction_Failure(TF_OpKernelConstruction*, TF_Status*);
int TF_NumInputs(TF_OpKernelContext*);
void TF_GetInput(TF_OpKernelContext*, int, TF_Tensor**, TF_Status*);
TF_Tensor* TF_AllocateOutput(TF_OpKernelContext*, int, int type, const int64_t* dims, int count, size_t bytes,
                             TF_Status*);
TF_Tensor* TF_ForwardInputOrAllocateOutput(TF_OpKernelContext*, const int* candidates, int candidateCount, int,
                                           const int64_t* dims, int count, int* forwarded, TF_Status*);
void TF_OpKernelContext_Failure(TF_OpKernelContext*, TF_Status*);
}

namespace toco {

struct Status {
  TF_Status* status = TF_NewStatus();
  ~Status() { TF_DeleteStatus(status); }
  operator TF_Status*() const { return status; }
  bool ok() const { return TF_GetCode(status) == TF_OK; }
};

struct Shape {
  TF_ShapeHandle* handle = TF_NewShapeHandle();
  ~Shape() { TF_DeleteShapeHandle(handle); }
};

// For operations whose output has the shape of their first input.
inline void inferLikeInput(TF_ShapeInferenceContext* context, TF_Status* status) {
  Shape input;
  TF_ShapeInferenceContextGetInput(context, 0, input.handle, status);
  if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextSetOutput(context, 0, input.handle, status);
}

inline void inferNothing(TF_ShapeInferenceContext*, TF_Status*) {}

// Whether the tensor has these dimensions.
inline bool hasShape(const TF_Tensor* tensor, std::initializer_list<int64_t> dims) {
  if (TF_NumDims(tensor) != int(dims.size())) return false;
  int i = 0;
  for (int64_t dim : dims)
    if (TF_Dim(tensor, i++) != dim) return false;
  return true;
}

// Tensors of one call of a kernel, let go of at its end.
class Call {
 public:
  explicit Call(TF_OpKernelContext* context) : context_(context) {}
  ~Call() {
    for (TF_Tensor* tensor : tensors_)
      if (tensor) TF_DeleteTensor(tensor);
  }
  // Null where it can't be had.
  const TF_Tensor* input(int index) {
    TF_Tensor* tensor = nullptr;
    if (status_.ok()) TF_GetInput(context_, index, &tensor, status_);
    return kept(tensor);
  }
  template <class T>
  T* output(int index, int type, const std::vector<int64_t>& dims) {
    size_t bytes = sizeof(T);
    for (int64_t dim : dims) bytes *= size_t(dim);
    TF_Tensor* tensor = TF_AllocateOutput(context_, index, type, dims.data(), int(dims.size()), bytes, status_);
    return kept(tensor) ? (T*)TF_TensorData(tensor) : nullptr;
  }
  // Whether something went wrong so far, or does by `message`; TensorFlow is told.
  bool fails(const char* message = nullptr) {
    if (message) TF_SetStatus(status_, TF_INVALID_ARGUMENT, message);
    if (status_.ok()) return false;
    TF_OpKernelContext_Failure(context_, status_);
    return true;
  }

 private:
  TF_Tensor* kept(TF_Tensor* tensor) {
    tensors_.push_back(tensor);
    return tensor;
  }
  TF_OpKernelContext* context_;
  Status status_;
  std::vector<TF_Tensor*> tensors_;
};

// What an operation consists of: attributes, inputs and outputs as TensorFlow spells them.
struct Definition {
  const char* name;
  std::initializer_list<const char*> attributes, inputs, outputs;
  void (*infer)(TF_ShapeInferenceContext*, TF_Status*);
  bool stateful = false;  // whether it does something besides its outputs
};

inline void define(const Definition& definition, TF_Status* status) {
  if (TF_GetCode(status) != TF_OK) return;
  TF_OpDefinitionBuilder* builder = TF_NewOpDefinitionBuilder(definition.name);
  for (const char* attribute : definition.attributes) TF_OpDefinitionBuilderAddAttr(builder, attribute);
  for (const char* input : definition.inputs) TF_OpDefinitionBuilderAddInput(builder, input);
  for (const char* output : definition.outputs) TF_OpDefinitionBuilderAddOutput(builder, output);
  TF_OpDefinitionBuilderSetShapeInferenceFunction(builder, definition.infer);
  // Called with false it does the same: TensorFlow does not look at the argument.
  if (definition.stateful) TF_OpDefinitionBuilderSetIsStateful(builder, true);
  TF_RegisterOpDefinition(builder, status);
}

constexpr int untyped = 0;

inline TF_KernelBuilder* newKernelBuilder(const char* operation, void* (*create)(TF_OpKernelConstruction*),
                                          void (*compute)(void*, TF_OpKernelContext*), void (*destroy)(void*)) {
  return TF_NewKernelBuilder(operation, "CPU", create, compute, destroy);
}

inline TF_KernelBuilder* newKernelBuilder(const char* operation, void* (*create)(TF_OpKernelConstruction*),
                                          void (*compute)(void*, TF_OpKernelContext*, TF_AsyncOpKernelDoneCallback*),
                                          void (*destroy)(void*)) {
  return TF_NewAsyncKernelBuilder(operation, "CPU", create, compute, destroy);
}

// Lets `compute` serve an operation on the CPU, of type `T` where that is one of its attributes; `Kernel` is made from
// the node's attributes. With a callback `compute` may return before it has ended.
template <class Kernel, class Compute>
void serve(const char* operation, int type, Compute compute, TF_Status* status) {
  if (TF_GetCode(status) != TF_OK) return;
  auto create = [](TF_OpKernelConstruction* construction) -> void* {
    Status status;
    auto* kernel = new Kernel(construction, status);
    if (!status.ok()) TF_OpKernelConstruction_Failure(construction, status);
    return kernel;
  };
  TF_KernelBuilder* builder =
      newKernelBuilder(operation, create, compute, [](void* kernel) { delete (Kernel*)kernel; });
  if (type != untyped) TF_KernelBuilder_TypeConstraint(builder, "T", type, status);
  TF_RegisterKernelBuilder(operation, builder, status);
}

}  // namespace toco
