// shilu submit: deliver one package in the foreground, to a platform, to any tus server or to an S3 store.

#include <CLI/CLI.hpp>

#include "firmware/app/shilu/command.h"
#include "firmware/app/shilu/submit_arguments.h"
#include "firmware/base/file_system.h"

namespace shilu::cli {
namespace {

constexpr std::string_view kTusScheme = "tus+";

Result<sender::Parcel> open_package(const SubmitArguments& arguments) {
  sender::Parcel parcel{arguments.package, 0, {}};
  SHILU_TRY(const auto file, posix_file_system().open(parcel.file, OpenMode::kRead));
  SHILU_TRY(parcel.size, file->size());
  SHILU_TRY(parcel.sha256, sha256_file(parcel.file));
  return parcel;
}

Result<int> submit(SubmitArguments arguments) {
  if (arguments.platform.starts_with(kTusScheme))
    arguments.tus = std::exchange(arguments.platform, "").substr(kTusScheme.size());
  if (arguments.platform.empty() == arguments.tus.empty())
    return fail(ErrorKind::kInvalidArgument,
                "say where to: --to https://PLATFORM, tus+https://SERVER/FILES, s3://BUCKET or a folder");
  SHILU_TRY(const sender::Parcel parcel, open_package(arguments));
  if (std::filesystem::is_directory(arguments.platform)) return submit_to_folder(arguments, parcel);
  if (arguments.platform.starts_with("s3://")) return submit_to_s3(arguments, parcel);
  return arguments.tus.empty() ? submit_to_platform(arguments, parcel) : submit_to_tus(arguments, parcel);
}

}  // namespace

void add_submit(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<SubmitArguments>();
  CLI::App* command = app.add_subcommand("submit", "Deliver a package and fetch its receipt");
  command->add_option("package", arguments->package, "The package (zip)")->required();
  CLI::Option* platform =
      command->add_option("--to", arguments->platform,
                          "The platform, http(s)://…, any tus 1.0 server, tus+http(s)://…, a store, "
                          "s3://bucket/folder, or a folder (a USB stick)");
  command->add_option("--tus", arguments->tus, "The same as --to tus+ADDRESS")->excludes(platform);
  command->add_option("--s3-endpoint", arguments->s3_endpoint, "Where the S3 store is, http(s)://…");
  command->add_option("--s3-region", arguments->s3_region, "Its region")->capture_default_str();
  command->add_option("--claim", arguments->claim, "Claim code, for the first time");
  command->add_option("--keys", arguments->keys, "The device's keys (default: ~/.local/share/shilu/keys)");
  command->add_option("--tpm", arguments->tpm, "The TPM that holds them, as a TCTI; else files");
  command->add_option("--programme", arguments->programme, "Programme")->capture_default_str();
  command->add_option("--point", arguments->point, "Ability point, as in the package");
  command->add_option("--limit", arguments->limit, "Rate or timetable: 512k, 10M, \"08:00,512k 18:00,off\"");
  command->add_option("--proxy", arguments->proxy,
                      "http://…, socks5h://… or direct (default: the environment's)");
  command->add_option("--ca", arguments->ca_file, "Certification authority to believe (PEM)");
  command->add_option("--tries", arguments->tries, "How often to try in a row while nothing gets on")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command->add_flag("--json", arguments->json, "Print JSON");
  command->callback([arguments, &exit_code] {
    const auto code = submit(*arguments);
    exit_code = code ? *code : report(code.error(), arguments->json);
  });
}

}  // namespace shilu::cli
