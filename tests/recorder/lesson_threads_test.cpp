// When the two threads of a lesson bring a fragment to the disk, on the real clock.

#include <catch2/catch.hpp>

#include <condition_variable>
#include <mutex>

#include "capture/recorder/lesson_threads.h"
#include "firmware/base/file_system.h"
#include "tests/base/temporary_directory.h"
#include "tests/recorder/units_fixture.h"

using namespace shilu;
using namespace shilu::recorder;
using namespace shilu::test;

namespace {

class Listener final : public DurableListener {
 public:
  void epoch_durable(const journal::EpochEvent&) override {}
  void units_durable(const std::string&, UnitName) override {}
  void fragment_durable(const std::string&, const journal::FragmentRecord&) override {
    const std::lock_guard lock(mutex_);
    durable_.push_back(SystemClock().monotonic());
    told_.notify_all();
  }
  // When the n-th fragment was durable.
  MonotonicTime await(std::size_t n) {
    std::unique_lock lock(mutex_);
    REQUIRE(told_.wait_for(lock, std::chrono::seconds(20), [&] { return durable_.size() >= n; }));
    return durable_[n - 1];
  }

 private:
  std::mutex mutex_;
  std::condition_variable told_;
  std::vector<MonotonicTime> durable_;
};

TEST_CASE("what is written does not wait for the end of the tick, and no sync follows another at once") {
  constexpr Nanoseconds kTick = std::chrono::seconds(4);
  const SystemClock clock;
  const auto key = test_key();
  const TemporaryDirectory root;
  Listener listener;
  auto lesson = LiveLesson::begin({posix_file_system(), clock, key, {}, listener},
                                  test_lesson(clock.monotonic()), root / "lesson", std::nullopt);
  REQUIRE(lesson);
  TrackState state;
  state.name = "room.video";
  const auto track = (*lesson)->writer().add_track(state);
  const auto begun = clock.monotonic();
  LessonThreads threads(**lesson, kTick);
  const auto offer = [&](std::uint64_t second) {
    CHECK((*lesson)->writer().offer(track, second_of_pictures(second), clock.monotonic()) == std::nullopt);
    threads.fragment_offered();
  };

  offer(0);
  const auto first = listener.await(1);
  CHECK(first - begun >= kTick / 2);
  CHECK(first - begun < kTick);
  offer(1);
  const auto second = listener.await(2);
  CHECK(second - first >= kTick / 2);
  CHECK(second - first < kTick);
}

}  // namespace
