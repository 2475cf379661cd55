// Threads that share the units of a task. TensorFlow's C API does not give its own to kernels.
#pragma once

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <system_error>
#include <thread>
#include <vector>

namespace toco {

// Waits by pthread's conditions: those of the C++ library would need the one of GCC 12 when the program runs.
class Workers {
 public:
  // For the life of the process: at its end nobody may wait for threads that are gone.
  static Workers& instance() {
    static Workers& workers = *new Workers;
    return workers;
  }

  // Calls work(0) to work(units - 1) on up to `threads` threads, this one among them, and returns when all have returned.
  void run(int threads, int units, const std::function<void(int)>& work) {
    Task task{units, work};
    const int helpers = std::min(threads, units) - 1;
    if (helpers > 0) {
      Lock lock(mutex_);
      try {
        for (; count_ < threads - 1; count_++) std::thread([this] { serve(); }).detach();
      } catch (const std::system_error&) {
        // The system gives no more threads: the work is done by those that there are.
      }
      waiting_.insert(waiting_.end(), size_t(helpers), &task);
      pthread_cond_broadcast(&wake_);
    }
    takePart(task);
    if (helpers <= 0) return;
    Lock lock(mutex_);
    waiting_.erase(std::remove(waiting_.begin(), waiting_.end(), &task), waiting_.end());
    while (task.helpers > 0) pthread_cond_wait(&left_, &mutex_);
  }

  // As on TensorFlow's own threads; else results would hang on the thread that computes them.
  struct DenormalsAreZero {
#if defined(__aarch64__)
    const unsigned before = __builtin_aarch64_get_fpcr();
    DenormalsAreZero() { __builtin_aarch64_set_fpcr(before | 1u << 24); }
    ~DenormalsAreZero() { __builtin_aarch64_set_fpcr(before); }
#else
    const unsigned before = __builtin_ia32_stmxcsr();
    DenormalsAreZero() { __builtin_ia32_ldmxcsr(before | 0x8040); }
    ~DenormalsAreZero() { __builtin_ia32_ldmxcsr(before); }
#endif
  };

 private:
  struct Task {
    const int units;
    const std::function<void(int)>& work;
    std::atomic<int> next{0};
    int helpers = 0;  // that are at work; guarded by the mutex
  };

  struct Lock {
    pthread_mutex_t& mutex;
    explicit Lock(pthread_mutex_t& mutex) : mutex(mutex) { pthread_mutex_lock(&mutex); }
    ~Lock() { pthread_mutex_unlock(&mutex); }
  };

  static void takePart(Task& task) {
    const DenormalsAreZero mode;
    for (int unit; (unit = task.next++) < task.units;) task.work(unit);
  }

  void serve() {
    for (;;) {
      Task* task;
      {
        Lock lock(mutex_);
        while (waiting_.empty()) pthread_cond_wait(&wake_, &mutex_);
        task = waiting_.back();
        waiting_.pop_back();
        task->helpers++;
      }
      takePart(*task);
      Lock lock(mutex_);
      if (--task->helpers == 0) pthread_cond_broadcast(&left_);
    }
  }

  pthread_mutex_t mutex_ = PTHREAD_MUTEX_INITIALIZER;
  pthread_cond_t wake_ = PTHREAD_COND_INITIALIZER, left_ = PTHREAD_COND_INITIALIZER;
  std::vector<Task*> waiting_;
  int count_ = 0;
};

}  // namespace toco
