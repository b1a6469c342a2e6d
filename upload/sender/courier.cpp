#include "upload/sender/courier.h"

#include <algorithm>
#include <set>

#include "firmware/base/file_system.h"
#include "firmware/base/json_io.h"
#include "firmware/base/log.h"
#include "upload/sender/backoff.h"
#include "upload/sender/client_options.h"

namespace shilu::sender {
namespace {

using namespace std::chrono_literals;
using Link = LineStatus::Link;
using Kind = CallError::Kind;

// Longer than any single wait of ours; wake() ends it early.
constexpr Nanoseconds kIdle = 30s;
constexpr Nanoseconds kSoon = 20ms;
constexpr Nanoseconds kRuleCheck = 5s;         // forbidden hours, metered lines
constexpr Nanoseconds kMostAfterStart = 5min;  // a restart remembers no longer pause than this
constexpr Nanoseconds kJustSwitchedOn = 3min;
constexpr Nanoseconds kClockStep = 2s;  // what NTP slews in a turn is less
// One submission that fails while others may not: its own pauses.
constexpr BackoffLimits kOwn{1s, 5min};
constexpr BackoffLimits kParked{1min, 1h};  // only a person or an update of the platform helps
constexpr Nanoseconds kLeastParked = 30s;
constexpr BackoffLimits kBusy{5s, 5min};  // no Retry-After was given
constexpr BackoffLimits kEnrol{1s, 5min};
constexpr BackoffLimits kLost{1min, 1h};
constexpr std::int64_t kAskedForByHand = store::kEvidencePriority + 1;  // "send now"

bool is_about_all(Kind kind) {
  return kind == Kind::kNetwork || kind == Kind::kTrust || kind == Kind::kPortal;
}

std::filesystem::path addresses_file(const OutboxOptions& options) {
  return options.state_file.parent_path() / "addresses.json";
}

http::ClientOptions with_addresses(http::ClientOptions client, const OutboxOptions& options) {
  const auto text = read_text_file(addresses_file(options));
  const auto known = text ? parse_json(*text) : Result<Json>(Json::object());
  if (!known || !known->is_object()) return client;
  for (const auto& [peer, address] : known->items()) {
    if (address.is_string()) client.known_addresses[peer] = address.get<std::string>();
  }
  return client;
}

}  // namespace

Courier::Courier(const OutboxOptions& options, store::DeviceStore& store, const Clock& clock, Pace& pace,
                 World world)
    : options_(options),
      store_(store),
      clock_(clock),
      pace_(pace),
      world_(std::move(world)),
      platform_(http::Client(with_addresses(client_options(options.upload), options)), options.platform_url),
      object_store_(store_client_options(options.upload)),
      withdrawals_(store, clock, world_.random),
      addresses_(platform_.client().known_addresses()) {}

Status Courier::open() {
  wall_offset_ = Nanoseconds(clock_.wall().ns - clock_.monotonic().ns);
  SHILU_TRY(auto enrolled, load_enrolment(options_.state_file, options_.platform_url));
  if (enrolled) use(std::move(*enrolled));
  SHILU_CHECK(store_.hasten_attempts(kMostAfterStart));
  SHILU_TRY(const auto waiting, store_.next_attempt_utc_ms());
  // Switched on with the rest of the district, and with something to send.
  if (waiting && world_.machine_uptime() < kJustSwitchedOn)
    line_.on_power_up(clock_.monotonic(), world_.random());
  return {};
}

void Courier::use(Enrolled enrolled) {
  enrolled_ = std::move(enrolled);
  platform_.set_token(enrolled_->token);
  tus_ = std::make_unique<TusTransport>(
      platform_.client(), enrolled_->upload_endpoint,
      std::vector<std::pair<std::string, std::string>>{{"Authorization", "Bearer " + enrolled_->token}});
  if (world_.on_enrolled) world_.on_enrolled(*enrolled_);
}

Delivery Courier::delivery() {
  return {
      store_,
      platform_,
      *enrolled_,
      {[this](const OfferAnswer& answer, const Carriers::Ask& ask) { return find_transport(answer, ask); },
       [this] { return reach_.is_worth_trying(clock_.monotonic()); }}};
}

UploadTransport* Courier::find_transport(const OfferAnswer& answer, const Carriers::Ask& ask) {
  if (answer.transport == "tus") return tus_.get();
  if (answer.transport != "parts") return nullptr;
  const auto tell = [this](bool reached) {
    if (reached) return reach_.on_part();
    reach_.on_failure(clock_.monotonic());
  };
  parts_ = std::make_unique<PartsTransport>(object_store_, lanes_, answer, ask, tell);
  return parts_.get();
}

Nanoseconds Courier::turn() {
  follow_clock();
  Nanoseconds wait = kIdle;
  if (!may_talk(wait) || !ensure_enrolled(wait)) return wait;
  const auto untold = withdrawals_.tell(*tus_, options_.platform_url);
  if (untold && untold->kind == Kind::kAuth) token_doubted_ = true;
  const auto due = store_.due_submission(least_priority());
  if (!due) {
    log_error("outbox: {}", due.error().message);
    return kIdle;
  }
  if (*due) {
    work_on(**due);
    remember_addresses();
    return store_fails_ ? kRuleCheck : Nanoseconds(0);
  }
  if (ask_for_a_verdict()) return Nanoseconds(0);
  return until_next();
}

// The wall clock was set: what was to be tried in a minute is still to be tried in a minute.
void Courier::follow_clock() {
  const Nanoseconds offset(clock_.wall().ns - clock_.monotonic().ns);
  const Nanoseconds step = offset - wall_offset_;
  wall_offset_ = offset;
  if (step < -kClockStep || step > kClockStep) (void)store_.shift_attempts(step);
}

bool Courier::may_talk(Nanoseconds& wait) {
  if (pace_.forbidden_now()) {
    held_by_rule_ = true;
    tell_line(Link::kWaiting, "forbidden-hours", "the settings forbid uploads at this hour");
    wait = kRuleCheck;
    return false;
  }
  const auto hold = line_.hold_until();
  if (!hold || *hold <= clock_.monotonic()) return true;
  wait = std::clamp<Nanoseconds>(*hold - clock_.monotonic(), kSoon, kIdle);
  return false;
}

std::int64_t Courier::least_priority() const {
  const auto& metered = options_.upload.metered_interfaces;
  if (metered.empty()) return INT64_MIN;
  const bool is_metered = std::find(metered.begin(), metered.end(), world_.way_out()) != metered.end();
  return is_metered ? kAskedForByHand : INT64_MIN;
}

bool Courier::ensure_enrolled(Nanoseconds& wait) {
  if (enrolled_ && !token_doubted_) return true;
  const MonotonicTime now = clock_.monotonic();
  if (now < next_enrol_) {
    wait = std::clamp<Nanoseconds>(next_enrol_ - now, kSoon, kIdle);
    return enrolled_.has_value();  // perhaps the old token is good again
  }
  token_doubted_ = false;
  auto fresh = enrol(platform_, options_.platform_url, *options_.seal_key, options_.device_name,
                     options_.claim, enrolled_);
  Status good = fresh ? save_enrolment(options_.state_file, *fresh)
                      : fail(ErrorKind::kUnavailable, fresh.error().message);
  if (good) {
    enrol_failures_ = 0;
    line_.on_answer();
    tell_line(Link::kOk);
    use(std::move(*fresh));
    return true;
  }
  log_warning("outbox: could not enrol: {}", good.error().message);
  if (fresh) tell_line(Link::kWaiting, "local", good.error().message);
  if (!fresh) tell_failure(fresh.error());
  if (!fresh && is_about_all(fresh.error().kind)) {
    line_.on_failure(clock_.monotonic(), world_.random());
    wait = std::clamp<Nanoseconds>(*line_.hold_until() - clock_.monotonic(), kSoon, kIdle);
    token_doubted_ = enrolled_.has_value();
    return false;
  }
  const auto floor = fresh ? std::nullopt : fresh.error().retry_after;
  next_enrol_ = clock_.monotonic() + backoff(kEnrol, enrol_failures_++, world_.random(), floor);
  wait = std::clamp<Nanoseconds>(next_enrol_ - clock_.monotonic(), kSoon, kIdle);
  return enrolled_.has_value();
}

void Courier::work_on(const store::Submission& submission) {
  if (held_by_rule_) {
    held_by_rule_ = false;
    tell_line(Link::kOk);
  }
  rate_ = RateMeter();
  pace_.on_new_connection();
  Delivery going = delivery();
  const Attempt result = attempt(going, submission);
  world_.on_progress(std::nullopt);
  if (result.answered) line_.on_answer();
  settle(submission, result);
  world_.on_change(submission.id);
}

Attempt Courier::attempt(Delivery& going, const store::Submission& submission) {
  if (submission.state == store::SubmissionState::kVerifying) return going.ask_result(submission);
  return going.send(submission, watch(submission));
}

UploadWatch Courier::watch(const store::Submission& submission) {
  UploadWatch watch;
  watch.on_offset = [this](std::uint64_t) {
    line_.on_answer();
    tell_line(Link::kOk);
    return Status();
  };
  watch.on_acked = [this, &submission](std::uint64_t acked) { return on_acked(submission, acked); };
  watch.should_yield = [this, &submission] { return is_overtaken(submission); };
  watch.allowance = [this](std::size_t wanted) { return pace_.allowance(wanted); };
  watch.on_line = [this](const http::LineSample& sample) { pace_.on_line(sample); };
  return watch;
}

bool Courier::on_acked(const store::Submission& submission, std::uint64_t acked) {
  rate_.add(clock_.monotonic(), acked);
  Progress progress{submission.id, acked, static_cast<std::uint64_t>(*submission.size_bytes),
                    rate_.bytes_per_second(), 0};
  if (progress.rate_bytes_per_s > 0)
    progress.seconds_left = static_cast<double>(progress.size_bytes - acked) / progress.rate_bytes_per_s;
  world_.on_progress(progress);
  world_.on_change(submission.id);
  if (world_.stopping() || pace_.forbidden_now()) return false;
  return !world_.changed() || is_still_wanted(submission);
}

// A person may have paused or withdrawn it, or want another one now.
bool Courier::is_still_wanted(const store::Submission& submission) {
  const auto now = store_.submission(submission.id);
  if (!now || now->paused || now->state != store::SubmissionState::kSending) return false;
  const auto due = store_.due_submission(now->priority + 1);
  return !due || !*due || (*due)->state == store::SubmissionState::kVerifying;
}

// Between two requests there is time for a question about a verification, and for what is more urgent.
bool Courier::is_overtaken(const store::Submission& submission) {
  const auto due = store_.due_submission();
  return due && *due && (*due)->id != submission.id &&
         ((*due)->state == store::SubmissionState::kVerifying || (*due)->priority > submission.priority);
}

// What an attempt's end means for the next one. A step that the store refuses was overtaken by a person
// (paused, withdrawn): theirs counts.
void Courier::settle(const store::Submission& submission, const Attempt& attempt) {
  switch (attempt.end) {
    case Attempt::End::kMoved:
      verifying_.forget(submission.id);
      tell_line(Link::kOk);
      return;
    case Attempt::End::kWaiting:
      tell_line(Link::kOk);
      (void)store_.ask_again_later(submission.id, next_verifying_question(submission.id));
      return;
    case Attempt::End::kLost:
      return send_lost_again(submission);
    case Attempt::End::kYielded:
    case Attempt::End::kCancelled:
      return;
    case Attempt::End::kFailed:
      return settle_failure(submission, attempt.error, attempt.answered);
  }
}

void Courier::settle_failure(const store::Submission& submission, const CallError& error, bool answered) {
  log_warning("outbox: submission={} {} {}", submission.id, error.code, error.message);
  tell_failure(error);
  const MonotonicTime now = clock_.monotonic();
  if (error.kind == Kind::kGone) (void)store_.set_upload(submission.id, std::nullopt, 0);
  if (error.kind == Kind::kAuth) token_doubted_ = true;
  const bool all_wait = is_about_all(error.kind) && !answered;
  if (all_wait) line_.on_failure(now, world_.random());
  if (error.kind == Kind::kBusy && error.retry_after) line_.on_busy(now, *error.retry_after, world_.random());
  // A line that is down is nobody's own fault: who was first stays first. What this attempt achieved has set
  // its count of attempts back, so it is read anew.
  const auto fresh = store_.submission(submission.id);
  const Nanoseconds wait = all_wait ? Nanoseconds(0) : own_pause(fresh ? *fresh : submission, error);
  const auto stored = store_.retry_later(submission.id, {error.code, error.message}, wait);
  store_fails_ = !stored && stored.error().kind != ErrorKind::kFailedPrecondition;
}

Nanoseconds Courier::own_pause(const store::Submission& submission, const CallError& error) {
  const double random = world_.random();
  switch (error.kind) {
    case Kind::kRefused:
    case Kind::kTooLarge:
    case Kind::kLocal:
      return backoff(kParked, submission.attempts, random, kLeastParked);
    case Kind::kBusy:
      return backoff(kBusy, submission.attempts, random, error.retry_after);
    default:
      return backoff(kOwn, submission.attempts, random, error.retry_after);
  }
}

// Once may be a platform that was restored from a backup. Again and again would be a circle that only costs.
void Courier::send_lost_again(const store::Submission& submission) {
  verifying_.forget(submission.id);
  const Nanoseconds wait =
      submission.losses == 0 ? Nanoseconds(0) : backoff(kLost, submission.losses - 1, 1.0);
  log_warning("outbox: submission={} the platform has lost it; it is sent again in {} s", submission.id,
              std::chrono::duration_cast<std::chrono::seconds>(wait).count());
  (void)store_.send_lost_again(submission.id, {"lost", "the platform has lost the package; it is sent again"},
                               wait);
}

Nanoseconds Courier::next_verifying_question(const std::string& id) {
  const MonotonicTime now = clock_.monotonic();
  return verifying_.ask(id, question_pause(verifying_.waited(id, now), options_.poll_verifying), now);
}

// One question a turn: what has become due meanwhile goes first. False: there is none to ask.
bool Courier::ask_for_a_verdict() {
  const MonotonicTime now = clock_.monotonic();
  if (now < next_verdict_) return false;
  const auto waiting = store_.submissions_without_verdict();
  if (!waiting) return false;
  std::set<std::string> ids;
  for (const auto& submission : *waiting) ids.insert(submission.id);
  verdicts_.forget_all_but(ids);
  const auto due = std::find_if(waiting->begin(), waiting->end(),
                                [&](const auto& submission) { return verdicts_.is_due(submission.id, now); });
  if (due == waiting->end()) return false;
  (void)verdicts_.ask(due->id, options_.poll_verdict, now);
  settle_verdict(*due, delivery().ask_verdict(*due));
  return true;
}

void Courier::settle_verdict(const store::Submission& submission, const Attempt& attempt) {
  if (attempt.end == Attempt::End::kMoved) {
    verdicts_.forget(submission.id);
    world_.on_change(submission.id);
  }
  if (attempt.answered) line_.on_answer();
  if (attempt.end != Attempt::End::kFailed) {
    verdict_failures_ = 0;
    tell_line(Link::kOk);
    return;
  }
  const CallError& error = attempt.error;
  log_warning("outbox: submission={} {}", submission.id, error.message);
  if (error.kind == Kind::kAuth) token_doubted_ = true;
  const MonotonicTime now = clock_.monotonic();
  if (error.kind == Kind::kBusy) {  // the others would hear the same
    next_verdict_ = now + backoff(kBusy, verdict_failures_++, world_.random(), error.retry_after);
    if (error.retry_after) line_.on_busy(now, *error.retry_after, world_.random());
  }
  if (!is_about_all(error.kind)) return;
  line_.on_failure(now, world_.random());
  tell_failure(error);
}

Nanoseconds Courier::until_next() {
  Nanoseconds wait = kIdle;
  if (const auto hold = line_.hold_until()) wait = std::min<Nanoseconds>(wait, *hold - clock_.monotonic());
  if (const auto next = verdicts_.next())
    wait = std::min<Nanoseconds>(wait, std::max(*next, next_verdict_) - clock_.monotonic());
  const bool metered = least_priority() != INT64_MIN;
  const auto next = store_.next_attempt_utc_ms();
  if (next && *next) {
    const Nanoseconds until(**next * 1'000'000 - clock_.wall().ns);
    wait = metered ? std::min(wait, kRuleCheck) : std::min(wait, until);
    if (metered && until <= Nanoseconds(0)) {
      held_by_rule_ = true;
      tell_line(Link::kWaiting, "metered", "this line costs money; only \"send now\" uses it");
    }
  }
  return std::clamp<Nanoseconds>(wait, kSoon, kIdle);
}

void Courier::on_link_up() {
  line_.on_link_up(clock_.monotonic(), world_.random());
  next_enrol_ = {};
}

void Courier::on_person() {
  line_.on_person(clock_.monotonic());
  next_enrol_ = next_verdict_ = {};
  withdrawals_.hurry();
  verifying_.begin_anew(clock_.monotonic());
}

void Courier::tell_line(Link link, std::string code, std::string text) {
  world_.on_line({link, std::move(code), std::move(text), platform_.heard_clock()});
}

void Courier::tell_failure(const CallError& error) {
  tell_line(error.kind == Kind::kNetwork ? Link::kOffline : Link::kWaiting, error.code, error.message);
}

void Courier::remember_addresses() {
  const auto& known = platform_.client().known_addresses();
  if (known == addresses_) return;
  addresses_ = known;
  (void)write_file_atomic(addresses_file(options_), as_bytes(canonical_json(Json(addresses_))), 0600);
}

}  // namespace shilu::sender
