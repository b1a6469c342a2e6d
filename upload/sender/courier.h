#pragma once
// The outbox's head: what is due, what goes first, what a failure means for the next try. Bound to one
// thread; turn() does one thing and says how long to sleep. Time and chance come from outside, so that tests
// need not wait.

#include "upload/sender/delivery.h"
#include "upload/sender/line_health.h"
#include "upload/sender/outbox.h"
#include "upload/sender/parts_transport.h"
#include "upload/sender/questions.h"
#include "upload/sender/rate_meter.h"
#include "upload/sender/tus_transport.h"
#include "upload/sender/withdrawals.h"

namespace shilu::sender {

class Courier {
 public:
  struct World {
    std::function<bool()> stopping;
    std::function<bool()> changed;  // since it was last asked: the store may say something new
    std::function<void(const std::string& submission_id)> on_change;
    std::function<void(const std::optional<Progress>&)> on_progress;
    std::function<void(const LineStatus&)> on_line;
    std::function<void(const Enrolled&)> on_enrolled;
    std::function<double()> random;        // in [0, 1)
    std::function<std::string()> way_out;  // the interface of the default route
    std::function<Nanoseconds()> machine_uptime;
  };
  // All are borrowed for the courier's life.
  Courier(const OutboxOptions& options, store::DeviceStore& store, const Clock& clock, Pace& pace,
          World world);

  Status open();       // what is known from before
  Nanoseconds turn();  // how long nothing is to be done then
  void on_link_up();
  void on_person();

 private:
  bool may_talk(Nanoseconds& wait);
  void follow_clock();
  bool ensure_enrolled(Nanoseconds& wait);
  void use(Enrolled enrolled);
  std::int64_t least_priority() const;
  void work_on(const store::Submission& submission);
  Attempt attempt(Delivery& delivery, const store::Submission& submission);
  UploadWatch watch(const store::Submission& submission);
  bool on_acked(const store::Submission& submission, std::uint64_t acked);
  bool is_still_wanted(const store::Submission& submission);
  bool is_overtaken(const store::Submission& submission);
  void settle(const store::Submission& submission, const Attempt& attempt);
  void settle_failure(const store::Submission& submission, const CallError& error, bool answered);
  void send_lost_again(const store::Submission& submission);
  Nanoseconds own_pause(const store::Submission& submission, const CallError& error);
  bool ask_for_a_verdict();
  void settle_verdict(const store::Submission& submission, const Attempt& attempt);
  Nanoseconds until_next();
  Nanoseconds next_verifying_question(const std::string& id);
  void tell_line(LineStatus::Link link, std::string code = "", std::string text = "");
  void tell_failure(const CallError& error);
  void remember_addresses();
  Delivery delivery();
  UploadTransport* find_transport(const OfferAnswer& answer, const Carriers::Ask& ask);

  const OutboxOptions& options_;
  store::DeviceStore& store_;
  const Clock& clock_;
  Pace& pace_;
  const World world_;
  PlatformClient platform_;
  std::optional<Enrolled> enrolled_;
  std::unique_ptr<TusTransport> tus_;
  http::Client object_store_;  // the platform's, if it has one
  s3::Lanes lanes_{1};         // to it
  std::unique_ptr<PartsTransport> parts_;
  StoreReach reach_;
  LineHealth line_;
  RateMeter rate_;
  bool token_doubted_ = false;
  std::int64_t enrol_failures_ = 0;
  MonotonicTime next_enrol_{};
  bool held_by_rule_ = false;  // forbidden hour or metered line
  bool store_fails_ = false;   // the last step could not be stored
  Questions verifying_, verdicts_;
  std::int64_t verdict_failures_ = 0;
  MonotonicTime next_verdict_{};
  Withdrawals withdrawals_;
  std::map<std::string, std::string> addresses_;
  Nanoseconds wall_offset_{0};
};

}  // namespace shilu::sender
