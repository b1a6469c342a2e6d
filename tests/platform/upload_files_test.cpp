#include "upload/platform/upload_files.h"

#include <catch2/catch.hpp>
#include <thread>

#include "firmware/base/ids.h"
#include "tests/base/fault_file_system.h"
#include "tests/base/test_keys.h"

using namespace shilu;
using namespace shilu::platform;
using namespace shilu::test;

namespace {

// A platform's uploads on a disk that fails when told; begun anew by reopen(), as after a restart.
struct Uploads {
  TemporaryDirectory home;
  SystemClock clock;
  PlatformStore store = std::move(*PlatformStore::open(home / "platform.sqlite", clock));
  FaultFileSystem disk;
  std::optional<UploadFiles> files;
  Upload upload;

  Uploads() {
    REQUIRE(disk.create_directories(home / "uploads"));
    REQUIRE(store.enrol({"d-1", "room 1", "a key"}));
    upload.id = new_uuid();
    upload.device_id = "d-1";
    upload.size_bytes = 10;
    upload.expires_utc_ms = 4'000'000'000'000;
    REQUIRE(store.create_upload(upload));
    reopen();
  }
  void reopen() { files.emplace(store, home / "uploads", disk); }
  Status put(std::int64_t offset, std::string_view bytes) {
    SHILU_TRY(const auto writer, files->take_over(upload, offset));
    SHILU_CHECK(writer->write(as_bytes(bytes)));
    SHILU_TRY(std::ignore, writer->finish());
    return {};
  }
};

}  // namespace

TEST_CASE("what a failed sync leaves open is sent again, whatever the next sync says") {
  Uploads uploads;
  REQUIRE(uploads.put(0, "012"));
  uploads.disk.fail_operation(2, ErrorKind::kUnavailable);  // after the write
  CHECK(uploads.put(3, "345").error().kind == ErrorKind::kUnavailable);
  uploads.disk.clear_faults();
  CHECK(uploads.files->settle(uploads.upload) == 3);
  CHECK(uploads.put(6, "6789").error().kind == ErrorKind::kFailedPrecondition);
  REQUIRE(uploads.put(3, "3456789"));
  uploads.disk.power_cut();
  uploads.reopen();
  CHECK(uploads.files->settle(uploads.upload) == 10);
  CHECK(*read_text_file(uploads.files->path_of(uploads.upload), 100) == "0123456789");
}

TEST_CASE("a writer whose sync failed writes no more") {
  Uploads uploads;
  const auto writer = uploads.files->take_over(uploads.upload, 0);
  REQUIRE(writer);
  uploads.disk.fail_operation(2, ErrorKind::kUnavailable);
  CHECK((*writer)->write(as_bytes("012")).error().kind == ErrorKind::kUnavailable);
  CHECK((*writer)->write(as_bytes("345")).error().kind == ErrorKind::kUnavailable);
  CHECK((*writer)->finish().error().kind == ErrorKind::kUnavailable);
}

TEST_CASE("who waits while a sync fails does not make it good by a second one") {
  Uploads uploads;
  const auto writer = uploads.files->take_over(uploads.upload, 0);
  REQUIRE(writer);
  uploads.disk.fail_operation(2, ErrorKind::kUnavailable);
  std::thread asking;
  std::optional<Result<std::int64_t>> answer;
  uploads.disk.before_writes([&](const std::string&) {
    asking = std::thread([&] { answer = uploads.files->settle(uploads.upload); });
    std::this_thread::sleep_for(std::chrono::milliseconds(100));  // it waits for this writer now
  });
  CHECK((*writer)->write(as_bytes("012")).error().kind == ErrorKind::kUnavailable);
  asking.join();
  CHECK(answer->error().kind == ErrorKind::kUnavailable);
  CHECK(uploads.store.upload(uploads.upload.id).value()->offset_bytes == 0);
}

TEST_CASE("an upload whose file is short or gone cannot go on, and can be removed") {
  Uploads uploads;
  REQUIRE(uploads.put(0, "01234"));
  const auto file = uploads.files->path_of(uploads.upload);
  const bool gone = GENERATE(false, true);
  if (gone) std::filesystem::remove(file);
  if (!gone) std::filesystem::resize_file(file, 4);
  uploads.reopen();
  CHECK(uploads.files->settle(uploads.upload).error().kind == ErrorKind::kCorrupted);
  CHECK(uploads.put(5, "56789").error().kind == ErrorKind::kCorrupted);
  std::filesystem::remove(file);
  CHECK(uploads.files->remove(uploads.upload));
  CHECK(uploads.files->settle(uploads.upload).error().kind == ErrorKind::kNotFound);
  CHECK_FALSE(*uploads.store.upload(uploads.upload.id));
}

TEST_CASE("a removed upload ends its writer") {
  Uploads uploads;
  const auto writer = uploads.files->take_over(uploads.upload, 0);
  REQUIRE(writer);
  REQUIRE((*writer)->write(as_bytes("012")));
  CHECK(uploads.files->remove(uploads.upload));
  CHECK((*writer)->write(as_bytes("345")).error().kind == ErrorKind::kFailedPrecondition);
  CHECK_FALSE(std::filesystem::exists(uploads.files->path_of(uploads.upload)));
}
