// Chooses instructions and registers all operations.

#include <cstring>
#include <string>

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

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

#if defined(__x86_64__)

// Whether the processor multiplies tiles of bfloat16, and the system lets this process have their registers: it wants to be
// asked, once for all threads, since each thread's are 8 KiB more to keep.
bool mayUseTiles() {
#if defined(EMULATED_TILES)
  return true;
#else
  unsigned a, b, c, d;
  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(d >> 22 & 1) || !(d >> 24 & 1)) return false;
  constexpr long ARCH_REQ_XCOMP_PERM = 0x1023, tileData = 18;
  return syscall(SYS_arch_prctl, ARCH_REQ_XCOMP_PERM, tileData) == 0;
#endif
}

// Products of bfloat16 take half the time of those of float32 on AMD's processors, and twice as long as they could on Intel's.
bool isMuchSlower(const AttentionKernels& one, const AttentionKernels& other) {
  const AttentionKernels* const both[] = {&one, &other};
  double seconds[2];
  measure(both, 2, seconds);
  return seconds[0] > 1.1 * seconds[1];
}

#endif

}  // namespace
}  // namespace toco

// Registers the operations once for the process, for the best instructions among those up to `limit` (null: all) that the
// processor has and that are right on a small input.
//
// Returns the name of the instruction set, or null where there is none: nothing is registered then. `passedOver` takes the names
// of those that are wrong. Where TensorFlow refuses, `complaint` says why.
extern "C" const char* toco_register_kernels(const char* limit, std::string* passedOver, std::string* complaint) {
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
  const bool bf16 = avx512 && __builtin_cpu_supports("avx512bf16");
  const bool wantsTiles = limit == nullptr || std::strcmp(limit, "amx_bf16") == 0;
  const InstructionSet sets[] = {
      {"amx_bf16", amx_bf16::kernels, bf16 && wantsTiles && mayUseTiles()},
      {"avx512_bf16", avx512_bf16::kernels, bf16},
      {"avx512", avx512::kernels, avx512},
      {"avx2", avx2::kernels, avx2},
  };
#endif
  bool allowed = limit == nullptr;
  for (const auto& set : sets) {
    allowed = allowed || std::strcmp(set.name, limit) == 0;
    if (!allowed || !set.supported) continue;
    if (!areRight(set.kernels)) {
      *passedOver += (passedOver->empty() ? "" : ", ") + std::string(set.name);
      continue;
    }
#if defined(__x86_64__)
    // What was asked for by name is not measured.
    if (limit == nullptr && &set.kernels == &avx512_bf16::kernels && areRight(avx512::kernels) &&
        isMuchSlower(avx512_bf16::kernels, avx512::kernels))
      continue;
#endif
    Status status;
    registerAttention(set.kernels, status);
    registerLatticeFilter(status);
    registerRefine(status);
    if (!status.ok()) *complaint = TF_Message(status);
    return name = status.ok() ? set.name : nullptr;
  }
  return nullptr;
}
