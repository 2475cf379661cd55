// Multi-head self-attention on the CPU: what is computed, and by which instructions.
#pragma once

namespace toco {

// Sizes of dense, row-major tensors: qkv [images,tokens,3,heads,size], output [images,tokens,heads,size],
// logSums [images,tokens,heads].
struct AttentionShape {
  int images, tokens, heads, size;
};

// A number of queries that any kernel takes in whole blocks.
constexpr int wholeQueries = 96;

// Queries of a head from `first`, a multiple of `wholeQueries`, to `last`.
struct Queries {
  int first, last;
};

// Work comes in units that do not depend on one another: one head of one image each.
struct Attention {
  // output = softmax(q kᵀ / √size) v; logSums: binary logarithms of the sums of
  // exponentials, one for each query. Some queries give the same numbers as all at once do.
  void (*forward)(const AttentionShape&, int unit, Queries, const void* qkv, void* output, float* logSums);
  // The gradient of qkv from that of the output.
  void (*backward)(const AttentionShape&, int unit, const void* qkv, const void* output, const float* logSums,
                   const void* dOutput, void* dQkv);
};

// Attention compiled for some instruction set.
struct AttentionKernels {
  Attention float32, bfloat16;
};

#if defined(__aarch64__)
namespace neon {
extern const AttentionKernels kernels;
}
#else
namespace avx2 {
extern const AttentionKernels kernels;
}
namespace avx512 {
extern const AttentionKernels kernels;
}
namespace avx512_bf16 {
extern const AttentionKernels kernels;
}
namespace amx_bf16 {
extern const AttentionKernels kernels;
}
#endif

// Whether kernels give on a small input what the same in double precision gives.
bool areRight(const AttentionKernels&);

// Seconds that attention of bfloat16 and its gradient take on one thread for one head of 197 tokens, the least of some runs each.
// They run in turns, so that what else the machine does slows all.
void measure(const AttentionKernels* const kernels[], int count, double seconds[]);

}  // namespace toco
