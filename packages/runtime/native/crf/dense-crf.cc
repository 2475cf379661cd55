// The dense CRF for one instruction set of the processor: compiled once for each, see src/dense-crf-module.ts.
#include "mean-field.h"

#define JOINED(name, set) name##set
#define FOR(set) JOINED(toco_dense_crf_, set)

extern "C" int FOR(INSTRUCTION_SET)(const float* image, const float* probabilities, const DenseCrfOptions* options,
                                    float* out) {
  try {
    Gaussian gaussian(*options);
    if (!gaussian.fits) return latticeTooLarge;
    const Bilateral bilateral(image, *options);
    if (!bilateral.fits) return latticeTooLarge;
    if (options->half) return MeanField<Half>(bilateral, gaussian, *options).run(probabilities, out);
    return MeanField<float>(bilateral, gaussian, *options).run(probabilities, out);
  } catch (const OutOfMemory&) {
    return notEnoughMemory;
  }
}
