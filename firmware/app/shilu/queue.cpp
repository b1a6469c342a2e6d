// shilu queue: what waits to be delivered, read from the appliance's store.

#include <fmt/format.h>

#include "firmware/app/shilu/appliance_option.h"
#include "firmware/app/shilu/command.h"
#include "firmware/base/dsse.h"
#include "firmware/base/json_io.h"
#include "firmware/store/device_store.h"

namespace shilu::cli {
namespace {

std::string receipt_number(const store::Submission& submission) {
  if (!submission.receipt) return "";
  const auto envelope = DsseEnvelope::from_json(*submission.receipt);
  if (!envelope) return "";
  const auto payload = parse_json(as_text(envelope->payload));
  return payload ? json_string_or(*payload, "number", "") : "";
}

Json submission_json(const store::Submission& submission) {
  return {{"id", submission.id},
          {"point", submission.point},
          {"state", to_string(submission.state)},
          {"paused", submission.paused},
          {"size_bytes", submission.size_bytes.value_or(0)},
          {"acked_bytes", submission.acked_offset},
          {"attempts", submission.attempts},
          {"last_error", submission.last_error.value_or("")},
          {"receipt", receipt_number(submission)}};
}

void print_line(const Json& one) {
  const double size = one["size_bytes"].get<double>();
  const double percent = size > 0 ? 100 * one["acked_bytes"].get<double>() / size : 0;
  fmt::print("{}  {:<4} {:<12} {:5.1f} % of {:8.2f} MB  {}{}\n", one["id"].get<std::string>(),
             one["point"].get<std::string>(),
             one["paused"].get<bool>() ? "paused" : one["state"].get<std::string>(), percent, size / 1e6,
             one["receipt"].get<std::string>(), one["last_error"].get<std::string>());
}

Result<int> show_queue(const ApplianceArguments& arguments) {
  SHILU_TRY(const config::ApplianceSettings settings, config::load_appliance(arguments.config));
  const auto file = settings.data_directory / "shilu.db";
  if (!std::filesystem::exists(file)) {
    return fail(ErrorKind::kNotFound,
                fmt::format("{} is not there; has the appliance ever run?", file.string()));
  }
  SHILU_TRY(store::DeviceStore store, store::DeviceStore::open(file));
  SHILU_TRY(const auto submissions, store.submissions());
  Json list = Json::array();
  for (const store::Submission& submission : submissions) list.push_back(submission_json(submission));
  if (arguments.json) {
    print_json({{"submissions", std::move(list)}});
  } else {
    for (const Json& one : list) print_line(one);
    if (list.empty()) fmt::print("Nothing waits to be delivered.\n");
  }
  return kGood;
}

}  // namespace

void add_queue(CLI::App& app, int& exit_code) {
  CLI::App* command = app.add_subcommand("queue", "Show what waits to be delivered");
  const auto arguments = add_appliance_options(*command);
  command->callback([arguments, &exit_code] {
    const auto code = show_queue(*arguments);
    exit_code = code ? *code : report(code.error(), arguments->json);
  });
}

}  // namespace shilu::cli
