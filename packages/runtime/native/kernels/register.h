// Which instructions our operations use, and what became of the others.
#pragma once

#include <string>

struct Request {
  const char* limit;  // the best instructions to use; null: all
  int threads;        // of an operation that says nothing of them
  int bf16IsSlower;   // what a measurement on this processor gave before; -1: nothing is known
};

struct Registered {
  const char* instructions = nullptr;  // null: there are none, nothing is registered
  bool products = false;               // whether there are products by tiles
  int bf16IsSlower = -1;               // what was measured now; -1: nothing
  std::string passedOver;              // which instructions were passed over, and why
  std::string complaint;               // what TensorFlow has against them
};

// Registers the operations once for the process, for the best instructions among those up to the limit that the processor has,
// that the system grants and that are right on a small input.
Registered toco_register_kernels(const Request&);
