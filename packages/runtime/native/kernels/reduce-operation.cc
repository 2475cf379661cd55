// TocoAllReduce: tensors of one type, any shapes -> their mean, sum or maximum over all processes of the ring; `key`
//   tells apart those that a step has
// TocoJoinRing: lets this process join the ring of `addresses` (host:port, separated by commas) as `rank`
// TocoAbortRing: ends all reductions, with an error that says why

#include <algorithm>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "ring.h"
#include "tensorflow.h"

namespace toco {
namespace {

// What TensorFlow means by TF_AsyncOpKernelDoneCallback.
using Done = std::function<void()>;

std::string textOf(TF_OpKernelConstruction* construction, const char* name, TF_Status* status) {
  int32_t count = 0, bytes = 0;
  TF_OpKernelConstruction_GetAttrSize(construction, name, &count, &bytes, status);
  std::string text(size_t(std::max(bytes, 0)), '\0');
  if (!text.empty()) TF_OpKernelConstruction_GetAttrString(construction, name, &text[0], text.size(), status);
  return text;
}

struct AllReduce {
  int type = TF_FLOAT;
  int32_t key = 0;
  Merge merge = Merge::mean;

  AllReduce(TF_OpKernelConstruction* construction, TF_Status* status) {
    TF_OpKernelConstruction_GetAttrType(construction, "T", &type, status);
    TF_OpKernelConstruction_GetAttrInt32(construction, "key", &key, status);
    const std::string name = textOf(construction, "merge", status);
    merge = name == "mean" ? Merge::mean : name == "sum" ? Merge::sum : Merge::max;
  }
};

// The output at `index`, with the values of the input there: in its place where nobody else needs it.
Reduction::Part outputAt(TF_OpKernelContext* context, int index, TF_Status* status) {
  TF_Tensor* input = nullptr;
  std::vector<int64_t> dims;
  size_t count = 1;
  TF_GetInput(context, index, &input, status);
  if (TF_GetCode(status) != TF_OK) return {};
  for (int i = 0; i < TF_NumDims(input); i++) {
    dims.push_back(TF_Dim(input, i));
    count *= size_t(dims.back());
  }
  // Whoever holds it is one who needs it.
  TF_DeleteTensor(input);
  int forwarded = -1;
  TF_Tensor* const output = TF_ForwardInputOrAllocateOutput(context, &index, 1, index, dims.data(), int(dims.size()),
                                                            &forwarded, status);
  if (TF_GetCode(status) != TF_OK) return {};
  auto* const values = (char*)TF_TensorData(output);
  TF_DeleteTensor(output);  // it stays with the context
  if (forwarded < 0 && count > 0) {
    TF_GetInput(context, index, &input, status);
    if (TF_GetCode(status) != TF_OK) return {};
    std::memcpy(values, TF_TensorData(input), 4 * count);
    TF_DeleteTensor(input);
  }
  return {values, count};
}

void computeAllReduce(void* kernel, TF_OpKernelContext* context, TF_AsyncOpKernelDoneCallback* callback) {
  const auto& attributes = *(AllReduce*)kernel;
  // TensorFlow's own ends with this call.
  Done done = std::move(*(Done*)callback);
  auto reduction = std::make_unique<Reduction>();
  reduction->key = uint32_t(attributes.key);
  reduction->floats = attributes.type == TF_FLOAT;
  reduction->merge = attributes.merge;
  Status status;
  for (int i = 0; i < TF_NumInputs(context) && status.ok(); i++)
    reduction->parts.push_back(outputAt(context, i, status));
  if (!status.ok()) {
    TF_OpKernelContext_Failure(context, status);
    return done();
  }
  reduction->done = [context, done = std::move(done)](const std::string& complaint) {
    if (!complaint.empty()) {
      Status status;
      TF_SetStatus(status, TF_UNAVAILABLE, ("TocoAllReduce: " + complaint).c_str());
      TF_OpKernelContext_Failure(context, status);
    }
    done();
  };
  Ring::instance().reduce(std::move(reduction));
}

struct JoinRing {
  std::string addresses;
  int32_t rank = 0;
  JoinRing(TF_OpKernelConstruction* construction, TF_Status* status)
      : addresses(textOf(construction, "addresses", status)) {
    TF_OpKernelConstruction_GetAttrInt32(construction, "rank", &rank, status);
  }
};

void computeJoinRing(void* kernel, TF_OpKernelContext* context) {
  const auto& [addresses, rank] = *(JoinRing*)kernel;
  std::vector<std::string> each;
  for (size_t first = 0; first <= addresses.size();) {
    const size_t last = std::min(addresses.find(',', first), addresses.size());
    each.push_back(addresses.substr(first, last - first));
    first = last + 1;
  }
  Call call(context);
  const std::string complaint = Ring::instance().join(each, size_t(rank));
  if (!complaint.empty()) call.fails(complaint.c_str());
}

struct AbortRing {
  std::string why;
  AbortRing(TF_OpKernelConstruction* construction, TF_Status* status) : why(textOf(construction, "why", status)) {}
};

void computeAbortRing(void* kernel, TF_OpKernelContext*) { Ring::instance().abort(((AbortRing*)kernel)->why); }

void inferLikeInputs(TF_ShapeInferenceContext* context, TF_Status* status) {
  for (int i = 0; i < TF_ShapeInferenceContextNumInputs(context) && TF_GetCode(status) == TF_OK; i++) {
    Shape input;
    TF_ShapeInferenceContextGetInput(context, i, input.handle, status);
    if (TF_GetCode(status) == TF_OK) TF_ShapeInferenceContextSetOutput(context, i, input.handle, status);
  }
}

// Whether a callback of TensorFlow's is what it is taken for here.
bool areCallbacksKnown() {
  bool called = false;
  Done done = [&called] { called = true; };
  TF_RunAsyncOpKernelDoneCallback((TF_AsyncOpKernelDoneCallback*)&done);
  return called;
}

}  // namespace

void registerReduction(TF_Status* status) {
  if (!areCallbacksKnown()) return;
  define({"TocoAllReduce",
          {"T: {float, int32}", "N: int >= 1", "merge: {'mean', 'sum', 'max'}", "key: int"},
          {"tensors: N * T"},
          {"reduced: N * T"},
          inferLikeInputs,
          true},
         status);
  define({"TocoJoinRing", {"addresses: string", "rank: int"}, {}, {}, inferNothing, true}, status);
  define({"TocoAbortRing", {"why: string"}, {}, {}, inferNothing, true}, status);
  serve<AllReduce>("TocoAllReduce", TF_FLOAT, computeAllReduce, status);
  serve<AllReduce>("TocoAllReduce", TF_INT32, computeAllReduce, status);
  serve<JoinRing>("TocoJoinRing", untyped, computeJoinRing, status);
  serve<AbortRing>("TocoAbortRing", untyped, computeAbortRing, status);
}

}  // namespace toco
