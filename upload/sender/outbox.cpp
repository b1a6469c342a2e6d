#include "upload/sender/outbox.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>

#include "firmware/base/log.h"
#include "upload/sender/backoff.h"
#include "upload/sender/delivery.h"
#include "upload/sender/rate_meter.h"

namespace shilu::sender {
namespace {

// Longer than any single wait of ours; wake() ends it early.
constexpr Nanoseconds kIdle = std::chrono::seconds(30);

}  // namespace

struct Outbox::Impl {
  Impl(OutboxOptions options_in, std::function<void(const std::string&)> on_change_in)
      : options(std::move(options_in)),
        on_change(std::move(on_change_in)),
        platform(http::Client(), options.platform_url) {}

  void run();
  Nanoseconds work();
  bool enrol_if_needed();
  Nanoseconds one_submission(const store::Submission& submission);
  void ask_verdicts();
  void settle(const store::Submission& submission, const Attempt& attempt);
  bool on_acked(const store::Submission& submission, std::uint64_t acked);
  bool still_wanted(const std::string& submission_id);
  void withdraw_if_so(const std::string& submission_id);
  Nanoseconds pause(std::int64_t attempts, std::optional<std::chrono::seconds> floor);
  void set_link(Link value) { link_state = value; }

  const OutboxOptions options;
  const std::function<void(const std::string&)> on_change;

  // Bound to the outbox's thread.
  PlatformClient platform;
  std::optional<store::DeviceStore> store;
  std::optional<Enrolled> enrolled;
  RateMeter rate;
  std::int64_t enrol_attempts = 0;
  MonotonicTime next_verdicts{};
  std::mt19937_64 random{std::random_device{}()};
  SystemClock clock;

  std::thread thread;
  std::atomic<bool> stopping = false;
  std::atomic<bool> recheck = false;  // the store may have changed under a running upload
  std::atomic<Link> link_state = Link::kOff;

  mutable std::mutex mutex;  // guards what follows
  std::condition_variable woken;
  bool wake_up = false;
  std::optional<Progress> current;
  std::optional<Bytes> identity_key;
};

Outbox::Outbox(OutboxOptions options, std::function<void(const std::string&)> on_change)
    : impl_(std::make_unique<Impl>(std::move(options), std::move(on_change))) {}

Outbox::~Outbox() {
  impl_->stopping = true;
  wake();
  if (impl_->thread.joinable()) impl_->thread.join();
}

Status Outbox::start() {
  SHILU_TRY(store::DeviceStore store, store::DeviceStore::open(impl_->options.store_file));
  impl_->store.emplace(std::move(store));
  SHILU_TRY(impl_->enrolled, load_enrolment(impl_->options.state_file, impl_->options.platform_url));
  if (impl_->enrolled) {
    impl_->platform.set_token(impl_->enrolled->token);
    impl_->identity_key = impl_->enrolled->identity_key;
  }
  impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
  return {};
}

void Outbox::wake() {
  impl_->recheck = true;
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->wake_up = true;
  }
  impl_->woken.notify_all();
}

std::optional<Progress> Outbox::progress(const std::string& submission_id) const {
  const std::lock_guard lock(impl_->mutex);
  if (!impl_->current || impl_->current->submission_id != submission_id) return std::nullopt;
  return impl_->current;
}

std::optional<Bytes> Outbox::identity_key() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->identity_key;
}

Outbox::Link Outbox::link() const {
  return impl_->link_state;
}

void Outbox::Impl::run() {
  while (!stopping) {
    const Nanoseconds wait = work();
    std::unique_lock lock(mutex);
    woken.wait_for(lock, wait, [&] { return wake_up || stopping; });
    wake_up = false;
  }
}

// Does what is due; how long to sleep then.
Nanoseconds Outbox::Impl::work() {
  if (!enrolled && !enrol_if_needed()) return pause(enrol_attempts++, std::nullopt);
  const auto due = store->due_submission();
  if (!due) {
    log_error("outbox: {}", due.error().message);
    return options.max_backoff;
  }
  if (*due) return one_submission(**due);
  ask_verdicts();
  const auto next = store->next_attempt_utc_ms();
  Nanoseconds wait = std::min(kIdle, options.poll_verdict);
  if (next && *next) {
    const Nanoseconds until((**next * 1'000'000) - clock.wall().ns);
    wait = std::clamp(until, Nanoseconds(std::chrono::milliseconds(20)), wait);
  }
  return wait;
}

