// shilu submit: deliver one package in the foreground, to a platform or to any tus server.

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <random>
#include <thread>

#include "firmware/app/shilu/command.h"
#include "firmware/base/certificate.h"
#include "firmware/base/file_system.h"
#include "firmware/base/json_io.h"
#include "upload/evidence/receipt.h"
#include "upload/sender/backoff.h"
#include "upload/sender/block_hashes.h"
#include "upload/sender/call.h"
#include "upload/sender/enrolment.h"
#include "upload/sender/upload_loop.h"

namespace shilu::cli {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using sender::CallError;
using sender::CallResult;

constexpr sender::BackoffLimits kLimits{500ms, 60s};

struct Arguments {
  std::string package;
  std::string platform;
  std::string tus;
  std::string claim;
  std::string keys;
  std::string programme = "cn-moe-2.0";
  std::string point;
  int tries = 20;
  bool json = false;
};

struct Package {
  fs::path file;
  std::uint64_t size = 0;
  Digest sha256{};
};

Error in_words(const CallError& error) {
  const bool wrong = error.kind == CallError::Kind::kRefused || error.kind == CallError::Kind::kAuth;
  return {wrong ? ErrorKind::kPermissionDenied : ErrorKind::kUnavailable, error.message};
}

bool worth_another_try(const CallError& error) {
  switch (error.kind) {
    case CallError::Kind::kNetwork:
    case CallError::Kind::kBusy:
    case CallError::Kind::kConflict:
    case CallError::Kind::kPortal:
      return true;
    default:
      return false;
  }
}

// Repeats `call` with growing pauses while another try may help; success starts the count anew.
template <typename T, typename Call>
Result<T> insist(int tries, Call call) {
  std::mt19937_64 random{std::random_device{}()};
  for (int attempt = 0;; ++attempt) {
    CallResult<T> result = call();
    if (result) return std::move(*result);
    if (attempt + 1 >= tries || !worth_another_try(result.error())) return fail(in_words(result.error()));
    fmt::print(stderr, "{}; trying again\n", result.error().message);
    const double fraction = std::uniform_real_distribution<double>(0, 1)(random);
    std::this_thread::sleep_for(sender::backoff(kLimits, attempt, fraction, result.error().retry_after));
  }
}

Result<Package> open_package(const Arguments& arguments) {
  Package package{arguments.package, 0, {}};
  SHILU_TRY(const auto file, posix_file_system().open(package.file, OpenMode::kRead));
  SHILU_TRY(package.size, file->size());
  SHILU_TRY(package.sha256, sha256_file(package.file));
  return package;
}

fs::path default_keys() {
  if (const char* data = std::getenv("XDG_DATA_HOME")) return fs::path(data) / "shilu/keys";
  if (const char* home = std::getenv("HOME")) return fs::path(home) / ".local/share/shilu/keys";
  return "shilu-keys";
}

void show_progress(std::uint64_t done, std::uint64_t size) {
  fmt::print(stderr, "\r{:5.1f} % of {:.2f} MB ",
             100.0 * static_cast<double>(done) / static_cast<double>(std::max<std::uint64_t>(size, 1)),
             static_cast<double>(size) / 1e6);
}

// Sends everything behind upload.offset; after a failure the server's offset is asked for and it goes on
// there.
Status send_file(sender::TusClient& tus, sender::RunningUpload upload, const Package& package, int tries) {
  const sender::UploadWatch watch{[](std::uint64_t) { return Status(); },
                                  [&](std::uint64_t acked) {
                                    show_progress(acked, package.size);
                                    return true;
                                  }};
  bool interrupted = false;
  const auto sent = insist<sender::UploadEnd>(tries, [&]() -> CallResult<sender::UploadEnd> {
    if (interrupted) {
      SHILU_CALL(upload.offset, tus.offset(upload.url));
    }
    interrupted = true;
    return sender::send_rest(tus, upload, package.file, package.size, watch);
  });
  if (!sent) return fail(sent.error());
  show_progress(package.size, package.size);
  fmt::print(stderr, "\n");
  return {};
}

Result<int> submit_to_tus(const Arguments& arguments, const Package& package) {
  http::Client client;
  sender::TusClient tus(client, {});
  const std::map<std::string, std::string> metadata = {{"package_sha256", to_hex(package.sha256)},
                                                       {"filename", package.file.filename().string()}};
  SHILU_TRY(const std::string url, insist<std::string>(arguments.tries, [&] {
              return tus.create(arguments.tus, package.size, metadata);
            }));
  SHILU_CHECK(send_file(tus, {url, 0}, package, arguments.tries));
  // A plain tus server gives no receipt: what it has is only known to have the right length.
  const Json told = {{"upload_url", url},
                     {"size_bytes", package.size},
                     {"receipt", nullptr},
                     {"integrity", "not checked by the server"}};
  if (arguments.json) print_json(told);
  if (!arguments.json)
    fmt::print("{} has {} bytes. It gives no receipt and checks no digest.\n", url, package.size);
  return kGood;
}

Result<sender::Enrolled> enrolment(const Arguments& arguments, sender::PlatformClient& platform,
                                   const fs::path& keys) {
  const fs::path file = keys / "enrolment.json";
  SHILU_TRY(const auto known, sender::load_enrolment(file, arguments.platform));
  if (known) return *known;
  SHILU_TRY(const CertifiedKey seal, load_or_create_certified(keys, KeyRole::kSeal));
  SHILU_TRY(const sender::Enrolled enrolled, insist<sender::Enrolled>(arguments.tries, [&] {
              return sender::enrol(platform, arguments.platform, seal.certificate.device_key, "shilu",
                                   arguments.claim);
            }));
  SHILU_CHECK(sender::save_enrolment(file, enrolled));
  return enrolled;
}

Result<sender::PackageState> wait_for_result(sender::PlatformClient& platform, const Package& package,
                                             int tries) {
  while (true) {
    SHILU_TRY(const sender::PackageState state,
              insist<sender::PackageState>(tries, [&] { return platform.state(package.sha256); }));
    if (state.kind == sender::PackageState::Kind::kAcknowledged ||
        state.kind == sender::PackageState::Kind::kRejected)
      return state;
    std::this_thread::sleep_for(300ms);
  }
}

Status upload(const Arguments& arguments, const Package& package, sender::PlatformClient& platform,
              const sender::Enrolled& enrolled) {
  SHILU_TRY(const auto blocks, sender::block_hashes(package.file, package.size));
  const sender::Offer offer{package.sha256, package.size, blocks, arguments.programme, arguments.point};
  SHILU_TRY(const sender::OfferAnswer answer,
            insist<sender::OfferAnswer>(arguments.tries, [&] { return platform.offer(offer); }));
  using Kind = sender::OfferAnswer::Kind;
  if (answer.kind == Kind::kHave || answer.kind == Kind::kVerifying) return {};
  sender::TusClient tus(platform.client(), {{"Authorization", "Bearer " + enrolled.token}});
  sender::RunningUpload running{answer.upload_url, answer.offset};
  if (answer.kind == Kind::kSend) {
    SHILU_TRY(running.url, insist<std::string>(arguments.tries, [&] {
                return tus.create(enrolled.upload_endpoint, package.size,
                                  {{"package_sha256", to_hex(package.sha256)}});
              }));
  }
  return send_file(tus, running, package, arguments.tries);
}

Result<int> tell_result(const Arguments& arguments, const Package& package, const sender::Enrolled& enrolled,
                        const sender::PackageState& state) {
  if (state.kind == sender::PackageState::Kind::kRejected) {
    std::string reasons;
    for (const auto& reason : state.reasons) reasons += " " + reason.text;
    return fail(ErrorKind::kFailedPrecondition, "the platform refuses the package:" + reasons);
  }
  if (!state.receipt)
    return fail(ErrorKind::kCorrupted, "the platform acknowledged the package without a receipt");
  SHILU_TRY(const PublicKey key, enrolled.receipt_key());
  SHILU_TRY(const evidence::Receipt receipt, evidence::open_receipt(*state.receipt, key));
  if (receipt.package_sha256 != package.sha256)
    return fail(ErrorKind::kCorrupted, "the receipt speaks of another package");
  const fs::path file = package.file.string() + ".receipt.json";
  SHILU_CHECK(write_file_atomic(file, as_bytes(state.receipt->to_json())));
  const Json told = {
      {"receipt", receipt.number}, {"received_utc", receipt.received_utc}, {"receipt_file", file.string()}};
  if (arguments.json) print_json(told);
  if (!arguments.json)
    fmt::print("Received: {} at {}. The receipt is {}.\n", receipt.number, receipt.received_utc,
               file.string());
  return kGood;
}

Result<int> submit(const Arguments& arguments) {
  SHILU_TRY(const Package package, open_package(arguments));
  if (!arguments.tus.empty()) return submit_to_tus(arguments, package);
  sender::PlatformClient platform(http::Client(), arguments.platform);
  const fs::path keys = arguments.keys.empty() ? default_keys() : fs::path(arguments.keys);
  SHILU_TRY(const sender::Enrolled enrolled, enrolment(arguments, platform, keys));
  platform.set_token(enrolled.token);
  SHILU_CHECK(upload(arguments, package, platform, enrolled));
  SHILU_TRY(const sender::PackageState state, wait_for_result(platform, package, arguments.tries));
  return tell_result(arguments, package, enrolled, state);
}

}  // namespace

void add_submit(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("submit", "Deliver a package and fetch its receipt");
  command->add_option("package", arguments->package, "The package (zip)")->required();
  CLI::Option* platform = command->add_option("--to", arguments->platform, "The platform, http(s)://…");
  CLI::Option* tus = command->add_option("--tus", arguments->tus, "Or any tus 1.0 server's creation address");
  platform->excludes(tus);
  command->add_option("--claim", arguments->claim, "Claim code, for the first time");
  command->add_option("--keys", arguments->keys, "The device's keys (default: ~/.local/share/shilu/keys)");
  command->add_option("--programme", arguments->programme, "Programme")->capture_default_str();
  command->add_option("--point", arguments->point, "Ability point, as in the package");
  command->add_option("--tries", arguments->tries, "How often to try while the line fails")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command->add_flag("--json", arguments->json, "Print JSON");
  command->callback([arguments, &exit_code] {
    if (arguments->platform.empty() == arguments->tus.empty()) {
      exit_code = report({ErrorKind::kInvalidArgument, "say where to: --to PLATFORM or --tus ADDRESS"},
                         arguments->json);
      return;
    }
    const auto code = submit(*arguments);
    exit_code = code ? *code : report(code.error(), arguments->json);
  });
}

}  // namespace shilu::cli
