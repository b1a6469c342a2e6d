// shilu verify: what is proven about a package or a lesson's folder, each fact on a line of its own.

#include "upload/evidence/verify.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "firmware/app/shilu/command.h"
#include "firmware/base/file_system.h"
#include "firmware/base/json_io.h"
#include "firmware/base/presentable.h"
#include "upload/evidence/words.h"

namespace shilu::cli {
namespace {

struct Arguments {
  std::string path;
  std::string trust;
  std::string receipt;
  std::string receipt_key;
  std::string revoked;
  std::string time_stamp;
  std::string time_stamp_roots;
  std::string language = "en";
  bool json = false;
};

Result<DsseEnvelope> envelope_of(const std::string& file) {
  SHILU_TRY(const std::string text, read_text_file(file, 16u << 20));
  auto envelope = DsseEnvelope::from_json(text);
  if (!envelope) return fail(envelope.error().within(file));
  return envelope;
}

// Beside the package, or named.
Status add_time_stamp(const Arguments& arguments, evidence::VerifyOptions& options) {
  if (!arguments.time_stamp_roots.empty()) {
    SHILU_TRY(options.time_stamp_roots, read_text_file(arguments.time_stamp_roots, 4u << 20));
  }
  const std::string file = arguments.time_stamp.empty() ? arguments.path + ".tsr" : arguments.time_stamp;
  if (arguments.time_stamp.empty() && !std::filesystem::exists(file)) return {};
  SHILU_TRY(options.time_stamp, read_file(file, 1u << 20));
  return {};
}

Status add_platform_words(const Arguments& arguments, evidence::VerifyOptions& options) {
  const bool asked = !arguments.receipt.empty() || !arguments.revoked.empty();
  if (asked && arguments.receipt_key.empty())
    return fail(ErrorKind::kInvalidArgument, "--receipt and --revoked need --platform-key");
  if (arguments.receipt_key.empty()) return {};
  SHILU_TRY(const std::string pem, read_text_file(arguments.receipt_key, 64u << 10));
  SHILU_TRY(options.receipt_key, PublicKey::from_pem(pem));
  if (!arguments.receipt.empty()) {
    SHILU_TRY(options.receipt, envelope_of(arguments.receipt));
  }
  if (!arguments.revoked.empty()) {
    SHILU_TRY(const auto envelope, envelope_of(arguments.revoked));
    SHILU_TRY(options.revocations, evidence::open_revocations(envelope, *options.receipt_key));
  }
  return {};
}

Result<evidence::VerifyOptions> options_from(const Arguments& arguments) {
  evidence::VerifyOptions options;
  if (!arguments.trust.empty()) {
    SHILU_TRY(options.trusted_devices, load_public_keys(arguments.trust));
    if (options.trusted_devices.empty()) {
      return fail(ErrorKind::kInvalidArgument,
                  fmt::format("{} holds no public key (PEM, \"BEGIN PUBLIC KEY\")", arguments.trust));
    }
  }
  SHILU_CHECK(add_time_stamp(arguments, options));
  SHILU_CHECK(add_platform_words(arguments, options));
  return options;
}

// "fact value", and the words from one column on where they fit.
std::string line_of(const evidence::Fact& fact) {
  const std::string words = fact.clip == 0 ? fact.detail : fmt::format("clip {}: {}", fact.clip, fact.detail);
  return fmt::format("{:<23} {}", fact.fact + " " + fact.value, words);
}

std::string chinese_line_of(const evidence::Fact& fact) {
  const std::string detail = evidence::in_chinese(fact.detail);
  return fmt::format("{}：{}。{}", evidence::fact_in_chinese(fact.fact),
                     evidence::value_in_chinese(fact.value),
                     fact.clip == 0 ? detail : fmt::format("片段 {}：{}", fact.clip, detail));
}

std::vector<std::string> refuted_facts(const evidence::VerifyReport& report) {
  std::vector<std::string> names;
  for (const evidence::Fact& fact : report.facts) {
    if (fact.bad && std::find(names.begin(), names.end(), fact.fact) == names.end())
      names.push_back(fact.fact);
  }
  return names;
}

void print_english(const evidence::VerifyReport& report) {
  if (report.summary) {
    fmt::print("{}: point {}, lesson {}\n", report.summary->name, presentable(report.summary->point, 100),
               presentable(report.summary->lesson_id, 100));
  }
  fmt::print("{}\n", line_of(report.integrity()));
  for (const evidence::Fact& fact : report.facts) fmt::print("{}\n", line_of(fact));
  const auto refuted = refuted_facts(report);
  if (refuted.empty()) {
    fmt::print("Nothing is refuted.\n");
  } else {
    fmt::print("REFUTED: {}\n", fmt::join(refuted, ", "));
  }
}

void print_chinese(const evidence::VerifyReport& report) {
  if (report.summary) {
    fmt::print("{}：能力点 {}，课堂 {}\n", report.summary->name, report.summary->point,
               report.summary->lesson_id);
  }
  fmt::print("{}\n", chinese_line_of(report.integrity()));
  for (const evidence::Fact& fact : report.facts) fmt::print("{}\n", chinese_line_of(fact));
  auto refuted = refuted_facts(report);
  for (std::string& name : refuted) name = evidence::fact_in_chinese(name);
  if (refuted.empty()) {
    fmt::print("没有任何一条被推翻。\n");
  } else {
    fmt::print("被推翻：{}\n", fmt::join(refuted, "、"));
  }
}

Result<int> verify(const Arguments& arguments) {
  SHILU_TRY(evidence::VerifyOptions options, options_from(arguments));
  if (!arguments.json) options.digest = evidence::PackageDigest::kLeaveOut;  // only JSON tells it
  SHILU_TRY(const evidence::VerifyReport report, evidence::verify(arguments.path, options));
  if (arguments.json) {
    print_json(report.to_json());
  } else if (arguments.language == "zh") {
    print_chinese(report);
  } else {
    print_english(report);
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
  command->add_option("--revoked", arguments->revoked, "The platform's list of revoked keys (JSON)");
  command->add_option("--platform-key,--receipt-key", arguments->receipt_key,
                      "The platform's receipt key (PEM); its nonces are signed with it too");
  command->add_option("--time-stamp", arguments->time_stamp,
                      "An RFC 3161 time stamp of the seal (default: the package's name with .tsr)");
  command->add_option("--time-stamp-roots", arguments->time_stamp_roots,
                      "Certificates of who vouches for time stamp servers (PEM)");
  command->add_option("--lang", arguments->language, "Words for people: en or zh")
      ->check(CLI::IsMember({"en", "zh"}))
      ->capture_default_str();
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
