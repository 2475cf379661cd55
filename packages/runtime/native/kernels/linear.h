// A linear map of many rows, with what comes before and after it: what a transformer does between its attentions.
#pragma once

#include <cstddef>

namespace toco {

// y = residual + scale·activation(norm(x) weightᵀ + bias), all dense and row-major.
struct LinearMap {
  int rows, inputs, outputs;
  const float* x;       // [rows,inputs]
  const float* weight;  // [outputs,inputs]
  // Null where there is none:
  const float* bias;                     // [outputs]
  const float* scale;                    // [outputs]
  const float* residual;                 // [rows,outputs]
  const float *normWeight, *normBias;    // [inputs], of a layer norm
  float epsilon;                         // of the norm
  bool gelu;                             // the activation, or none
};

// For some instruction set. First every panel of the weight is packed, then the rows are mapped; neither panels nor rows
// depend on one another.
struct LinearKernel {
  int (*panels)(const LinearMap&);
  // Number of floats that all packed panels take.
  size_t (*packedSize)(const LinearMap&);
  void (*pack)(const LinearMap&, int panel, float* packed);
  // Rows from `first` to `last`, of which `unit` at a time are best.
  void (*map)(const LinearMap&, int first, int last, const float* packed, float* y);
  int unit;
};

#if defined(__aarch64__)
namespace neon {
extern const LinearKernel linear;
}
#else
namespace avx2 {
extern const LinearKernel linear;
}
namespace avx512 {
extern const LinearKernel linear;
}
#endif

// Whether it gives on small matrices what the same in double precision gives.
bool isRight(const LinearKernel&);

}  // namespace toco
