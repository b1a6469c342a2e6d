#pragma once
// Who may speak to the object store. Each holds a handler's thread for as long as the store takes, which is
// 30 s where it hangs: the others need theirs. Thread-safe.

#include <chrono>
#include <semaphore>

namespace shilu::platform {

class StoreTalks {
 public:
  // So many at a time, and a quarter as many wait for a turn.
  explicit StoreTalks(unsigned most) : talks_(most), waiting_((most + 3) / 4) {}

  // False: too many speak already, and have not come to an end within a second.
  class Turn {
   public:
    explicit Turn(StoreTalks& talks) : talks_(talks), held_(talks.take()) {}
    ~Turn() {
      if (held_) talks_.talks_.release();
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    explicit operator bool() const { return held_; }

   private:
    StoreTalks& talks_;
    const bool held_;
  };

 private:
  bool take() {
    if (talks_.try_acquire()) return true;
    if (!waiting_.try_acquire()) return false;
    const bool taken = talks_.try_acquire_for(std::chrono::seconds(1));
    waiting_.release();
    return taken;
  }

  std::counting_semaphore<> talks_;
  std::counting_semaphore<> waiting_;
};

}  // namespace shilu::platform
