// Chooses instructions and registers all operations.

#include <cstring>
#include <string>

#include "attention.h"
#include "tensorflow.h"

namespace toco {

void registerAttention(const AttentionKernels&, TF_Status*);
void registerLatticeFilter(TF_Status*);
void registerRefine(TF_Status*);

namespace {

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
// Returns the name of the instruction set, or null where there is none: nothing is registered then. Where TensorFlow refuses,
// `complaint` says why.
extern "C" const char* toco_register_kernels(const char* limit, std::string* complaint) {
  using namespace toco;
  static const char* name = nullptr;
  if (name) return name;
#if defined(__aarch64__)
  // Every processor of this kind has it.
  const InstructionSet sets[] = {{"neon", neon::kernels, true}};
#else
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
#endif
  bool allowed = limit == nullptr;
  for (const auto& set : sets) {
    allowed = allowed || std::strcmp(set.name, limit) == 0;
    if (!allowed || !set.supported) continue;
    Status status;
    registerAttention(set.kernels, status);
    registerLatticeFilter(status);
    registerRefine(status);
    if (!status.ok()) *complaint = TF_Message(status);
    return name = status.ok() ? set.name : nullptr;
  }
  return nullptr;
}
