#pragma once

struct DenseCrfOptions {
  int height, width, classes, iterations;
  double gaussianWeight, gaussianSigma, bilateralWeight, bilateralSigmaXy, bilateralSigmaRgb;
  bool half;  // whether values are stored in 16 bits; not in WebAssembly
};

enum DenseCrfStatus { done = 0, notEnoughMemory = 1, latticeTooLarge = 2, notANumber = 3 };
