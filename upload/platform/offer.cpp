#include "upload/platform/offer.h"

#include <fmt/format.h>

#include <algorithm>

#include "firmware/base/json_io.h"
#include "upload/platform/received_hashes.h"

namespace shilu::platform {
namespace {

constexpr std::size_t kMaxId = 128;

Result<std::vector<Digest>> read_blocks(const Json& json, std::int64_t size) {
  SHILU_TRY(const std::int64_t block_size, json_int(json, "block_size"));
  if (block_size != kBlockSize)
    return fail(ErrorKind::kInvalidArgument, fmt::format("\"block_size\" must be {}.", kBlockSize));
  SHILU_TRY(const Json blocks, json_array(json, "blocks"));
  const std::int64_t wanted = size / kBlockSize + (size % kBlockSize != 0);
  if (static_cast<std::int64_t>(blocks.size()) != wanted)
    return fail(ErrorKind::kInvalidArgument, fmt::format("\"blocks\" must hold {} hashes.", wanted));
  std::vector<Digest> digests;
  for (const Json& block : blocks) {
    const auto digest =
        digest_from_hex(block.is_string() ? block.get_ref<const std::string&>() : std::string());
    if (!digest)
      return fail(ErrorKind::kInvalidArgument, "\"blocks\" must hold SHA-256 hashes in lower-case hex.");
    digests.push_back(*digest);
  }
  return digests;
}

bool names_parts(const Json& json) {
  const auto transports = json_array(json, "transports");
  return transports && std::find(transports->begin(), transports->end(), Json("parts")) != transports->end();
}

}  // namespace

Result<Offer> Offer::from_json(const Json& json) {
  Offer offer;
  SHILU_TRY(offer.package_sha256, json_string(json, "package_sha256"));
  SHILU_TRY(std::ignore, digest_from_hex(offer.package_sha256));
  SHILU_TRY(offer.size_bytes, json_int(json, "size_bytes"));
  if (offer.size_bytes <= 0) return fail(ErrorKind::kInvalidArgument, "\"size_bytes\" must be positive.");
  SHILU_TRY(offer.programme, json_string(json, "programme"));
  SHILU_TRY(offer.point, json_string(json, "point"));
  if (offer.programme.size() > kMaxId || offer.point.size() > kMaxId)
    return fail(ErrorKind::kInvalidArgument, "\"programme\" and \"point\" may have at most 128 bytes each.");
  SHILU_TRY(offer.blocks, read_blocks(json, offer.size_bytes));
  offer.takes_parts = names_parts(json);
  return offer;
}

}  // namespace shilu::platform
