// shilu queue: what waits to be delivered, and how it gets on. Asks shilud; if none runs, reads its store.

#include <fmt/format.h>
#include <unistd.h>

#include <thread>

#include "firmware/app/shilu/appliance_option.h"
#include "firmware/app/shilu/command.h"
#include "firmware/base/dsse.h"
#include "firmware/base/json_io.h"
#include "firmware/base/unix_socket.h"
#include "firmware/store/device_store.h"
#include "upload/sender/hand_over.h"

namespace shilu::cli {
namespace {

using namespace std::chrono_literals;

constexpr auto kEvery = 1s;
constexpr Nanoseconds kPatience = 5s;

struct QueueArguments {
  std::shared_ptr<ApplianceArguments> appliance;
  bool watch = false;
  std::string limit, pause, resume, send_now, withdraw;
  std::string hand_out, hand_in;  // folders
};

// What is asked of shilud: at most one change, else just the queue.
Json request_of(const QueueArguments& arguments) {
  const std::pair<const char*, const std::string&> steps[] = {{"pause", arguments.pause},
                                                              {"resume", arguments.resume},
                                                              {"send-now", arguments.send_now},
                                                              {"withdraw", arguments.withdraw}};
  if (!arguments.limit.empty()) return {{"op", "limit"}, {"rate", arguments.limit}};
  for (const auto& [operation, id] : steps) {
    if (!id.empty()) return {{"op", operation}, {"id", id}};
  }
  return {{"op", "queue"}};
}

Result<Json> ask(const std::filesystem::path& socket, const Json& request) {
  SHILU_TRY(UniqueFd fd, connect_unix(socket));
  MessageChannel channel(std::move(fd));
  SHILU_CHECK(channel.send(canonical_json(request)));
  SHILU_TRY(const auto message, channel.receive(kPatience));
  if (!message) return fail(ErrorKind::kUnavailable, "shilud went away");
  SHILU_TRY(const Json answer, parse_json(as_text(*message)));
  if (answer.value("ok", false)) return answer;
  const Json error = answer.value("error", Json::object());
  return fail(ErrorKind::kFailedPrecondition, json_string_or(error, "message", "shilud refuses"));
}

std::string receipt_number(const store::Submission& submission) {
  if (!submission.receipt) return "";
  const auto envelope = DsseEnvelope::from_json(*submission.receipt);
  if (!envelope) return "";
  const auto payload = parse_json(as_text(envelope->payload));
  return payload ? json_string_or(*payload, "number", "") : "";
}

// The same members as shilud's, as far as the store knows them.
Json stored_json(const store::Submission& submission) {
  const std::string number = receipt_number(submission);
  return {{"id", submission.id},
          {"point", submission.point},
          {"state", to_string(submission.state)},
          {"paused", submission.paused},
          {"size_bytes", submission.size_bytes.value_or(0)},
          {"acked_bytes", submission.acked_offset},
          {"rate_bytes_per_s", 0.0},
          {"seconds_left", nullptr},
          {"attempts", submission.attempts},
          {"last_error", submission.last_error ? Json(*submission.last_error) : Json(nullptr)},
          {"error_code", submission.error_code ? Json(*submission.error_code) : Json(nullptr)},
          {"priority", submission.priority},
          {"receipt", number.empty() ? Json(nullptr) : Json{{"number", number}}}};
}

Result<Json> read_store(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file))
    return fail(ErrorKind::kNotFound,
                fmt::format("{} is not there; has the appliance ever run?", file.string()));
  SHILU_TRY(store::DeviceStore store, store::DeviceStore::open(file));
  SHILU_TRY(const auto submissions, store.submissions());
  Json list = Json::array();
  for (const store::Submission& submission : submissions) list.push_back(stored_json(submission));
  return Json{{"upload", nullptr}, {"submissions", std::move(list)}};
}

