// Processes in a ring that reduce arrays together, over TCP.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace toco {

enum class Merge : uint32_t { mean, sum, max };

// Arrays of float or int32_t that all processes of a ring reduce, element by element and in place.
struct Reduction {
  struct Part {
    char* data;
    size_t count;
  };
  uint32_t key = 0;  // what all processes know it by; each has one of a key at a time
  bool floats = true;
  Merge merge = Merge::mean;
  std::vector<Part> parts;
  // Called once, on another thread: with what went wrong, or nothing. The parts are the caller's again.
  std::function<void(const std::string& complaint)> done;
};

// This process's place in the ring: a thread that moves the data of all reductions, and two connections.
class Ring {
 public:
  static Ring& instance();

  // Listens, and begins to look for the others at `addresses` (host:port, by rank), for the rest of the process's life.
  // Gives back what is wrong, or nothing.
  std::string join(const std::vector<std::string>& addresses, size_t rank);

  // Reductions may come in any order in each process. One begins between two processes when both have it.
  void reduce(std::unique_ptr<Reduction>);

  // Ends all reductions, those to come too, here and in the other processes.
  void abort(const std::string& why);

 private:
  Ring();
  struct Member;
  Member& member_;
};

}  // namespace toco
