#include "capture/journal/lesson_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>

#include "capture/bmff/fragment_writer.h"
#include "capture/journal/journal_writer.h"
#include "tests/base/temporary_directory.h"
#include "tests/base/test_keys.h"
#include "tests/bmff/movie_fixture.h"
#include "tests/journal/lesson_fixture.h"

namespace shilu::journal {
namespace {

using namespace test;

Mark mark_at(int number, std::int64_t ms, std::optional<std::string> point) {
  Mark mark;
  mark.id = fmt::format("00000000-0000-4000-8000-00000000000{}", number);
  mark.at = LessonTime::from_ms(ms);
  mark.point = std::move(point);
  return mark;
}

// Two sources, two marks, twelve seconds; made once.
const WrittenLesson& classroom_lesson() {
  static const TemporaryDirectory directory;
  static const auto lesson = [] {
    LessonRecipe recipe;
    recipe.sources.push_back({.name = "board", .media = made_media({.seconds = 13}), .sound = false});
    recipe.marks = {mark_at(1, 3'000, "A6"), mark_at(2, 7'500, std::nullopt)};
    return write_lesson(directory / "lesson", recipe);
  }();
  return lesson;
}

LessonFolder opened(const std::filesystem::path& directory) {
  auto lesson = LessonFolder::open(directory);
  if (!lesson) FAIL(lesson.error().message);
  return std::move(*lesson);
}

std::vector<std::string> pictures_of(const std::filesystem::path& file) {
  std::vector<std::string> md5s;
  for (const auto& frame : decode_video(file)) md5s.push_back(frame.md5);
  return md5s;
}

std::filesystem::path written(const LessonFolder::SourceMovie& movie, const TemporaryDirectory& directory) {
  const auto out = directory / "out.mp4";
  const auto status = write_movie(movie, out);
  if (!status) FAIL(status.error().message);
  return out;
}

TEST_CASE("a lesson's folder tells its tracks, marks and length") {
  const auto lesson = opened(classroom_lesson().directory);
  CHECK(lesson.info().lesson_id == classroom_lesson().info.lesson_id);
  CHECK_FALSE(lesson.damage().any());
  CHECK(lesson.finished());
  CHECK(lesson.duration() == std::chrono::seconds(12));
  std::vector<std::string> names;
  for (const auto& track : lesson.tracks()) names.push_back(track.name);
  CHECK(names == std::vector<std::string>{"room.video", "room.audio", "board.video"});
  CHECK(lesson.tracks()[0].epochs.at(0).fragments.size() == 7);  // a key picture every 2 s, from -0.08 s on
  CHECK(lesson.tracks()[0].epochs[0].event.codec == "avc1.64001f");
  CHECK(lesson.gaps().empty());
  const auto marks = lesson.marks();
  REQUIRE(marks.size() == 2);
  CHECK(marks[0].point == "A6");
  CHECK(marks[1].at.ms() == 7'500);
  for (std::size_t i = 0; i < lesson.records().size(); ++i) {
    const auto& stored = lesson.records()[i];
    REQUIRE(stored.leaf == i + 1);
    REQUIRE(encode(stored.record) == stored.bytes);
  }
}

TEST_CASE("the leaves of a lesson give the roots that were signed") {
  const auto lesson = opened(classroom_lesson().directory);
  const auto leaves = lesson.leaf_hashes();
  CHECK(leaves.size() == lesson.records().size() + 1);
  REQUIRE(lesson.checkpoints().size() == 2);  // at 10 s and at the stop
  for (const auto& one : lesson.checkpoints()) {
    Frontier tree;
    for (std::uint64_t i = 0; i < one.checkpoint.tree_size; ++i) tree.append(leaves[i]);
    CHECK(tree.root() == one.checkpoint.root);
  }
  CHECK(lesson.checkpoints().back().checkpoint.tree_size == leaves.size());
}

TEST_CASE("the movie of a source is all of its lesson") {
  const TemporaryDirectory directory;
  const auto lesson = opened(classroom_lesson().directory);
  const auto room = lesson.movie("room");
  REQUIRE(room);
  CHECK(room->movie.duration == std::chrono::seconds(12));
  auto expected = pictures_of(classroom_media());
  expected.resize(12 * 25);
  CHECK(pictures_of(written(*room, directory)) == expected);
  CHECK(std::filesystem::file_size(directory / "out.mp4") == room->movie.size_bytes);
  const auto board = lesson.movie("board");
  REQUIRE(board);
  expected = pictures_of(made_media({.seconds = 13}));
  expected.resize(360);  // 359.64 pictures in 12 s: the last begins just before
  CHECK(pictures_of(written(*board, directory)) == expected);
  CHECK(board->files == std::vector{classroom_lesson().directory / "board.video" / "e000.mp4"});
}

TEST_CASE("a clip's pictures are those of the export") {
  const TemporaryDirectory directory;
  const auto lesson = opened(classroom_lesson().directory);
  const auto all = decode_video(written(lesson.movie("room").value(), directory));
  const auto clip = lesson.movie("room", range_ms(3'013, 8'657));
  REQUIRE(clip);
  std::vector<std::string> expected;
  for (const auto& frame : all) {
    if (frame.presentation >= 90 * 3'013 && frame.presentation < 90 * 8'657) expected.push_back(frame.md5);
  }
  CHECK(expected.size() == 141);  // every 40 ms from 3.040 s to 8.640 s
  CHECK(pictures_of(written(*clip, directory)) == expected);
}

// Everything that is read of the track file by walking its boxes, without the journal.
TrackFile walked(const TrackEpoch& epoch) {
  TrackFile file;
  file.bytes = read_file(epoch.file, 1u << 30).value();
  file.parameters = bmff::parse_track_header(ByteView(file.bytes).first(epoch.event.header_size)).value();
  for (std::size_t at = epoch.event.header_size; at < file.bytes.size();) {
    auto index = bmff::parse_fragment(ByteView(file.bytes).subspan(at), file.parameters.timescale).value();
    const auto size = index.total_size;
    file.fragments.push_back({std::move(index), 0, at});
    at += size;
  }
  return file;
}

TEST_CASE("a clip that reads only the fragments near it is the one that reads them all") {
  const auto lesson = opened(classroom_lesson().directory);
  MovieBench bench;
  bench.add(walked(lesson.tracks()[0].epochs[0]));
  bench.add(walked(lesson.tracks()[1].epochs[0]));
  for (std::int64_t from = -100; from < 12'000; from += 397) {
    for (const std::int64_t length : {1, 40, 999, 5'003}) {
      const auto range = range_ms(from, from + length);
      const auto expected = bmff::build_movie(bench.select(range), range);
      const auto clip = lesson.movie("room", range);
      INFO(from << " + " << length);
      REQUIRE(clip.has_value() == expected.has_value());
      if (!clip) continue;
      REQUIRE(clip->movie.header == expected->header);
      REQUIRE(clip->movie.size_bytes == expected->size_bytes);
    }
  }
}

TEST_CASE("a clip names the leaves that prove it") {
  const auto lesson = opened(classroom_lesson().directory);
  const auto clip = lesson.movie("board", range_ms(2'500, 3'500)).value();
  std::vector<std::uint64_t> fragments;
  std::vector<std::uint64_t> others;
  for (const auto leaf : clip.leaves) {
    const auto& record = lesson.records().at(leaf - 1).record;
    if (const auto* fragment = std::get_if<FragmentRecord>(&record)) {
      CHECK(fragment->track == 2);
      fragments.push_back(fragment->sequence);
    } else {
      others.push_back(leaf);
    }
  }
  CHECK(fragments ==
        std::vector<std::uint64_t>{2, 3});  // key pictures every 30 at 29.97: 2.002 s and 3.003 s
  CHECK(others == std::vector<std::uint64_t>{lesson.tracks()[2].epochs[0].leaf});
  CHECK(std::is_sorted(clip.leaves.begin(), clip.leaves.end()));
}

TEST_CASE("epochs with the same parameters are one movie") {
  const TemporaryDirectory directory;
  LessonRecipe recipe;
  recipe.duration_ms = 8'000;
  recipe.sources = {{.media = made_media({}), .new_epochs_ms = {2'500, 5'000}}};
  const auto lesson = opened(write_lesson(directory / "lesson", recipe).directory);
  REQUIRE(lesson.tracks()[0].epochs.size() == 3);
  const auto movie = lesson.movie("room");
  REQUIRE(movie);
  CHECK(movie->files.size() == 6);
  CHECK(pictures_of(written(*movie, directory)) == pictures_of(made_media({})));
  std::size_t epochs = 0;
  for (const auto leaf : movie->leaves)
    epochs += std::holds_alternative<EventRecord>(lesson.records()[leaf - 1].record);
  CHECK(epochs == 6);
}

// A lesson of one silent source whose picture changes its size after the first file.
std::filesystem::path lesson_with_two_sizes(const TemporaryDirectory& directory) {
  const auto where = directory / "sizes";
  const auto certified = test::certified(directory / "keys", KeyRole::kRecording);
  LessonInfo info;
  info.lesson_id = "01932d3a-7c11-7aaa-8bbb-0123456789ab";
  info.boot_id = "b";
  info.sources = {{"room", "file", true}};
  info.recording_certificate = certified.certificate.envelope.to_json();
  info.software = "test";
  auto journal = JournalWriter::create(posix_file_system(), where, info.lesson_id, info.to_json()).value();
  std::uint32_t sequence = 0;
  for (std::uint16_t epoch = 0; epoch < 2; ++epoch) {
    const auto media =
        read_media(made_media({.seconds = 4, .size = epoch == 0 ? "320x240" : "160x120"}), MediaKind::kVideo);
    const auto file = make_track_file(media, {.starts_ms = epoch * 4'004, .first_sequence = sequence});
    REQUIRE(posix_file_system().create_directories(where / "room.video"));
    REQUIRE(write_file_atomic(where / "room.video" / fmt::format("e00{}.mp4", epoch), file.bytes));
    const auto header = bmff::track_header(media.parameters).value();
    journal.append(EventRecord{{},
                               EpochEvent{0, "room.video", epoch, rfc6381(media.parameters), 90'000,
                                          media.parameters.width, media.parameters.height, 0, 0, 3'003,
                                          static_cast<std::uint32_t>(header.size()), sha256(header)}});
    for (const auto& fragment : file.fragments) {
      const auto bytes = ByteView(file.bytes).subspan(fragment.source_offset, fragment.index.total_size);
      journal.append(FragmentRecord{0, epoch, kKey, sequence++, static_cast<std::uint32_t>(bytes.size()),
                                    fragment.source_offset, fragment.index.decode_ticks,
                                    fragment.index.duration_ticks(),
                                    static_cast<std::uint32_t>(fragment.index.samples.size()), 30,
                                    sha256(bytes), sha256(bytes.subspan(fragment.index.payload_offset))});
    }
  }
  REQUIRE(journal.sync());
  return where;
}

TEST_CASE("a clip over a change of parameters is refused and says where to cut") {
  const TemporaryDirectory directory;
  const auto lesson = opened(lesson_with_two_sizes(directory));
  const auto movie = lesson.movie("room");
  REQUIRE_FALSE(movie);
  CHECK(movie.error().kind == ErrorKind::kFailedPrecondition);
  CHECK(movie.error().message.find("4.004 s") != std::string::npos);
  CHECK(lesson.movie("room", range_ms(1'000, 4'004)));
  const auto rest = lesson.movie("room", range_ms(4'004, 8'000));
  REQUIRE(rest);
  CHECK(run_tool({"ffprobe", "-v", "error", "-show_entries", "stream=width", "-of", "csv=p=0",
                  written(*rest, directory).string()}) == "160\n");
}

TEST_CASE("over a change of parameters a movie comes in parts that tile its range") {
  const TemporaryDirectory directory;
  const auto lesson = opened(lesson_with_two_sizes(directory));
  const auto parts = lesson.movies("room", range_ms(1'000, 8'000));
  REQUIRE(parts);
  REQUIRE(parts->size() == 2);
  CHECK((*parts)[0].range.from == LessonTime::from_ms(1'000));
  CHECK((*parts)[0].range.to == LessonTime::from_ms(4'004));
  CHECK((*parts)[1].range.from == LessonTime::from_ms(4'004));
  CHECK((*parts)[1].range.to == LessonTime::from_ms(8'000));
  CHECK(lesson.movies("room", range_ms(1'000, 4'004))->size() == 1);
  CHECK(lesson.movies("room", range_ms(4'004, 8'000))->size() == 1);
  CHECK(lesson.movies("nothing").error().kind == ErrorKind::kNotFound);
}

TEST_CASE("a lesson that still runs is read as far as it goes") {
  const TemporaryDirectory directory;
  const auto written_lesson = write_lesson(directory / "lesson", {.duration_ms = 6'000, .stop = false});
  auto lesson = opened(written_lesson.directory);
  CHECK_FALSE(lesson.finished());
  CHECK(lesson.duration() > std::chrono::seconds(6));  // of the last fragment
  CHECK(lesson.movie("room"));
  const auto records = lesson.records().size();

  auto journal = JournalWriter::reopen(posix_file_system(), written_lesson.directory).value();
  const EventRecord stop{LessonTime::from_ms(6'000), StopEvent{6'000, "user"}};
  journal.append(stop);
  REQUIRE(lesson.refresh());
  CHECK(lesson.records().size() == records);
  REQUIRE(journal.sync());
  REQUIRE(lesson.refresh());
  CHECK(lesson.records().size() == records + 1);
  CHECK(lesson.finished());
  CHECK(lesson.duration() == std::chrono::seconds(6));
  const auto certified = test::certified(written_lesson.keys, KeyRole::kRecording);
  REQUIRE(journal.checkpoint(certified.key, LessonTime::from_ms(6'000), ManualClock(), "stop"));
  const auto before = lesson.checkpoints().size();
  REQUIRE(lesson.refresh());
  CHECK(lesson.checkpoints().size() == before + 1);
}

TEST_CASE("a record is seen only once all of it is there") {
  const TemporaryDirectory directory;
  const auto where = write_lesson(directory / "lesson", {.duration_ms = 2'000, .stop = false}).directory;
  auto lesson = opened(where);
  const auto records = lesson.records().size();
  for (const auto byte : encode(EventRecord{LessonTime{1}, StopEvent{2'000, "user"}})) {
    CHECK(lesson.records().size() == records);
    std::ofstream(where / "journal", std::ios::binary | std::ios::app).put(static_cast<char>(byte));
    REQUIRE(lesson.refresh());
  }
  CHECK(lesson.records().size() == records + 1);
}

TEST_CASE("a mark can be taken back and stays") {
  const TemporaryDirectory directory;
  const auto where =
      write_lesson(
          directory / "lesson",
          {.duration_ms = 2'000, .marks = {mark_at(1, 500, "A1"), mark_at(2, 900, "B2")}, .stop = false})
          .directory;
  auto journal = JournalWriter::reopen(posix_file_system(), where).value();
  journal.append(EventRecord{LessonTime::from_ms(1'500), MarkUndoneEvent{mark_at(1, 0, {}).id}});
  auto again = mark_at(2, 1'800, "C3");  // the same tap, sent twice
  journal.append(EventRecord{again.at, MarkEvent{again}});
  REQUIRE(journal.sync());
  const auto marks = opened(where).marks();
  REQUIRE(marks.size() == 2);
  CHECK(marks[0].undone);
  CHECK_FALSE(marks[1].undone);
  CHECK(marks[1].point == "B2");
}

TEST_CASE("what is no lesson, no source and no range is told apart") {
  const TemporaryDirectory directory;
  const auto nothing = LessonFolder::open(directory.path());
  REQUIRE_FALSE(nothing);
  CHECK(nothing.error().kind == ErrorKind::kNotFound);
  const auto lesson = opened(classroom_lesson().directory);
  CHECK(lesson.movie("kitchen").error().kind == ErrorKind::kNotFound);
  CHECK(lesson.movie("room", range_ms(60'000, 61'000)).error().kind == ErrorKind::kInvalidArgument);
  CHECK(lesson.movie("room", range_ms(5'000, 5'000)).error().kind == ErrorKind::kInvalidArgument);
}

TEST_CASE("a movie of damaged media is refused and leaves no file") {
  const TemporaryDirectory directory;
  const auto where = directory / "lesson";
  std::filesystem::copy(classroom_lesson().directory, where, std::filesystem::copy_options::recursive);
  const auto file = where / "room.video" / "e000.mp4";
  const auto lesson = opened(where);
  const auto movie = lesson.movie("room").value();
  const auto out = directory / "out.mp4";
  std::ofstream(out) << "an older movie";

  std::filesystem::resize_file(file, std::filesystem::file_size(file) / 2);
  const auto status = write_movie(movie, out);
  REQUIRE_FALSE(status);
  CHECK(status.error().kind == ErrorKind::kCorrupted);
  CHECK(read_text_file(out).value() == "an older movie");
  CHECK_FALSE(std::filesystem::exists(directory / "out.mp4.part"));
  CHECK(lesson.movie("room").error().kind == ErrorKind::kCorrupted);
  CHECK(lesson.movie("room", range_ms(1'000, 2'000)));  // far from the damage

  auto bytes = read_file(file).value();
  bytes[lesson.tracks()[0].epochs[0].event.header_size + 60] ^= 1;  // the first fragment's decode time
  REQUIRE(write_file_atomic(file, bytes));
  CHECK(lesson.movie("room", range_ms(1'000, 2'000)).error().kind == ErrorKind::kCorrupted);
  bytes[30] ^= 1;  // the header
  REQUIRE(write_file_atomic(file, bytes));
  CHECK(lesson.movie("room", range_ms(5'000, 6'000)).error().kind == ErrorKind::kCorrupted);
  std::filesystem::remove(file);
  CHECK(lesson.movie("room", range_ms(5'000, 6'000)).error().kind == ErrorKind::kNotFound);
  CHECK(lesson.movie("board"));
}

}  // namespace
}  // namespace shilu::journal
