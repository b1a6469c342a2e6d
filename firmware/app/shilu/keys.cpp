// shilu keys: the device's keys: show them, make them, change them.

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "firmware/app/shilu/command.h"
#include "firmware/base/certificate.h"
#include "firmware/base/json_io.h"

namespace shilu::cli {
namespace {

struct Arguments {
  std::string directory;
  std::string tpm;
  std::string rotate;
  bool json = false;
};

Json certificate_json(const KeyCertificate& certificate) {
  return {{"role", to_string(certificate.role)},
          {"key_id", certificate.key.id()},
          {"key_level", certificate.key_level},
          {"not_before_utc", certificate.not_before_utc},
          {"not_after_utc", certificate.not_after_utc}};
}

Status rotate(const Arguments& arguments) {
  const KeyOptions options{arguments.tpm, nullptr};
  if (arguments.rotate == "device") return rotate_device_key(arguments.directory, options);
  for (const auto role : {KeyRole::kRecording, KeyRole::kSeal}) {
    if (arguments.rotate == to_string(role)) return rotate_key(arguments.directory, role, options);
  }
  return fail(ErrorKind::kInvalidArgument, "--rotate takes recording, seal or device");
}

void print(const Json& told) {
  fmt::print("device {}\n{}", told["device_id"].get<std::string>(),
             told["device_key_pem"].get<std::string>());
  for (const Json& key : told["keys"]) {
    fmt::print("{:<9} {}  {}  {} to {}\n", key["role"].get<std::string>(), key["key_id"].get<std::string>(),
               key["key_level"].get<std::string>(), key["not_before_utc"].get<std::string>(),
               key["not_after_utc"].get<std::string>());
  }
}

Result<int> keys(const Arguments& arguments) {
  if (!arguments.rotate.empty()) SHILU_CHECK(rotate(arguments));
  Json list = Json::array();
  Json told;
  for (const auto role : {KeyRole::kRecording, KeyRole::kSeal}) {
    SHILU_TRY(const auto pair, load_or_create_certified(arguments.directory, role, {arguments.tpm}));
    list.push_back(certificate_json(pair.certificate));
    told["device_id"] = pair.certificate.device_id;
    told["device_key_id"] = pair.certificate.device_key.id();
    told["device_key_pem"] = pair.certificate.device_key.pem();
  }
  told["keys"] = std::move(list);
  if (arguments.json) {
    print_json(told);
  } else {
    print(told);
  }
  return kGood;
}

}  // namespace

void add_keys(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("keys", "Show the device's keys; make them if there are none");
  command->add_option("directory", arguments->directory, "Where the device's keys are kept")->required();
  command->add_option("--tpm", arguments->tpm, "The TPM in which new keys are made, as a TCTI; else files");
  command->add_option(
      "--rotate", arguments->rotate,
      "Make a new key: recording, seal or device. Programs that run use it from their next start");
  command->add_flag("--json", arguments->json, "Print JSON");
  command->callback([arguments, &exit_code] {
    const auto code = keys(*arguments);
    exit_code = code ? *code : report(code.error(), arguments->json);
  });
}

}  // namespace shilu::cli