Result<Json> find_queue(const config::ApplianceSettings& settings, const Json& request) {
  auto live = ask(settings.runtime_directory / "shilud.sock", request);
  const bool away =
      !live && (live.error().kind == ErrorKind::kNotFound || live.error().kind == ErrorKind::kUnavailable);
  if (!away) return live;
  if (request["op"] != "queue")
    return fail(ErrorKind::kUnavailable, "shilud does not run here; only it changes the queue");
  return read_store(settings.data_directory / "shilu.db");
}

std::string in_mega(double bytes) {
  return fmt::format("{:.2f} MB", bytes / 1e6);
}

std::string text_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() || !found->is_string() ? "" : found->get<std::string>();
}

std::string time_left(double seconds) {
  const auto whole = static_cast<std::int64_t>(seconds);
  if (whole >= 3600) return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
  return fmt::format("{}:{:02} min", whole / 60, whole % 60);
}

void print_line(const Json& one) {
  const double size = one["size_bytes"].get<double>();
  const double acked = one["acked_bytes"].get<double>();
  const double rate = one["rate_bytes_per_s"].get<double>();
  const std::string state = one["paused"].get<bool>() ? "paused" : one["state"].get<std::string>();
  fmt::print("{}  {:<4} {:<12} {:5.1f} % of {:>11}", one["id"].get<std::string>(),
             one["point"].get<std::string>(), state, size > 0 ? 100 * acked / size : 0.0, in_mega(size));
  if (rate > 0) fmt::print("  {}/s", in_mega(rate));
  if (rate > 0 && one["seconds_left"].is_number())
    fmt::print(", {} left", time_left(one["seconds_left"].get<double>()));
  if (one["attempts"].get<std::int64_t>() > 1) fmt::print("  try {}", one["attempts"].get<std::int64_t>());
  if (one["receipt"].is_object()) fmt::print("  receipt {}", text_of(one["receipt"], "number"));
  fmt::print("\n");
  if (const std::string error = text_of(one, "last_error"); !error.empty()) fmt::print("    {}\n", error);
}

void print_upload(const Json& upload) {
  if (!upload.is_object()) return;
  const Json limit = upload.value("limit", Json(nullptr));
  fmt::print("line {}", text_of(upload, "state"));
  if (limit.is_object()) fmt::print(", limit {} ({})", text_of(limit, "rate"), text_of(limit, "why"));
  if (const std::string error = text_of(upload, "error"); !error.empty()) fmt::print(": {}", error);
  fmt::print("\n");
}

void print_queue(const Json& queue) {
  print_upload(queue["upload"]);
  for (const Json& one : queue["submissions"]) print_line(one);
  if (queue["submissions"].empty()) fmt::print("Nothing waits to be delivered.\n");
}

bool all_done(const Json& queue) {
  for (const Json& one : queue["submissions"]) {
    const std::string state = one["state"];
    if (state == "packing" || state == "queued" || state == "sending" || state == "verifying") return false;
  }
  return true;
}

bool waits(store::SubmissionState state) {
  using State = store::SubmissionState;
  return state == State::kQueued || state == State::kSending || state == State::kVerifying;
}

// -> where the package lies now.
Result<std::filesystem::path> hand_out_one(const std::string& folder, const store::Submission& one) {
  SHILU_TRY(const Digest digest, digest_from_hex(one.package_sha256.value_or("")));
  const sender::HandOver what{digest, static_cast<std::uint64_t>(one.size_bytes.value_or(0)), one.programme,
                              one.point};
  SHILU_TRY(std::ignore, sender::hand_out(folder, *one.package_path, what));
  return sender::package_file(folder, digest);
}

