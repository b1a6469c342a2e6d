#include "upload/platform/received_hashes.h"

#include <catch2/catch.hpp>

#include "firmware/base/clock.h"
#include "firmware/store/database.h"
#include "firmware/store/migration.h"
#include "tests/base/temporary_directory.h"
#include "upload/platform/platform_store.h"

using namespace shilu;
using namespace shilu::platform;

namespace {

// Two whole blocks and a bit, no two bytes of a block alike in place.
Bytes some_upload() {
  Bytes bytes(2 * kBlockSize + 1000);
  std::uint32_t value = 1;
  for (std::uint8_t& byte : bytes) {
    value = value * 1664525u + 1013904223u;
    byte = static_cast<std::uint8_t>(value >> 24);
  }
  return bytes;
}

std::vector<Digest> blocks_of(ByteView bytes) {
  std::vector<Digest> blocks;
  for (std::size_t at = 0; at < bytes.size(); at += kBlockSize)
    blocks.push_back(sha256(bytes.subspan(at, std::min<std::size_t>(kBlockSize, bytes.size() - at))));
  return blocks;
}

ReceivedHashes hashes_of(const Bytes& bytes) {
  return {blocks_of(bytes), static_cast<std::int64_t>(bytes.size())};
}

}  // namespace

TEST_CASE("what comes as it was announced is counted once, in pieces of any size") {
  const Bytes bytes = some_upload();
  for (const std::size_t piece :
       {std::size_t{1000}, std::size_t{262'144}, std::size_t{5'000'001}, bytes.size()}) {
    INFO(piece);
    ReceivedHashes hashes = hashes_of(bytes);
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      CHECK_FALSE(hashes.take_whole());
      REQUIRE(hashes.update(ByteView(bytes).subspan(at, std::min(piece, bytes.size() - at))));
    }
    CHECK(hashes.take_whole() == sha256(bytes));
    CHECK_FALSE(hashes.take_whole());
  }
}

TEST_CASE("a flipped bit is found when its block ends, and that block begins again") {
  const Bytes bytes = some_upload();
  for (const std::int64_t at : {std::int64_t{0}, kBlockSize - 1, kBlockSize, 2 * kBlockSize + 999}) {
    INFO(at);
    Bytes altered = bytes;
    altered[static_cast<std::size_t>(at)] ^= 1;
    ReceivedHashes hashes = hashes_of(bytes);
    const Status updated = hashes.update(altered);
    REQUIRE_FALSE(updated);
    CHECK(updated.error().kind == ErrorKind::kCorrupted);
    CHECK(hashes.wrong_from() == at / kBlockSize * kBlockSize);
  }
}

TEST_CASE("after a restart the rest of a block is checked with what the disk has of it") {
  const test::TemporaryDirectory directory;
  const Bytes bytes = some_upload();
  for (const std::int64_t offset : {std::int64_t{0}, std::int64_t{5}, kBlockSize, kBlockSize + 77}) {
    INFO(offset);
    const auto size = static_cast<std::size_t>(offset);
    const auto file = posix_file_system().open(directory / std::to_string(offset), OpenMode::kCreate).value();
    REQUIRE(file->write_at(0, ByteView(bytes).first(size)));
    ReceivedHashes hashes = hashes_of(bytes);
    REQUIRE(hashes.resume(*file, offset));
    CHECK(hashes.update(ByteView(bytes).subspan(size)));
    CHECK(hashes.take_whole().has_value() == (offset == 0));
    if (offset % kBlockSize == 0) continue;
    REQUIRE(
        file->write_at(size - 1, Bytes{static_cast<std::uint8_t>(bytes[size - 1] ^ 1)}));  // the disk lies
    REQUIRE(hashes.resume(*file, offset));
    CHECK_FALSE(hashes.update(ByteView(bytes).subspan(size)));
  }
}

TEST_CASE("without an announcement only the whole is counted") {
  const Bytes bytes = some_upload();
  ReceivedHashes hashes({}, static_cast<std::int64_t>(bytes.size()));
  CHECK(hashes.update(bytes));
  CHECK(hashes.take_whole() == sha256(bytes));
}

TEST_CASE("a stored database of version 1 goes on, and learns to keep offers") {
  const test::TemporaryDirectory directory;
  {
    const auto dump = std::filesystem::path(SHILU_SOURCE_DIR) / "tests/platform/data/platform_v1.sql";
    auto database = store::Database::open(directory / "db", store::Schema{}).value();
    REQUIRE(database.execute(read_text_file(dump).value()));
  }
  const SystemClock clock;
  auto store = PlatformStore::open(directory / "db", clock).value();
  const auto upload = store.upload("01a1ffa9-906f-72aa-add7-79dd6b6bb848").value();
  REQUIRE(upload);
  CHECK(upload->offset_bytes == 9'000'000);
  CHECK(store.devices().value().size() == 1);
  const std::vector<Digest> blocks(3, sha256("x"));
  CHECK(store.put_offer(
      {"d-AAAA", *upload->announced_sha256, 20'000'000, blocks, clock.wall().ns / 1'000'000 + 60'000}));
  CHECK(store.offered_blocks("d-AAAA", *upload->announced_sha256, 20'000'000).value() == blocks);
  CHECK(store.offered_blocks("d-AAAA", *upload->announced_sha256, 20'000'001).value().empty());
  REQUIRE(store.forget_old_offers());
  CHECK(store.offered_blocks("d-AAAA", *upload->announced_sha256, 20'000'000).value() == blocks);
  CHECK(store.put_offer({"d-AAAA", *upload->announced_sha256, 20'000'000, blocks, 1}));
  REQUIRE(store.forget_old_offers());
  CHECK(store.offered_blocks("d-AAAA", *upload->announced_sha256, 20'000'000).value() == blocks);
  REQUIRE(store.delete_upload(upload->id));
  REQUIRE(store.forget_old_offers());
  CHECK(store.offered_blocks("d-AAAA", *upload->announced_sha256, 20'000'000).value().empty());
}
