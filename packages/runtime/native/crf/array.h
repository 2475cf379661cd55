// Arrays that end with their scope.
#pragma once
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

namespace {

template <class T> T least(T a, T b) { return b < a ? b : a; }
template <class T> T most(T a, T b) { return a < b ? b : a; }

struct OutOfMemory {};

[[noreturn]] inline void noMemory() {
#ifdef __wasm__
  __builtin_trap();  // the memory is of a counted size: this is a fault in the count
#else
  throw OutOfMemory();
#endif
}

inline void* allocate(size_t bytes) {
#ifdef __linux__
  if (bytes > 1 << 20) {  // huge pages: 3 to 8 % of the time of a whole CRF
    void* p = aligned_alloc(1 << 21, (bytes + (1 << 21) - 1) >> 21 << 21);
    if (p == nullptr) noMemory();
    madvise(p, bytes, MADV_HUGEPAGE);
    return p;
  }
#endif
  void* p = aligned_alloc(64, (bytes + 127) / 64 * 64);
  if (p == nullptr) noMemory();
  return p;
}

template <class T> class Array {
 public:
  Array() {}
  explicit Array(size_t count) : data_(static_cast<T*>(allocate(count * sizeof(T)))), size_(count), capacity_(count) {}
  Array(size_t count, T value) : Array(count) { fill(value); }
  Array(Array&& other) noexcept : data_(other.data_), size_(other.size_), capacity_(other.capacity_) {
    other.data_ = nullptr;
    other.size_ = other.capacity_ = 0;
  }
  Array& operator=(Array&& other) noexcept {
    T* data = data_;
    const size_t size = size_, capacity = capacity_;
    data_ = other.data_, size_ = other.size_, capacity_ = other.capacity_;
    other.data_ = data, other.size_ = size, other.capacity_ = capacity;
    return *this;
  }
  Array(const Array&) = delete;
  ~Array() { free(data_); }
  T& operator[](size_t i) const { return data_[i]; }
  T* begin() const { return data_; }
  T* end() const { return data_ + size_; }
  size_t size() const { return size_; }
  void fill(T value) {
    for (size_t i = 0; i < size_; i++) data_[i] = value;
  }
  void clear() { size_ = 0; }
  void push(const T& value) {
    if (size_ == capacity_) {
      Array wider(most<size_t>(1024, capacity_ * 2));
      if (size_ > 0) memcpy(static_cast<void*>(wider.data_), data_, size_ * sizeof(T));
      wider.size_ = size_;
      *this = static_cast<Array&&>(wider);
    }
    data_[size_++] = value;
  }

 private:
  T* data_ = nullptr;
  size_t size_ = 0, capacity_ = 0;
};

}  // namespace
