#include "capture/live/backlog.h"

#include <catch2/catch.hpp>

#include <atomic>
#include <thread>

namespace shilu::live {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

link::TrackParameters parameters(MediaKind kind, std::uint8_t configuration = 1) {
  link::TrackParameters track;
  track.kind = kind;
  track.parameters.codec = kind == MediaKind::kVideo ? Codec::kH264 : Codec::kAac;
  track.parameters.configuration = {configuration};
  return track;
}

link::AccessUnit unit_at(MediaKind kind, Nanoseconds time, bool sync, std::size_t size = 100) {
  link::AccessUnit unit;
  unit.kind = kind;
  unit.decode_time = unit.presentation_time = {time.count()};
  unit.sync = sync;
  unit.data.resize(size);
  return unit;
}

link::StateChange state(link::SourceState which) {
  return {which, "", ""};
}

// Reads `count` messages as one line of text: "s1" state, "pv"/"pa" parameters, "v3" unit ("!":
// discontinuity).
std::string read(Backlog& backlog, Backlog::Cursor& cursor, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    const auto message = backlog.next(cursor);
    REQUIRE(message);
    if (!text.empty()) text += ' ';
    if (const auto* change = std::get_if<link::StateChange>(&*message)) {
      text += "s" + std::to_string(static_cast<int>(change->state));
    } else if (const auto* track = std::get_if<link::TrackParameters>(&*message)) {
      text += track->kind == MediaKind::kVideo ? "pv" : "pa";
    } else if (const auto* unit = std::get_if<link::AccessUnit>(&*message)) {
      text += (unit->kind == MediaKind::kVideo ? "v" : "a") + std::to_string(unit->number);
      if (unit->discontinuity) text += '!';
    }
  }
  return text;
}

// Video every 500 ms with a sync unit each second.
void append_video(Backlog& backlog, int from, int to, std::size_t size = 100) {
  for (int i = from; i < to; ++i) {
    backlog.append(unit_at(MediaKind::kVideo, milliseconds(500 * i), i % 2 == 0, size));
  }
}

TEST_CASE("a peer gets the state, parameters before the first unit that needs them, and units by time") {
  Backlog backlog;
  backlog.set_state(state(link::SourceState::kLive));
  backlog.set_parameters(parameters(MediaKind::kVideo));
  backlog.set_parameters(parameters(MediaKind::kAudio));
  append_video(backlog, 0, 3);
  backlog.append(unit_at(MediaKind::kAudio, milliseconds(600), true));
  backlog.append(unit_at(MediaKind::kAudio, milliseconds(1200), true));
  Backlog::Cursor cursor;
  CHECK(read(backlog, cursor, 8) == "s1 pv v1 v2 pa a1 v3 a2");
}

TEST_CASE("a successor gets every unit that is not durable, and its parameters") {
  Backlog backlog;
  backlog.set_state(state(link::SourceState::kLive));
  backlog.set_parameters(parameters(MediaKind::kVideo));
  append_video(backlog, 0, 4);
  Backlog::Cursor first;
  CHECK(read(backlog, first, 6) == "s1 pv v1 v2 v3 v4");
  backlog.acknowledge({MediaKind::kVideo, 2});
  CHECK(backlog.held(MediaKind::kVideo).units == 2);
  CHECK(backlog.held(MediaKind::kVideo).bytes == 200);
  append_video(backlog, 4, 5);
  Backlog::Cursor second;
  CHECK(read(backlog, second, 5) == "s1 pv v3 v4 v5");
  CHECK(read(backlog, first, 1) == "v5");
}

