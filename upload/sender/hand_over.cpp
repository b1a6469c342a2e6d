#include "upload/sender/hand_over.h"

#include <fmt/format.h>

#include "firmware/base/file_system.h"
#include "firmware/base/json_io.h"
#include "upload/evidence/receipt.h"
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
  if (format != kFormat) return fail(ErrorKind::kCorrupted, "its format is another one");
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

// A name that we give: macOS lays "._<name>" beside each file, and a person may keep other things there.
bool is_ours(std::string_view name, std::string_view ending) {
  return name.ends_with(ending) && digest_from_hex(name.substr(0, name.size() - ending.size())).has_value();
}

// Reads each file of the folder whose name has this ending.
template <typename T, typename Read>
Result<Found<T>> read_each(const fs::path& folder, std::string_view ending, Read read) {
  SHILU_TRY(const auto names, posix_file_system().list(folder));
  Found<T> found;
  for (const std::string& name : names) {
    if (!is_ours(name, ending)) continue;
    Result<T> one = read(folder / name);
    if (one) found.good.push_back(std::move(*one));
    if (!one) found.bad.push_back({ErrorKind::kCorrupted, fmt::format("{}: {}", name, one.error().message)});
  }
  return found;
}

Result<HandOver> read_request_of_its_name(const fs::path& file) {
  SHILU_TRY(HandOver what, read_request(file));
  if (file.filename().string().starts_with(to_hex(what.package_sha256))) return what;
  return fail(ErrorKind::kCorrupted, "it names another package");
}

Result<Brought> read_receipt(const fs::path& file) {
  SHILU_TRY(const std::string text, read_text_on_stick(file, kMostJson));
  SHILU_TRY(DsseEnvelope receipt, DsseEnvelope::from_json(text));
  return Brought{file.filename().string(), std::move(receipt)};
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

Result<Found<HandOver>> requests_in(const fs::path& folder) {
  return read_each<HandOver>(folder, kRequest, read_request_of_its_name);
}

Result<Found<Brought>> receipts_in(const fs::path& folder) {
  return read_each<Brought>(folder, kReceipt, read_receipt);
}

bool has_receipt(const fs::path& folder, const HandOver& request, const PublicKey& key) {
  const auto brought = read_receipt(receipt_file(folder, request.package_sha256));
  if (!brought) return false;
  const auto receipt = evidence::open_receipt(brought->receipt, key);
  return receipt && receipt->package_sha256 == request.package_sha256;
}

}  // namespace shilu::sender
