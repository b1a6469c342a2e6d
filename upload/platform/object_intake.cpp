#include "upload/platform/object_intake.h"

#include <algorithm>
#include <map>

#include "firmware/base/ids.h"
#include "firmware/base/json_io.h"
#include "firmware/base/log.h"
#include "upload/platform/received_hashes.h"
#include "upload/platform/room.h"
#include "upload/s3/s3_client.h"

namespace shilu::platform {
namespace {

constexpr auto kUrlLife = std::chrono::hours(12);  // a slow line needs hours; a new offer gives new ones
constexpr std::int64_t kFetchSize = kBlockSize;

// A connection to the store.
struct Store {
  explicit Store(const Context& context) : client(http, *context.settings.object_store, context.clock) {}
  Store(const Context& context, const std::stop_token& stop) : Store(context) {
    client.stop_when([stop] { return stop.stop_requested(); });
  }
  http::Client http;
  s3::S3Client client;
};

tl::unexpected<Error> too_many() {
  return fail(ErrorKind::kUnavailable, "The object store is busy. Try again soon.");
}

std::int64_t size_of_block(const Offer& offer, std::size_t index) {
  return std::min(kBlockSize, offer.size_bytes - static_cast<std::int64_t>(index) * kBlockSize);
}

// Two devices may send the same package: each has an object of its own.
std::string key_of(const std::string& upload_id) {
  return "incoming/" + upload_id + ".zip";
}

// A new upload: at the store first, so that what stands in our table is there.
Result<ObjectUpload> begin(const Context& context, Store& store, const Device& device, const Offer& offer) {
  ObjectUpload object;
  object.upload.id = new_uuid();
  object.key = key_of(object.upload.id);
  SHILU_TRY(const Digest digest, digest_from_hex(offer.package_sha256));
  SHILU_TRY(object.store_upload_id, store.client.begin(object.key, digest));
  object.upload.device_id = device.id;
  object.upload.size_bytes = offer.size_bytes;
  object.upload.announced_sha256 = offer.package_sha256;
  object.upload.expires_utc_ms = context.clock.wall().ns / 1'000'000 + kBegunUpload_ms;
  SHILU_CHECK(context.store.create_object_upload(object));
  return object;
}

// The parts that the store holds whole, by number.
using Held = std::map<int, s3::Part>;

Result<Held> held_parts(Store& store, const ObjectUpload& object, const Offer& offer) {
  SHILU_TRY(auto parts, store.client.parts(object.key, object.store_upload_id));
  Held held;
  for (s3::Part& part : parts) {
    const bool known = part.number >= 1 && static_cast<std::size_t>(part.number) <= offer.blocks.size();
    if (!known) continue;
    const auto size = size_of_block(offer, static_cast<std::size_t>(part.number - 1));
    if (static_cast<std::int64_t>(part.size_bytes) == size) held[part.number] = std::move(part);
  }
  return held;
}

Json missing_parts(const Store& store, const ObjectUpload& object, const Offer& offer, const Held& held,
                   s3::PresignedDigest kind) {
  Json missing = Json::array();
  for (std::size_t i = 0; i < offer.blocks.size(); ++i) {
    const int number = static_cast<int>(i) + 1;
    if (held.count(number) != 0) continue;
    const Digest& block = offer.blocks[i];
    missing.push_back({{"number", number},
                       {"sha256", to_hex(block)},
                       {"url", store.client.presigned_part(object.key, object.store_upload_id, number, block,
                                                           kUrlLife, kind)}});
  }
  return missing;
}

Status join(const Context& context, const std::string& upload_id, const PendingJoins::Parts& parts,
            const std::stop_token& stop) {
  SHILU_TRY(const auto object, context.store.object_upload(upload_id));
  if (!object) return {};  // given up meanwhile
  Store store(context, stop);
  const auto joined = store.client.complete(object->key, object->store_upload_id, parts,
                                            static_cast<std::uint64_t>(object->upload.size_bytes));
  if (!joined) return fail(joined.error());
  SHILU_TRY(const auto still, context.store.object_upload(upload_id));
  return still ? context.store.set_joined(upload_id) : store.client.remove(object->key);
}

bool may_pass(const Error& error) {
  return error.kind == ErrorKind::kUnavailable || error.kind == ErrorKind::kTimedOut;
}

void join_pending(const Context& context, const std::stop_token& stop) {
  for (const auto& [upload_id, parts] : context.joins.all()) {
    if (stop.stop_requested()) return;
    const auto joined = join(context, upload_id, parts, stop);
    if (stop.stop_requested()) return;  // what the store made of it, the next offer finds out
    if (!joined) log_error("object store: upload={}: {}", upload_id, joined.error().message);
    // Else the device is told that parts are missing, and its next offer finds out which.
    if (joined || !may_pass(joined.error())) context.joins.remove(upload_id);
  }
}

// It was joined, and the answer got lost on its way to our table.
Result<bool> is_joined(Store& store, const ObjectUpload& object, const Offer& offer) {
  SHILU_TRY(const auto there, store.client.head(object.key));
  if (!there || there->size_bytes != static_cast<std::uint64_t>(offer.size_bytes)) return false;
  return there->sha256 == offer.package_sha256;
}

http::Response verifying() {
  return http::json(200, {{"answer", "verifying"}});
}

Result<http::Response> take_joined(const Context& context, const ObjectUpload& object) {
  SHILU_CHECK(context.store.set_joined(object.upload.id));
  context.wake_verifier();
  return verifying();
}

http::Response join_later(const Context& context, const ObjectUpload& object, const Held& held) {
  PendingJoins::Parts parts;
  for (const auto& [number, part] : held) parts.push_back(part);
  context.joins.put(object.upload.id, std::move(parts));
  context.wake_verifier();
  return verifying();
}

Result<std::optional<ObjectUpload>> known_object(const Context& context, const Offer& offer,
                                                 const std::optional<Upload>& upload) {
  if (!upload || upload->size_bytes != offer.size_bytes) return std::nullopt;
  return context.store.object_upload(upload->id);
}

Status fetch(const Context& context, const ObjectUpload& object, const std::stop_token& stop) {
  Store store(context, stop);
  const Upload& upload = object.upload;
  SHILU_CHECK(check_room(context, upload.size_bytes - upload.offset_bytes));
  SHILU_TRY(const auto writer, context.uploads.take_over(upload, upload.offset_bytes));
  for (std::int64_t at = upload.offset_bytes; at < upload.size_bytes;) {
    if (stop.stop_requested()) return fail(ErrorKind::kCancelled, "the platform is being stopped");
    const std::int64_t size = std::min(kFetchSize, upload.size_bytes - at);
    SHILU_TRY(const Bytes bytes,
              store.client.get(object.key, static_cast<std::uint64_t>(at), static_cast<std::uint64_t>(size)));
    SHILU_CHECK(writer->write(bytes));
    at += size;
  }
  SHILU_TRY(std::ignore, writer->finish());
  return store.client.remove(object.key);
}

Status abandon_object(const Context& context, const Upload& upload) {
  if (!context.settings.object_store) return {};
  SHILU_TRY(const auto object, context.store.object_upload(upload.id));
  if (!object) return {};
  const StoreTalks::Turn talk(context.store_talks);
  if (!talk) return too_many();
  Store store(context);
  if (!object->joined) SHILU_CHECK(store.client.abort(object->key, object->store_upload_id));
  // It may have been joined without our knowing. Earlier versions named it by its digest, for all devices.
  const bool its_own = object->key == key_of(upload.id);
  return object->joined || its_own ? store.client.remove(object->key) : Status();
}

bool is_lost(const Error& error) {
  return error.kind == ErrorKind::kCorrupted || error.kind == ErrorKind::kNotFound;
}

Result<http::Response> answer_offer(const Context& context, const Device& device, const Offer& offer,
                                    const std::optional<Upload>& upload) {
  Store store(context);
  SHILU_TRY(auto known, known_object(context, offer, upload));
  if (!known) {
    SHILU_TRY(auto refusal, refuse_size(context, device, offer.size_bytes));
    if (refusal) return std::move(*refusal);
    SHILU_TRY(known, begin(context, store, device, offer));
  }
  ObjectUpload& object = *known;
  if (object.joined) return verifying();
  auto held = held_parts(store, object, offer);
  if (!held && held.error().kind == ErrorKind::kNotFound) {
    SHILU_TRY(const bool joined, is_joined(store, object, offer));
    if (joined) return take_joined(context, object);
    // The store has forgotten it (an operator's clean-up, a lifecycle rule): begun anew, everything is
    // missing.
    SHILU_CHECK(context.store.delete_upload(object.upload.id));
    SHILU_TRY(object, begin(context, store, device, offer));
    held = Held();
  }
  if (!held) return fail(held.error());
  if (!held->empty()) SHILU_CHECK(context.store.prolong_upload(object.upload.id));
  if (held->size() == offer.blocks.size()) return join_later(context, object, *held);
  SHILU_TRY(const auto kind, context.store_urls.kind(store.client));
  return http::json(200, {{"answer", "parts"},
                          {"upload_url", "/files/" + object.upload.id},
                          {"digest_signed", kind == s3::PresignedDigest::kSigned},
                          {"part_size", kBlockSize},
                          {"parts", missing_parts(store, object, offer, *held, kind)}});
}

}  // namespace

Result<http::Response> offer_parts(const Context& context, const Device& device, const Offer& offer,
                                   const std::optional<Upload>& upload) {
  const StoreTalks::Turn talk(context.store_talks);
  if (!talk) return too_many();
  auto answered = answer_offer(context, device, offer, upload);
  // A wrong key or bucket is ours: the device can only wait until somebody has mended it.
  if (answered || answered.error().kind != ErrorKind::kPermissionDenied) return answered;
  log_error("object store: {}", answered.error().message);
  return fail(ErrorKind::kUnavailable, answered.error().message);
}

Status fetch_objects(const Context& context, const std::stop_token& stop,
                     const std::function<void()>& on_fetched) {
  if (!context.settings.object_store) return {};
  join_pending(context, stop);
  SHILU_TRY(const auto objects, context.store.joined_objects());
  for (const ObjectUpload& object : objects) {
    // One that cannot be fetched does not hold up the others; it is tried again at the next tick.
    const auto fetched = fetch(context, object, stop);
    if (stop.stop_requested()) return {};
    if (fetched) {
      on_fetched();
      continue;
    }
    log_error("object store: upload={}: {}", object.upload.id, fetched.error().message);
    if (may_pass(fetched.error())) return {};
    if (!is_lost(fetched.error())) continue;
    if (const auto dropped = give_up(context, object.upload); !dropped)
      log_error("object store: upload={}: {}", object.upload.id, dropped.error().message);
  }
  return {};
}

Status give_up(const Context& context, const Upload& upload) {
  SHILU_CHECK(abandon_object(context, upload));
  return context.uploads.remove(upload);
}

}  // namespace shilu::platform
