// shilu verify: what is proven about a package or a lesson's folder, each fact on a line of its own.

#include "upload/evidence/verify.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "firmware/app/shilu/command.h"
#include "firmware/base/file_system.h"
#include "firmware/base/json_io.h"

namespace shilu::cli {
namespace {

struct Arguments {
  std::string path;
  std::string trust;
  std::string receipt;
  std::string receipt_key;
  bool json = false;
};

Result<evidence::VerifyOptions> options_from(const Arguments& arguments) {
  evidence::VerifyOptions options;
  if (!arguments.trust.empty()) {
    SHILU_TRY(options.trusted_devices, load_public_keys(arguments.trust));
    if (options.trusted_devices.empty()) {
      return fail(ErrorKind::kInvalidArgument,
                  fmt::format("{} holds no public key (PEM, \"BEGIN PUBLIC KEY\")", arguments.trust));
    }
  }
  if (arguments.receipt.empty() != arguments.receipt_key.empty())
    return fail(ErrorKind::kInvalidArgument, "--receipt and --receipt-key go together");
  if (arguments.receipt.empty()) return options;
  SHILU_TRY(const std::string text, read_text_file(arguments.receipt, 1u << 20));
  SHILU_TRY(options.receipt, DsseEnvelope::from_json(text));
  SHILU_TRY(const std::string pem, read_text_file(arguments.receipt_key, 64u << 10));
  SHILU_TRY(options.receipt_key, PublicKey::from_pem(pem));
  return options;
}

// "fact value", and the words from one column on where they fit.
std::string line_of(const evidence::Fact& fact) {
  const std::string words = fact.clip == 0 ? fact.detail : fmt::format("clip {}: {}", fact.clip, fact.detail);
  return fmt::format("{:<23} {}", fact.fact + " " + fact.value, words);
}

void print(const evidence::VerifyReport& report) {
  if (report.summary) {
    fmt::print("{}: point {}, lesson {}\n", report.summary->name, report.summary->point,
               report.summary->lesson_id);
  }
  std::string refuted;
  for (const evidence::Fact& fact : report.facts) {
    fmt::print("{}\n", line_of(fact));
    if (fact.bad) refuted += (refuted.empty() ? "" : ", ") + fact.fact;
  }
  if (refuted.empty()) {
    fmt::print("Nothing is refuted.\n");
  } else {
    fmt::print("REFUTED: {}\n", refuted);
  }
}

Result<int> verify(const Arguments& arguments) {
  SHILU_TRY(const evidence::VerifyOptions options, options_from(arguments));
  SHILU_TRY(const evidence::VerifyReport report, evidence::verify(arguments.path, options));
  if (arguments.json) {
    print_json(report.to_json());
  } else {
    print(report);
  }
  return report.refuted() ? kFailed : kGood;
}

}  // namespace

void add_verify(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("verify", "Tell what is proven about a package or a lesson");
  command->add_option("path", arguments->path, "A package (zip) or a lesson's folder")->required();
  command->add_option("--trust", arguments->trust, "Public keys of known devices (PEM)");
  command->add_option("--receipt", arguments->receipt, "The platform's receipt for this package (JSON)");
  command->add_option("--receipt-key", arguments->receipt_key, "The platform's receipt key (PEM)");
  command->add_flag("--json", arguments->json, "Print JSON");
  command->callback([arguments, &exit_code] {
    const auto code = verify(*arguments);
    if (code) {
      exit_code = *code;
      return;
    }
    exit_code = report(code.error(), arguments->json);
    // 1 says "not proven" of something that is there; what is not there was wrong use.
    if (code.error().kind == ErrorKind::kNotFound) exit_code = kWrongUse;
  });
}

}  // namespace shilu::cli
