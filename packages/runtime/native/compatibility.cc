// Since version 11, g++ calls this function of the C++ library where an array's length does not fit. Older
// distributions have no such symbol; with one of our own the modules load wherever Node 20 itself does.

#include <new>

namespace std {
[[noreturn]] __attribute__((visibility("hidden"))) void __throw_bad_array_new_length() {
  throw bad_array_new_length();
}
}  // namespace std
