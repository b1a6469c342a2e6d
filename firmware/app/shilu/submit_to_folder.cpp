// `shilu submit --to FOLDER` and `shilu carry`: a package that goes by hand, and whoever carries it to the
// platform.

#include <CLI/CLI.hpp>

#include "firmware/app/shilu/command.h"
#include "firmware/app/shilu/submit_arguments.h"
#include "firmware/base/file_system.h"
#include "firmware/base/json_io.h"
#include "upload/sender/hand_over.h"
#include "upload/sender/stick_files.h"

namespace shilu::cli {
namespace {

using sender::HandOver;

// The package as the request says it is, and not what else may lie there under that name.
Result<sender::Parcel> parcel_of(const std::filesystem::path& folder, const HandOver& request) {
  sender::Parcel parcel{sender::package_file(folder, request.package_sha256), request.size_bytes,
                        request.package_sha256};
  SHILU_TRY(const Digest digest, sender::sha256_on_stick(parcel.file));
  if (digest != request.package_sha256)
    return fail(ErrorKind::kCorrupted, fmt::format("{} is damaged: hand it out again", parcel.file.string()));
  return parcel;
}

// An answer of the platform stays beside the package; anything else is tried again by calling again.
Status carry_one(const SubmitArguments& arguments, const HandOver& request) {
  SHILU_TRY(const sender::Parcel parcel, parcel_of(arguments.package, request));
  SubmitArguments one = arguments;
  one.programme = request.programme;
  one.point = request.point;
  const auto delivered = submit_to_platform(one, parcel);
  const auto refusal = sender::refusal_file(arguments.package, request.package_sha256);
  if (delivered && posix_file_system().exists(refusal)) return posix_file_system().remove(refusal);
  if (delivered) return {};
  if (delivered.error().kind == ErrorKind::kFailedPrecondition) {
    SHILU_CHECK(
        write_file_atomic(refusal, as_bytes(canonical_json(Json{{"text", delivered.error().message}}))));
  }
  return fail(delivered.error());
}

// Known to be delivered only by what the platform's pinned key signed. Without one, or before this machine is
// enrolled, the platform is asked.
bool is_delivered(const SubmitArguments& arguments, const HandOver& request) {
  const auto enrolled = enrolment_of(arguments);
  if (!enrolled || !*enrolled) return false;
  const auto key = (*enrolled)->receipt_key();
  return key && sender::has_receipt(arguments.package, request, *key);
}

// What is damaged on the stick is told, and holds up no other.
Result<int> carry(const SubmitArguments& arguments) {
  SHILU_TRY(const auto requests, sender::requests_in(arguments.package));
  if (requests.good.empty() && requests.bad.empty())
    return fail(ErrorKind::kNotFound, "no package was handed out into this folder");
  int code = kGood;
  for (const Error& bad : requests.bad) code = report(bad, false);
  for (const HandOver& request : requests.good) {
    if (is_delivered(arguments, request)) continue;
    if (const auto carried = carry_one(arguments, request); !carried) code = report(carried.error(), false);
  }
  return code;
}

}  // namespace

Result<int> submit_to_folder(const SubmitArguments& arguments, const sender::Parcel& parcel) {
  const HandOver what{parcel.sha256, parcel.size, arguments.programme, arguments.point};
  SHILU_TRY(const auto done, sender::hand_out(arguments.platform, parcel.file, what));
  const auto file = sender::package_file(arguments.platform, parcel.sha256);
  const bool before = done == sender::HandedOut::kBefore;
  if (arguments.json) {
    print_json({{"package", file.string()},
                {"size_bytes", parcel.size},
                {"was_there", before},
                {"receipt", nullptr}});
  } else {
    fmt::print("{} {} and was read back. Its receipt will lie beside it once somebody has carried it.\n",
               file.string(), before ? "was there before" : "was written");
  }
  return kGood;
}

void add_carry(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<SubmitArguments>();
  CLI::App* command = app.add_subcommand(
      "carry", "Deliver what was handed out into a folder (a USB stick), and lay the receipts beside it");
  command->add_option("folder", arguments->package, "The folder")->required()->check(CLI::ExistingDirectory);
  command->add_option("--to", arguments->platform, "The platform, http(s)://…")->required();
  command->add_option("--claim", arguments->claim, "Claim code, for this machine's first time");
  command->add_option("--keys", arguments->keys, "This machine's keys (default: ~/.local/share/shilu/keys)");
  command->add_option("--proxy", arguments->proxy,
                      "http://…, socks5h://… or direct (default: the environment's)");
  command->add_option("--ca", arguments->ca_file, "Certification authority to believe (PEM)");
  command->add_option("--limit", arguments->limit, "Rate or timetable");
  command->add_option("--tries", arguments->tries, "How often to try in a row while nothing gets on")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  command->callback([arguments, &exit_code] {
    const auto code = carry(*arguments);
    exit_code = code ? *code : report(code.error(), false);
  });
}

}  // namespace shilu::cli
