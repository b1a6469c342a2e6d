#pragma once
// Builds the packages that submissions ask for, one after the other, on a thread of idle priority. A
// submission that was being packed when the power went is packed anew at the next start: the same input gives
// the same package.

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "firmware/base/certificate.h"
#include "firmware/portal/context.h"

namespace shilu::portal {

// Where a submission's `fields` hold the teacher's notes: [{"at_ms","to_ms","text"}].
inline constexpr const char* kNotesField = "#notes";

class Packer {
 public:
  // `on_change` is called on the packer's thread after a submission moved.
  Packer(const Context& context, CertifiedKey seal_key, Bytes subject_salt,
         std::function<void(const store::Submission&)> on_change);
  ~Packer();  // waits for a package that is being built
  void start();
  void wake();

 private:
  void run();
  void pack_all();
  void pack(const store::Submission& submission);
  Status build(const store::Submission& submission);
  void failed(const store::Submission& submission, const Error& why);

  const Context context_;
  const CertifiedKey seal_key_;
  const Bytes subject_salt_;
  const std::function<void(const store::Submission&)> on_change_;
  std::mutex mutex_;  // guards wake_
  std::condition_variable woken_;
  bool wake_ = true;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace shilu::portal
