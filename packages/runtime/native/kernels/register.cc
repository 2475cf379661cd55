// Chooses instructions and registers all operations.

#include <cstring>
#include <string>

#if defined(__x86_64__)
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "attention.h"
#include "linear.h"
#include "product.h"
#include "register.h"
#include "tensorflow.h"

namespace toco {

void registerAttention(const AttentionKernels&, TF_Status*);
void registerLinear(const LinearKernel&, TF_Status*);
void registerLatticeFilter(TF_Status*);
void registerRefine(TF_Status*);
void registerPointwise(TF_Status*);
void registerReduction(TF_Status*);
void registerProducts(int threads, TF_Status*);

namespace {

struct InstructionSet {
  const char* name;
  const AttentionKernels& kernels;
  const LinearKernel& linear;  // of float32
  bool supported;
};

constexpr const char* areWrong = "wrong on a small input here";

#if defined(__x86_64__)

bool hasTiles() {
#if defined(EMULATED_TILES)
  return true;
#else
  unsigned a, b, c, d;
  return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d >> 22 & 1) && (d >> 24 & 1);
#endif
}

// Whether the system lets this process have their registers: it wants to be asked, once for all threads, since each thread's are
// 8 KiB more to keep.
bool mayUseTiles() {
#if defined(EMULATED_TILES)
  return EMULATED_TILES != 3;
#else
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

Registered toco_register_kernels(const Request& request) {
  using namespace toco;
  static Registered registered;
  if (registered.instructions) return registered;
  const char* const limit = request.limit;
  const auto isLimit = [&](const char* name) { return limit && std::strcmp(limit, name) == 0; };
  const auto passOver = [&](const char* what, const char* reason) {
    registered.passedOver += std::string(registered.passedOver.empty() ? "" : ", ") + what + " passed over: " + reason;
  };
  registered = {};
#if defined(__aarch64__)
  // Every processor of this kind has it.
  const InstructionSet sets[] = {{"neon", neon::kernels, neon::linear, true}};
#else
  __builtin_cpu_init();
  const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  const bool avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                      __builtin_cpu_supports("avx512cd");
  const bool bf16 = avx512 && __builtin_cpu_supports("avx512bf16");
  const bool wantsTiles = bf16 && hasTiles() && (!limit || isLimit("amx_bf16"));
  const bool tiles = wantsTiles && mayUseTiles();
  if (wantsTiles && !tiles) passOver("amx_bf16", "the system does not let this process use tiles");
  const InstructionSet sets[] = {
      {"amx_bf16", amx_bf16::kernels, avx512::linear, tiles},
      {"avx512_bf16", avx512_bf16::kernels, avx512::linear, bf16},
      {"avx512", avx512::kernels, avx512::linear, avx512},
      {"avx2", avx2::kernels, avx2::linear, avx2},
  };
#endif
  bool allowed = limit == nullptr;
  for (const auto& set : sets) {
    allowed = allowed || isLimit(set.name);
    if (!allowed || !set.supported) continue;
    if (!areRight(set.kernels) || !isRight(set.linear)) {
      passOver(set.name, areWrong);
      continue;
    }
    Status status;
#if defined(__x86_64__)
    // What was asked for by name is not measured, nor what was measured before.
    if (!limit && &set.kernels == &avx512_bf16::kernels && areRight(avx512::kernels)) {
      if (request.bf16IsSlower < 0) registered.bf16IsSlower = isMuchSlower(avx512_bf16::kernels, avx512::kernels);
      if (request.bf16IsSlower > 0 || registered.bf16IsSlower > 0) continue;
    }
    if (&set.kernels == &amx_bf16::kernels) {
      registered.products = areProductsRight();
      if (registered.products)
        registerProducts(request.threads, status);
      else
        passOver("products by amx_bf16", areWrong);
    }
#endif
    registerAttention(set.kernels, status);
    registerLinear(set.linear, status);
    registerLatticeFilter(status);
    registerRefine(status);
    registerPointwise(status);
    registerReduction(status);
    if (status.ok())
      registered.instructions = set.name;
    else
      registered.complaint = TF_Message(status);
    return registered;
  }
  return registered;
}
