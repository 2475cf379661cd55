// Memory of a thread for what it computes.
#pragma once

#include <cstddef>
#include <cstdlib>

namespace toco {
namespace {

// It stays, since steps and networks ask for the same sizes again and again.
struct ScratchMemory {
  void* start = nullptr;
  size_t bytes = 0;
  ~ScratchMemory() { std::free(start); }
};

// That of this thread, a piece for each number.
template <int number, class T>
T* scratch(size_t count) {
  static thread_local ScratchMemory memory;
  const size_t bytes = (count * sizeof(T) + 63) / 64 * 64;
  if (memory.bytes < bytes) {
    std::free(memory.start);
    memory.start = std::aligned_alloc(64, memory.bytes = bytes);
    if (!memory.start) std::abort();
  }
  return (T*)memory.start;
}

}  // namespace
}  // namespace toco
