// shilu-platform: the reference assessment platform on one machine. Says {"port":N} on stdout once it
// answers; SIGTERM and SIGINT end it in good order.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdlib>
#include <iostream>

#include "firmware/base/file_system.h"
#include "firmware/base/log.h"
#include "upload/platform/platform.h"

namespace {

using namespace shilu;  // a main, not a header

enum ExitCode { kGood = 0, kFailed = 1, kWrongUse = 2 };

struct Arguments {
  platform::PlatformSettings settings;
  std::string directory, accounts, catalogue, www, time_stamp_roots;
  s3::Bucket store;
};

void declare(CLI::App& app, Arguments& arguments) {
  app.add_option("--directory", arguments.directory, "where everything is kept")->required();
  app.add_option("--port", arguments.settings.port, "0: any free one")->required();
  app.add_option("--address", arguments.settings.address, "to listen on")->capture_default_str();
  app.add_option("--accounts", arguments.accounts, R"({"assessors":[{"id","name","pin"}]})")->required();
  app.add_option("--catalogue", arguments.catalogue, "the ability points that are judged")->required();
  app.add_option("--www", arguments.www, "the assessors' page")->required();
  app.add_option("--claim", arguments.settings.claim, "the code that devices enrol with")->required();
  app.add_option("--time-stamp-roots", arguments.time_stamp_roots,
                 "certificates of who vouches for the devices' time stamp servers (PEM)");
  app.add_option("--name", arguments.settings.name, "of the platform, as receipts say it")
      ->capture_default_str();
  app.add_option("--max-package", arguments.settings.max_package, "bytes")->capture_default_str();
  app.add_option("--reserve", arguments.settings.reserve, "bytes of the disk that uploads never fill")
      ->capture_default_str();
  auto* endpoint =
      app.add_option("--s3-endpoint", arguments.store.endpoint,
                     "an S3 store that packages come through, http(s)://…, as devices reach it; its keys are "
                     "taken from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
  app.add_option("--s3-bucket", arguments.store.name, "its bucket")->needs(endpoint);
  app.add_option("--s3-region", arguments.store.credentials.region, "its region")->capture_default_str();
  app.add_flag_callback(
         "--s3-plain-urls",
         [&arguments] { arguments.settings.presigned_digest = s3::PresignedDigest::kLeftOut; },
         "do not ask the store whether its presigned URLs can name a digest: they cannot (OpenStack Swift); "
         "blocks are then proven by Content-MD5 and when they are fetched")
      ->needs(endpoint);
}

std::string from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

Result<std::optional<s3::Bucket>> object_store(s3::Bucket store) {
  if (store.endpoint.empty()) return std::nullopt;
  store.credentials.access_key = from_environment("AWS_ACCESS_KEY_ID");
  store.credentials.secret_key = from_environment("AWS_SECRET_ACCESS_KEY");
  if (store.name.empty())
    return fail(ErrorKind::kInvalidArgument, "say which bucket of the store: --s3-bucket");
  if (store.credentials.access_key.empty() || store.credentials.secret_key.empty())
    return fail(ErrorKind::kInvalidArgument,
                "the store's keys are not there: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
  return store;
}

sigset_t end_signals() {
  sigset_t signals;
  ::sigemptyset(&signals);
  ::sigaddset(&signals, SIGTERM);
  ::sigaddset(&signals, SIGINT);
  return signals;
}

Status run(Arguments arguments) {
  const auto signals = end_signals();
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // in all threads; this one waits for them
  if (arguments.settings.claim.empty())
    return fail(ErrorKind::kInvalidArgument,
                "the claim code must not be empty: anybody could enrol a device");
  SHILU_TRY(config::Catalogue catalogue, config::load_catalogue(arguments.catalogue));
  SHILU_TRY(arguments.settings.object_store, object_store(arguments.store));
  arguments.settings.directory = std::filesystem::absolute(arguments.directory);
  arguments.settings.www = std::filesystem::absolute(arguments.www);
  if (!arguments.time_stamp_roots.empty()) {
    SHILU_TRY(arguments.settings.time_stamp_roots, read_text_file(arguments.time_stamp_roots, 4u << 20));
  }
  const SystemClock clock;
  SHILU_TRY(const auto platform, platform::Platform::start(std::move(arguments.settings),
                                                           std::move(catalogue), arguments.accounts, clock));
  std::cout << fmt::format("{{\"port\":{}}}", platform->port()) << std::endl;
  int number = 0;
  ::sigwait(&signals, &number);
  log_info("ending: signal {}", number);
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  set_log_identity("shilu-platform", LogLevel::kInfo);
  CLI::App app("Receives evidence packages, verifies them, and has them judged blind.", "shilu-platform");
  app.set_version_flag("--version", "shilu " SHILU_VERSION);
  Arguments arguments;
  declare(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kGood : kWrongUse;
  }
  const auto ended = run(std::move(arguments));
  if (ended) return kGood;
  log_error("{}", ended.error().message);
  return ended.error().kind == ErrorKind::kInvalidArgument ? kWrongUse : kFailed;
}
