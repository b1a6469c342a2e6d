#include "firmware/app/shilu/submit_arguments.h"

#include <algorithm>

namespace shilu::cli {
namespace {

using Kind = sender::CallError::Kind;

constexpr std::chrono::seconds kBusyFor{5};  // nobody said how long

bool is_worth_another_try(Kind kind) {
  return kind != Kind::kTrust && kind != Kind::kAuth && kind != Kind::kTooLarge && kind != Kind::kRefused &&
         kind != Kind::kLocal;
}

Error in_words(const sender::CallError& error) {
  const bool wrong = error.kind == Kind::kRefused || error.kind == Kind::kAuth || error.kind == Kind::kTrust;
  return {wrong ? ErrorKind::kPermissionDenied : ErrorKind::kUnavailable, error.message};
}

}  // namespace

void Persistence::on_progress() {
  failures_ = 0;
  line_.on_answer();
}

Status Persistence::after(const sender::CallError& error) {
  if (++failures_ >= tries_ || !is_worth_another_try(error.kind)) return fail(in_words(error));
  fmt::print(stderr, "\n{}; trying again\n", error.message);
  const double fraction = std::uniform_real_distribution<double>(0, 1)(random_);
  const MonotonicTime now = clock_.monotonic();
  if (error.kind == Kind::kBusy) {
    line_.on_busy(now, error.retry_after.value_or(kBusyFor), fraction);
  } else {
    line_.on_failure(now, fraction);
  }
  std::this_thread::sleep_for(*line_.hold_until() - now);
  return {};
}

Watching::Watching(const config::UploadSettings& settings, std::uint64_t size, Persistence& persistence)
    : pace_(settings, clock_), size_(size), persistence_(persistence) {}

sender::UploadWatch Watching::watch() {
  sender::UploadWatch watch;
  watch.on_offset = [this](std::uint64_t) {
    persistence_.on_progress();
    return Status();
  };
  watch.on_acked = [this](std::uint64_t acked) {
    fmt::print(stderr, "\r{:5.1f} % of {:.2f} MB ",
               100.0 * static_cast<double>(acked) / static_cast<double>(std::max<std::uint64_t>(size_, 1)),
               static_cast<double>(size_) / 1e6);
    return true;
  };
  watch.allowance = [this](std::size_t wanted) { return pace_.allowance(wanted); };
  watch.on_line = [this](const http::LineSample& sample) { pace_.on_line(sample); };
  return watch;
}

Result<config::UploadSettings> upload_settings(const SubmitArguments& arguments) {
  config::UploadSettings settings;
  settings.proxy = arguments.proxy;
  settings.ca_file = arguments.ca_file;
  settings.yield_to_others = false;  // somebody sits before it
  if (!arguments.limit.empty()) {
    SHILU_TRY(settings.limit, config::BandwidthTimetable::parse(arguments.limit));
  }
  return settings;
}

}  // namespace shilu::cli
