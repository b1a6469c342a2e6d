#include "upload/sender/hand_over.h"

#include <fmt/format.h>

#include "firmware/base/file_system.h"
#include "firmware/base/json_io.h"
#include "upload/sender/stick_files.h"

namespace shilu::sender {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFormat = "shilu-hand-over/1";
constexpr std::string_view kRequest = ".zip.request.json";
constexpr std::string_view kReceipt = ".zip.receipt.json";
constexpr std::string_view kRefusal = ".zip.refused.json";
constexpr std::uint64_t kMostJson = 1u << 20;

fs::path named(const fs::path& folder, const Digest& digest, std::string_view ending) {
  return folder / (to_hex(digest) + std::string(ending));
}

Status check_package(const fs::path& file, const HandOver& what) {
  SHILU_TRY(const Digest digest, sha256_on_stick(file));
  if (digest == what.package_sha256) return {};
  return fail(ErrorKind::kCorrupted,
              fmt::format("{} does not hold what was written; the medium may be bad", file.string()));
}

Result<HandOver> read_request(const fs::path& file) {
  SHILU_TRY(const std::string text, read_text_on_stick(file, kMostJson));
  SHILU_TRY(const Json json, parse_json(text));
  SHILU_TRY(const std::string format, json_string(json, "format"));
  if (format != kFormat) return fail(ErrorKind::kCorrupted, fmt::format("its format is \"{}\"", format));
  HandOver what;
  SHILU_TRY(const std::string sha256, json_string(json, "package_sha256"));
  SHILU_TRY(what.package_sha256, digest_from_hex(sha256));
  SHILU_TRY(const std::int64_t size, json_int(json, "size_bytes"));
  if (size < 1) return fail(ErrorKind::kCorrupted, "\"size_bytes\" must be positive");
  what.size_bytes = static_cast<std::uint64_t>(size);
  SHILU_TRY(what.programme, json_string(json, "programme"));
  SHILU_TRY(what.point, json_string(json, "point"));
  return what;
}

// Names in the folder that end so, sorted.
Result<std::vector<std::string>> names(const fs::path& folder, std::string_view ending) {
  SHILU_TRY(auto all, posix_file_system().list(folder));
  std::erase_if(all, [&](const std::string& name) { return !name.ends_with(ending); });
  return all;
}

}  // namespace

fs::path package_file(const fs::path& folder, const Digest& digest) {
  return named(folder, digest, ".zip");
}
fs::path request_file(const fs::path& folder, const Digest& digest) {
  return named(folder, digest, kRequest);
}
fs::path receipt_file(const fs::path& folder, const Digest& digest) {
  return named(folder, digest, kReceipt);
}
fs::path refusal_file(const fs::path& folder, const Digest& digest) {
  return named(folder, digest, kRefusal);
}

Result<HandedOut> hand_out(const fs::path& folder, const fs::path& package, const HandOver& what) {
  const fs::path to = package_file(folder, what.package_sha256);
  const fs::path request = request_file(folder, what.package_sha256);
  const auto asked = read_request(request);
  if (asked && *asked == what && check_package(to, what)) return HandedOut::kBefore;
  SHILU_CHECK(copy_to_stick(package, to, what.size_bytes));
  SHILU_CHECK(check_package(to, what));
  SHILU_CHECK(
      write_file_atomic(request, as_bytes(canonical_json(Json{{"format", kFormat},
                                                              {"package_sha256", to_hex(what.package_sha256)},
                                                              {"size_bytes", what.size_bytes},
                                                              {"programme", what.programme},
                                                              {"point", what.point}}))));
  return HandedOut::kNow;
}

Result<std::vector<HandOver>> requests_in(const fs::path& folder) {
  SHILU_TRY(const auto found, names(folder, kRequest));
  std::vector<HandOver> requests;
  for (const std::string& name : found) {
    auto request = read_request(folder / name);
    if (!request) return fail(ErrorKind::kCorrupted, fmt::format("{}: {}", name, request.error().message));
    requests.push_back(std::move(*request));
  }
  return requests;
}

Result<std::vector<Brought>> receipts_in(const fs::path& folder) {
  SHILU_TRY(const auto found, names(folder, kReceipt));
  std::vector<Brought> brought;
  for (const std::string& name : found) {
    SHILU_TRY(const std::string text, read_text_on_stick(folder / name, kMostJson));
    auto receipt = DsseEnvelope::from_json(text);
    if (!receipt) return fail(ErrorKind::kCorrupted, fmt::format("{}: {}", name, receipt.error().message));
    brought.push_back({name, std::move(*receipt)});
  }
  return brought;
}

}  // namespace shilu::sender