TEST_CASE("acknowledging frees the memory of that kind only") {
  Backlog backlog;
  append_video(backlog, 0, 4);
  backlog.append(unit_at(MediaKind::kAudio, seconds(0), true));
  backlog.acknowledge({MediaKind::kVideo, 4});
  CHECK(backlog.held(MediaKind::kVideo).units == 0);
  CHECK(backlog.held(MediaKind::kVideo).bytes == 0);
  CHECK(backlog.held(MediaKind::kAudio).units == 1);
  backlog.acknowledge({MediaKind::kAudio, 1'000});
  CHECK(backlog.held(MediaKind::kAudio).units == 0);
}

TEST_CASE("changed parameters come between the units that they part") {
  Backlog backlog;
  backlog.set_parameters(parameters(MediaKind::kVideo, 1));
  append_video(backlog, 0, 2);
  backlog.set_parameters(parameters(MediaKind::kVideo, 1));
  append_video(backlog, 2, 3);
  backlog.set_parameters(parameters(MediaKind::kVideo, 2));
  append_video(backlog, 4, 5);
  Backlog::Cursor cursor;
  CHECK(read(backlog, cursor, 6) == "pv v1 v2 v3 pv v4");
}

TEST_CASE("a state comes after the units that were there before it") {
  Backlog backlog;
  backlog.set_state(state(link::SourceState::kLive));
  append_video(backlog, 0, 2);
  Backlog::Cursor cursor;
  CHECK(read(backlog, cursor, 1) == "s1");
  backlog.set_state(state(link::SourceState::kLost));
  append_video(backlog, 2, 4);
  CHECK(read(backlog, cursor, 5) == "v1 v2 s2 v3 v4");
}

TEST_CASE("past 30 seconds whole GOPs go from the front and the next unit says so") {
  Backlog backlog;
  append_video(backlog, 0, 61);  // 0 s to 30 s: just held
  CHECK(backlog.held(MediaKind::kVideo).units == 61);
  append_video(backlog, 61, 62);
  CHECK(backlog.held(MediaKind::kVideo).units == 60);
  CHECK(backlog.dropped() == 2);
  Backlog::Cursor cursor;
  CHECK(read(backlog, cursor, 3) == "v3! v4 v5");
}

TEST_CASE("past the bound of bytes whole GOPs go from the front") {
  Backlog backlog({seconds(30), 1'000});
  append_video(backlog, 0, 12);
  CHECK(backlog.held(MediaKind::kVideo).bytes == 1'000);
  Backlog::Cursor cursor;
  CHECK(read(backlog, cursor, 2) == "v3! v4");
}

TEST_CASE("a reader that was overtaken goes on behind the gap") {
  Backlog backlog({seconds(30), 1'000});
  append_video(backlog, 0, 2);
  Backlog::Cursor cursor;
  CHECK(read(backlog, cursor, 1) == "v1");
  append_video(backlog, 2, 14);
  CHECK(read(backlog, cursor, 3) == "v5! v6 v7");
}

TEST_CASE("when one endless GOP had to go, units are taken again from the next sync unit on") {
  Backlog backlog({seconds(30), 500});
  for (int i = 0; i < 8; ++i) backlog.append(unit_at(MediaKind::kVideo, milliseconds(40 * i), i == 0));
  CHECK(backlog.held(MediaKind::kVideo).units == 0);
  backlog.append(unit_at(MediaKind::kVideo, milliseconds(400), true));
  Backlog::Cursor cursor;
  CHECK(read(backlog, cursor, 1) == "v9!");
  CHECK(backlog.dropped() == 8);
}

TEST_CASE("a reader that does not wait gets what there is, and nothing") {
  Backlog backlog;
  Backlog::Cursor cursor;
  CHECK_FALSE(backlog.next_ready(cursor));
  append_video(backlog, 0, 2);
  const auto first = backlog.next_ready(cursor);
  REQUIRE(first);
  CHECK(std::get<link::AccessUnit>(*first).number == 1);
  CHECK(std::get<link::AccessUnit>(backlog.next_ready(cursor).value()).number == 2);
  CHECK_FALSE(backlog.next_ready(cursor));
  CHECK(backlog.let_gather(cursor, milliseconds(1)));
}

TEST_CASE("a reader that lets messages gather ends at once when it is told to") {
  Backlog backlog;
  Backlog::Cursor cursor;
  std::atomic<bool> ended = false;
  std::thread reader([&] { ended = !backlog.let_gather(cursor, std::chrono::hours(1)); });
  backlog.end(cursor);
  reader.join();
  CHECK(ended);
  CHECK_FALSE(backlog.next_ready(cursor));
}

TEST_CASE("a waiting reader wakes up for a unit, and ends when it is told to") {
  Backlog backlog;
  Backlog::Cursor cursor;
  std::optional<link::Message> got;
  bool ended = false;
  std::thread reader([&] {
    got = backlog.next(cursor);
    ended = !backlog.next(cursor).has_value();
  });
  append_video(backlog, 0, 1);
  backlog.end(cursor);
  reader.join();
  CHECK((ended || !got));  // told before it had read: then at once
  Backlog::Cursor other;
  CHECK(read(backlog, other, 1) == "v1");
}

}  // namespace
}  // namespace shilu::live