bool Outbox::Impl::enrol_if_needed() {
  auto answer = enrol(platform, options.platform_url, options.device_key, options.device_name, options.claim);
  if (!answer) {
    set_link(answer.error().kind == CallError::Kind::kNetwork ? Link::kOffline : Link::kWaiting);
    log_warning("outbox: could not enrol: {}", answer.error().message);
    return false;
  }
  if (const auto saved = save_enrolment(options.state_file, *answer); !saved) {
    log_error("outbox: {}", saved.error().message);
    return false;
  }
  enrolled = std::move(*answer);
  enrol_attempts = 0;
  platform.set_token(enrolled->token);
  set_link(Link::kOk);
  const std::lock_guard lock(mutex);
  identity_key = enrolled->identity_key;
  return true;
}

Nanoseconds Outbox::Impl::one_submission(const store::Submission& submission) {
  Delivery delivery(*store, platform, *enrolled);
  const bool verifying = submission.state == store::SubmissionState::kVerifying;
  rate = RateMeter();
  const Attempt attempt =
      verifying ? delivery.ask_result(submission)
                : delivery.send(submission, [&](std::uint64_t acked) { return on_acked(submission, acked); });
  {
    const std::lock_guard lock(mutex);
    current.reset();
  }
  settle(submission, attempt);
  on_change(submission.id);
  return Nanoseconds(0);
}

// What an attempt's end means for the next one. A step that the store refuses was overtaken by a person
// (paused, withdrawn): theirs counts.
void Outbox::Impl::settle(const store::Submission& submission, const Attempt& attempt) {
  switch (attempt.end) {
    case Attempt::End::kMoved:
      set_link(Link::kOk);
      return;
    case Attempt::End::kWaiting:
      set_link(Link::kOk);
      (void)store->retry_later(submission.id, "", options.poll_verifying);
      return;
    case Attempt::End::kCancelled:
      withdraw_if_so(submission.id);
      return;
    case Attempt::End::kFailed:
      break;
  }
  const CallError& error = attempt.error;
  set_link(error.kind == CallError::Kind::kNetwork ? Link::kOffline : Link::kWaiting);
  log_warning("outbox: submission={} {}", submission.id, error.message);
  if (error.kind == CallError::Kind::kGone) (void)store->set_upload(submission.id, std::nullopt, 0);
  if (error.kind == CallError::Kind::kAuth) enrolled.reset();  // the token is not good any more: enrol again
  const bool hopeless = error.kind == CallError::Kind::kRefused || error.kind == CallError::Kind::kTooLarge;
  const Nanoseconds wait = hopeless ? options.max_backoff : pause(submission.attempts, error.retry_after);
  (void)store->retry_later(submission.id, error.message, wait);
}

Nanoseconds Outbox::Impl::pause(std::int64_t attempts, std::optional<std::chrono::seconds> floor) {
  const double fraction = std::uniform_real_distribution<double>(0, 1)(random);
  return backoff({options.first_backoff, options.max_backoff}, attempts, fraction, floor);
}

void Outbox::Impl::ask_verdicts() {
  if (clock.monotonic() < next_verdicts) return;
  next_verdicts = clock.monotonic() + options.poll_verdict;
  const auto waiting = store->submissions_without_verdict();
  if (!waiting) return;
  Delivery delivery(*store, platform, *enrolled);
  for (const store::Submission& submission : *waiting) {
    if (stopping) return;
    const Attempt attempt = delivery.ask_verdict(submission);
    if (attempt.end == Attempt::End::kMoved) on_change(submission.id);
    if (attempt.end != Attempt::End::kFailed) {
      set_link(Link::kOk);
      continue;
    }
    log_warning("outbox: submission={} {}", submission.id, attempt.error.message);
    // Without a line the others would not fare better.
    if (attempt.error.kind == CallError::Kind::kNetwork) {
      set_link(Link::kOffline);
      return;
    }
  }
}

bool Outbox::Impl::on_acked(const store::Submission& submission, std::uint64_t acked) {
  rate.add(clock.monotonic(), acked);
  Progress progress{submission.id, acked, static_cast<std::uint64_t>(*submission.size_bytes),
                    rate.bytes_per_second(), 0};
  if (progress.rate_bytes_per_s > 0) {
    progress.seconds_left = static_cast<double>(progress.size_bytes - acked) / progress.rate_bytes_per_s;
  }
  {
    const std::lock_guard lock(mutex);
    current = progress;
  }
  on_change(submission.id);
  if (stopping) return false;
  return !recheck.exchange(false) || still_wanted(submission.id);
}

bool Outbox::Impl::still_wanted(const std::string& submission_id) {
  const auto now = store->submission(submission_id);
  return now && !now->paused && now->state == store::SubmissionState::kSending;
}

void Outbox::Impl::withdraw_if_so(const std::string& submission_id) {
  const auto now = store->submission(submission_id);
  if (!now || now->state != store::SubmissionState::kWithdrawn || !now->upload_url) return;
  Delivery(*store, platform, *enrolled).withdraw(*now->upload_url);
}

}  // namespace shilu::sender
