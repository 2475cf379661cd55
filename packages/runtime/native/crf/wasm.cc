// The dense CRF for WebAssembly, without a C library: built by packages/crf/wasm/build.js into that package.
//
// Two memories, each of its counted size and never grown: lattices are built in one that holds the worst case, of which only
// what is used is ever touched; then `bytes` says what the mean field takes, and it runs in a memory of that size into which
// the first one's `used` bytes were copied. What is allocated is given back only where it was the last; the memory goes whole.
#include <new>

#include "mean-field.h"

extern "C" unsigned char __heap_base;

namespace {

size_t top() { return size_t(&__heap_base); }

struct Heap {
  size_t next = 0, last = 0;
} heap;

struct Lattices {
  DenseCrfOptions options;
  Gaussian* gaussian;
  Bilateral* bilateral;
  float* values;
};



}  // namespace

extern "C" {

void* aligned_alloc(size_t, size_t bytes) {
  if (heap.next == 0) heap.next = (top() + 63) / 64 * 64;
  if (bytes > __builtin_wasm_memory_size(0) * 65536 - heap.next) return nullptr;
  heap.last = heap.next;
  heap.next += (bytes + 63) / 64 * 64;
  return reinterpret_cast<void*>(heap.last);
}
void free(void* p) {
  if (p != nullptr && size_t(p) == heap.last) heap.next = heap.last;
}

#define EXPORTED(name) __attribute__((export_name(name)))

// Room for the image; `build` takes it from there.
EXPORTED("image") float* image(int height, int width) {
  return static_cast<float*>(allocate(size_t(height) * size_t(width) * 12));
}

// Builds the lattices; null where they are too large.
EXPORTED("build")
Lattices* build(const float* levels, int height, int width, int classes, int iterations, double gaussianWeight,
                double gaussianSigma, double bilateralWeight, double bilateralSigmaXy, double bilateralSigmaRgb) {
  auto* lattices = static_cast<Lattices*>(allocate(sizeof(Lattices)));
  lattices->options = {height,          width,         classes,         iterations,       gaussianWeight,
                       gaussianSigma, bilateralWeight, bilateralSigmaXy, bilateralSigmaRgb, false};
  lattices->gaussian = new (allocate(sizeof(Gaussian))) Gaussian(lattices->options);
  if (!lattices->gaussian->fits) return nullptr;
  lattices->bilateral = new (allocate(sizeof(Bilateral))) Bilateral(levels, lattices->options);
  return lattices->bilateral->fits ? lattices : nullptr;
}

// Bytes of memory in use.
EXPORTED("used") size_t used() { return heap.next; }

// Bytes of a memory for the mean field; beyond 4 GiB too.
EXPORTED("bytes") double bytes(const Lattices* lattices) {
  const DenseCrfOptions& o = lattices->options;
  const double n = double(o.height) * o.width;
  return heap.next + n * o.classes * 4 + 64 + MeanField<float>::bytes(*lattices->bilateral, o) +
         lattices->gaussian->bytes((o.classes + lanes - 1) / lanes);
}

// Goes on in a memory into which the first one's bytes were copied: room for the probabilities, and then for Q.
EXPORTED("values") float* values(Lattices* lattices, size_t usedBytes) {
  heap.next = usedBytes;
  const DenseCrfOptions& o = lattices->options;
  return lattices->values = static_cast<float*>(allocate(size_t(o.height) * o.width * o.classes * 4));
}

// Q in place of the probabilities.
EXPORTED("run") int run(Lattices* lattices) {
  return MeanField<float>(*lattices->bilateral, *lattices->gaussian, lattices->options).run(lattices->values, lattices->values);
}

}  // extern "C"
