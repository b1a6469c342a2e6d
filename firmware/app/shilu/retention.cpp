// shilu retention: which lessons' media may go by the settings, and why the others stay. Changes nothing:
// shilud takes them away.

#include <fmt/format.h>

#include "firmware/app/shilu/appliance_option.h"
#include "firmware/app/shilu/command.h"
#include "firmware/base/json_io.h"
#include "upload/sender/lesson_sweeper.h"

namespace shilu::cli {
namespace {

Json json_of(const sender::Judgement& one) {
  return {{"lesson", one.lesson.id},
          {"started_utc_ms", one.lesson.started_utc_ms},
          {"size_bytes", one.lesson.size_bytes},
          {"may_go", one.may_go},
          {"code", one.code},
          {"text", one.text}};
}

void print(const std::vector<sender::Judgement>& judgements) {
  std::int64_t bytes = 0;
  for (const sender::Judgement& one : judgements) {
    fmt::print("{}  {:10.1f} MB  {:<5} {}\n", one.lesson.id, static_cast<double>(one.lesson.size_bytes) / 1e6,
               one.may_go ? "goes" : "stays", one.text);
    if (one.may_go) bytes += one.lesson.size_bytes;
  }
  fmt::print("{:.1f} MB may go. Nothing was changed.\n", static_cast<double>(bytes) / 1e6);
}

Result<int> tell(const ApplianceArguments& arguments) {
  SHILU_TRY(const config::ApplianceSettings settings, config::load_appliance(arguments.config));
  const auto file = settings.data_directory / "shilu.db";
  if (!std::filesystem::exists(file))
    return fail(ErrorKind::kNotFound,
                fmt::format("{} is not there; has the appliance ever run?", file.string()));
  SHILU_TRY(store::DeviceStore store, store::DeviceStore::open(file));
  SHILU_TRY(auto options, sender::retention_options(settings));
  SHILU_TRY(const auto judgements, sender::Retention(store, std::move(options)).judge(SystemClock().wall()));
  if (!arguments.json) print(judgements);
  Json list = Json::array();
  for (const sender::Judgement& one : judgements) list.push_back(json_of(one));
  if (arguments.json) print_json({{"lessons", std::move(list)}});
  return kGood;
}

}  // namespace

void add_retention(CLI::App& app, int& exit_code) {
  CLI::App* command =
      app.add_subcommand("retention", "Tell which lessons may go, and why the others stay (changes nothing)");
  const auto arguments = add_appliance_options(*command);
  command->callback([arguments, &exit_code] {
    const auto code = tell(*arguments);
    exit_code = code ? *code : report(code.error(), arguments->json);
  });
}

}  // namespace shilu::cli
