// shilu-bench-lesson DIRECTORY --media FILE --seconds N: a lesson as long as wanted, of a short piece of
// coded media played again and again, written as the recorder writes it: fragments, journal, a signed
// checkpoint every 10 s. The media begin with a key picture and have no pictures out of order; the device's
// keys go to `keys` beside DIRECTORY.

#include <fmt/format.h>

#include <memory>

#include "capture/bmff/fragment_writer.h"
#include "capture/journal/journal_writer.h"
#include "firmware/base/certificate.h"
#include "firmware/base/ids.h"
#include "firmware/lesson/lesson_info.h"
#include "tests/base/test_keys.h"
#include "tests/bmff/media_fixture.h"

using namespace shilu;
using namespace shilu::journal;
using std::filesystem::path;

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;
constexpr std::int64_t kCheckpointEvery = 10 * kSecond;

template <typename T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(*result);
}
void must(const Status& status) {
  if (!status) throw std::runtime_error(status.error().message);
}

// Plays the media in a circle; a fragment is a group of pictures or a second of sound.
class Track {
 public:
  Track(const path& media, MediaKind kind, std::uint16_t number, const path& lesson)
      : name_(track_name("room", kind)), number_(number), media_(test::read_media(media, kind)) {
    must(posix_file_system().create_directories(lesson / name_));
    file_ = must(posix_file_system().open(lesson / name_ / "e000.mp4", OpenMode::kCreate));
  }

  std::int64_t end_ns() const { return ns_from_ticks(at_, media_.parameters.timescale); }

  void begin(JournalWriter& journal) {
    const auto& p = media_.parameters;
    const auto header = must(bmff::track_header(p));
    must(file_->write_at(0, header));
    position_ = header.size();
    journal.append(EventRecord{
        {0},
        EpochEvent{number_, name_, 0, rfc6381(p), p.timescale, p.width, p.height, p.sample_rate, p.channels,
                   media_.nominal_ticks, static_cast<std::uint32_t>(header.size()), sha256(header)}});
  }

  void write_fragment(JournalWriter& journal) {
    const auto from = at_;
    std::vector<bmff::Sample> samples;
    do {
      const auto& sample = media_.samples[next_];
      samples.push_back({sample.data, at_, sample.duration, 0, sample.sync});
      at_ += sample.duration;
      next_ = (next_ + 1) % media_.samples.size();
    } while (!ends(from));
    const auto built = bmff::build_fragment(media_.parameters, sequence_, samples);
    must(file_->write_at(position_, built.bytes));
    FragmentRecord record;
    record.track = number_;
    record.flags = kKey;
    record.sequence = sequence_++;
    record.size = static_cast<std::uint32_t>(built.bytes.size());
    record.offset = position_;
    record.start_ticks = from;
    record.duration_ticks = static_cast<std::uint64_t>(at_ - from);
    record.samples = record.samples_expected = static_cast<std::uint32_t>(samples.size());
    record.fragment_sha256 = sha256(built.bytes);
    record.payload_sha256 = sha256(ByteView(built.bytes).subspan(built.payload_offset));
    position_ += built.bytes.size();
    journal.append(record);
  }

 private:
  bool ends(std::int64_t from) const {
    const bool picture = media_.parameters.codec != Codec::kAac;
    return picture ? media_.samples[next_].sync : at_ - from >= media_.parameters.timescale;
  }

  std::string name_;
  std::uint16_t number_;
  test::MediaTrack media_;
  std::unique_ptr<File> file_;
  std::uint64_t position_ = 0;
  std::uint32_t sequence_ = 0;
  std::int64_t at_ = 0;   // ticks
  std::size_t next_ = 0;  // of the media's samples
};

LessonInfo info_of(const KeyCertificate& certificate, const Clock& clock) {
  LessonInfo info;
  info.lesson_id = new_uuid();
  info.boot_id = boot_id();
  info.start_wall = clock.wall();
  info.clock = {true, 3};
  info.sources = {{"room", "file", true}};
  info.recording_certificate = certificate.envelope.to_json();
  info.software = "shilu-bench-lesson";
  return info;
}

void write_lesson(const path& directory, const path& media, std::int64_t seconds) {
  const auto key = test::certified(directory.parent_path() / "keys", KeyRole::kRecording);
  ManualClock clock;
  clock.set_quality({true, 3});
  const auto info = info_of(key.certificate, clock);
  auto journal = must(JournalWriter::create(posix_file_system(), directory, info.lesson_id, info.to_json()));
  Track video(media, MediaKind::kVideo, 0, directory), audio(media, MediaKind::kAudio, 1, directory);
  journal.append(EventRecord{{0}, StartEvent{to_rfc3339(clock.wall())}});
  video.begin(journal);
  audio.begin(journal);
  std::int64_t due = kCheckpointEvery;
  while (std::min(video.end_ns(), audio.end_ns()) < seconds * kSecond) {
    Track& behind = video.end_ns() <= audio.end_ns() ? video : audio;
    behind.write_fragment(journal);
    if (behind.end_ns() < due) continue;
    must(journal.sync());
    must(journal.checkpoint(key.key, {due}, clock, "time"));
    due += kCheckpointEvery;
  }
  journal.append(EventRecord{{seconds * kSecond}, StopEvent{seconds * 1000, "user"}});
  must(journal.sync());
  must(journal.checkpoint(key.key, {seconds * kSecond}, clock, "stop"));
}

}  // namespace

int main(int count, char** words) {
  if (count != 6 || std::string_view(words[2]) != "--media" || std::string_view(words[4]) != "--seconds") {
    fmt::print(stderr, "usage: shilu-bench-lesson DIRECTORY --media FILE --seconds N\n");
    return 2;
  }
  try {
    write_lesson(words[1], words[3], std::stoll(words[5]));
  } catch (const std::exception& error) {
    fmt::print(stderr, "shilu-bench-lesson: {}\n", error.what());
    return 1;
  }
  return 0;
}