// All that is packed and has no receipt, into a folder. One that does not get there does not hold up the
// others. The queue goes on as it was.
Result<int> hand_out(const QueueArguments& arguments) {
  SHILU_TRY(const config::ApplianceSettings settings, config::load_appliance(arguments.appliance->config));
  SHILU_TRY(store::DeviceStore store, store::DeviceStore::open(settings.data_directory / "shilu.db"));
  SHILU_TRY(const auto submissions, store.submissions());
  int code = kGood;
  Json list = Json::array();
  for (const store::Submission& one : submissions) {
    if (!waits(one.state) || !one.package_path) continue;
    const auto file = hand_out_one(arguments.hand_out, one);
    if (!file) code = kFailed;
    list.push_back({{"id", one.id},
                    {"package", file ? Json(file->string()) : Json(nullptr)},
                    {"error", file ? Json(nullptr) : Json(file.error().message)}});
    if (arguments.appliance->json) continue;
    fmt::print("{}  {}  {}\n", one.id, one.point, file ? *one.package_sha256 : file.error().message);
  }
  if (arguments.appliance->json) print_json({{"handed_out", std::move(list)}});
  return code;
}

// The receipts that somebody brought back. One that is damaged or not believed does not hold up the others.
Result<int> hand_in(const QueueArguments& arguments) {
  SHILU_TRY(const config::ApplianceSettings settings, config::load_appliance(arguments.appliance->config));
  SHILU_TRY(const auto brought, sender::receipts_in(arguments.hand_in));
  int code = kGood;
  Json list = Json::array();
  for (const Error& bad : brought.bad) {
    code = kFailed;
    list.push_back({{"file", nullptr}, {"error", bad.message}});
    if (!arguments.appliance->json) fmt::print("{}\n", bad.message);
  }
  for (const sender::Brought& one : brought.good) {
    const auto taken = find_queue(settings, {{"op", "receipt"}, {"envelope", one.receipt.to_json()}});
    list.push_back({{"file", one.name}, {"error", taken ? Json(nullptr) : Json(taken.error().message)}});
    if (!taken) code = kFailed;
    if (!arguments.appliance->json)
      fmt::print("{}: {}\n", one.name, taken ? "taken in" : taken.error().message);
  }
  if (arguments.appliance->json) print_json({{"handed_in", std::move(list)}});
  return code;
}

Result<int> show_queue(const QueueArguments& arguments) {
  if (!arguments.hand_out.empty()) return hand_out(arguments);
  if (!arguments.hand_in.empty()) return hand_in(arguments);
  SHILU_TRY(const config::ApplianceSettings settings, config::load_appliance(arguments.appliance->config));
  SHILU_TRY(Json queue, find_queue(settings, request_of(arguments)));
  queue.erase("ok");
  if (arguments.appliance->json) {
    print_json(queue);
    return kGood;
  }
  print_queue(queue);
  while (arguments.watch && !all_done(queue)) {
    std::this_thread::sleep_for(kEvery);
    SHILU_TRY(queue, find_queue(settings, {{"op", "queue"}}));
    if (::isatty(STDOUT_FILENO) == 1) fmt::print("\x1b[H\x1b[J");
    print_queue(queue);
    std::fflush(stdout);
  }
  return kGood;
}

}  // namespace

void add_queue(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("queue", "Show what waits to be delivered, and change how");
  auto arguments = std::make_shared<QueueArguments>();
  arguments->appliance = add_appliance_options(*command);
  command->add_flag("--watch", arguments->watch, "Go on showing until all is delivered");
  auto* changes = command->add_option_group("change", "One change at a time");
  changes->add_option("--limit", arguments->limit,
                      "Rate from now on: 512k, 1M, off; timetable: as the settings say");
  changes->add_option("--pause", arguments->pause, "Submission to hold");
  changes->add_option("--resume", arguments->resume, "Submission to let go on");
  changes->add_option("--send-now", arguments->send_now, "Submission to send before all others");
  changes->add_option("--withdraw", arguments->withdraw, "Submission to take back");
  changes
      ->add_option("--hand-out", arguments->hand_out, "Folder (a USB stick) to copy all waiting packages to")
      ->check(CLI::ExistingDirectory);
  changes->add_option("--hand-in", arguments->hand_in, "Folder with receipts that were brought back")
      ->check(CLI::ExistingDirectory);
  changes->require_option(0, 1);
  command->callback([arguments, &exit_code] {
    const auto code = show_queue(*arguments);
    exit_code = code ? *code : report(code.error(), arguments->appliance->json);
  });
}

}  // namespace shilu::cli
