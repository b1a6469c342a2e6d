#include "tests/evidence/evidence_fixture.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>

#include "capture/bmff/fragment_writer.h"
#include "capture/journal/journal_writer.h"
#include "firmware/base/file_system.h"
#include "firmware/base/ids.h"
#include "firmware/lesson/lesson_info.h"
#include "tests/base/test_keys.h"
#include "upload/evidence/bag.h"
#include "upload/evidence/file_names.h"
#include "upload/evidence/package_reader.h"
#include "upload/evidence/seal.h"
#include "upload/evidence/zip_writer.h"

namespace shilu::test {
namespace {

using namespace evidence;
using namespace journal;
using std::filesystem::path;

constexpr std::int64_t kNsPerMs = 1'000'000;
constexpr const char* kLessonId = "01938b6e-7e5f-7cc3-8b12-0a5a3c9f2e11";
constexpr const char* kOtherLessonId = "01938b6e-7e5f-7cc3-8b12-0a5a3c9f2e99";

const char* id_of(const TinyRecipe& recipe) {
  return recipe.another ? kOtherLessonId : kLessonId;
}

CodecParameters tiny_parameters(MediaKind kind) {
  CodecParameters parameters;
  if (kind == MediaKind::kVideo) {
    parameters.configuration = must(from_hex("0142c00affe1000467428000010004680ce000"));
    parameters.width = 64;
    parameters.height = 48;
  } else {
    parameters.codec = Codec::kAac;
    parameters.configuration = must(from_hex("1588"));  // AAC-LC, 8 kHz, mono
    parameters.sample_rate = 8000;
    parameters.channels = 1;
    parameters.timescale = 8000;
  }
  return parameters;
}

// Writes one track; calls add(at_ns, action) for everything that happens.
class TinyTrack {
 public:
  TinyTrack(const TinyRecipe& recipe, path directory, std::string name, MediaKind kind, std::uint16_t number)
      : recipe_(recipe),
        name_(std::move(name)),
        kind_(kind),
        number_(number),
        directory_(directory / name_),
        noise_(recipe.another ? 2 : 1),
        parameters_(tiny_parameters(kind)) {
    must(posix_file_system().create_directories(directory_));
    file_ = must(posix_file_system().open(directory_ / "e000.mp4", OpenMode::kCreate));
  }

  template <typename Add>
  void script(JournalWriter& journal, Add&& add) {
    add(0, [&journal, this] { write_header(journal); });
    std::int64_t covered = 0;
    for (std::int64_t start = 0; start < ticks(recipe_.seconds * 1000); start += fragment_ticks()) {
      if (in_hole(start)) continue;
      if (start > covered) script_gap(journal, covered, start, add);
      if (changes_at(start)) add(ns(start), [&journal, this, start] { change(journal, start); });
      add(ns(start + fragment_ticks()), [&journal, this, start] { write_fragment(journal, start); });
      covered = start + fragment_ticks();
    }
  }

  // What a deletion of the recipe's range takes of this track.
  RedactedStretch deleted() const {
    RedactedStretch stretch{name_, 0, 0, {0}, {0}};
    bool any = false;
    for (const auto& [sequence, start] : written_) {
      const std::int64_t end = start + fragment_ticks();
      if (end <= ticks(recipe_.deleted_ms->first) || start >= ticks(recipe_.deleted_ms->second)) continue;
      if (!std::exchange(any, true)) stretch.first = sequence, stretch.from = {ns(start)};
      stretch.last = sequence, stretch.to = {ns(end)};
    }
    return stretch;
  }

 private:
  std::int64_t ticks(std::int64_t ms) const { return ticks_from_ns(ms * kNsPerMs, parameters_.timescale); }
  std::int64_t ns(std::int64_t t) const { return ns_from_ticks(t, parameters_.timescale); }
  bool video() const { return kind_ == MediaKind::kVideo; }
  std::uint32_t sample_ticks() const { return video() ? 18'000 : 1024; }
  std::uint32_t samples() const { return video() ? 5 : 8; }
  std::int64_t fragment_ticks() const { return sample_ticks() * samples(); }

  bool in_hole(std::int64_t start) const {
    if (!recipe_.hole_ms) return false;
    return ticks(recipe_.hole_ms->first) < start + fragment_ticks() && start < ticks(recipe_.hole_ms->second);
  }

  bool changes_at(std::int64_t start) {
    if (!video() || !recipe_.change_ms || changed_ || start < ticks(*recipe_.change_ms)) return false;
    changed_ = true;
    return true;
  }

  void change(JournalWriter& journal, std::int64_t start) {
    parameters_.width = 128;
    parameters_.height = 96;
    file_ = must(posix_file_system().open(directory_ / "e001.mp4", OpenMode::kCreate));
    epoch_ = 1;
    write_header(journal, ns(start));
  }

  template <typename Add>
  void script_gap(JournalWriter& journal, std::int64_t from, std::int64_t to, Add&& add) {
    if (!recipe_.hole_declared) return;
    add(ns(to), [&journal, this, from, to] {
      journal.append(EventRecord{{ns(to)}, GapEvent{name_, {ns(from)}, {ns(to)}, "source-lost"}});
    });
  }

  void write_header(JournalWriter& journal, std::int64_t at_ns = 0) {
    const Bytes header = must(bmff::track_header(parameters_));
    must(file_->write_at(0, header));
    offset_ = header.size();
    EpochEvent epoch{number_, name_, epoch_, rfc6381(parameters_), parameters_.timescale};
    epoch.width = parameters_.width;
    epoch.height = parameters_.height;
    epoch.sample_rate = parameters_.sample_rate;
    epoch.channels = parameters_.channels;
    epoch.nominal_ticks = sample_ticks();
    epoch.header_size = static_cast<std::uint32_t>(header.size());
    epoch.header_sha256 = sha256(header);
    journal.append(EventRecord{{at_ns}, epoch});
  }

  void write_fragment(JournalWriter& journal, std::int64_t start) {
    std::vector<Bytes> data;
    std::vector<bmff::Sample> list;
    for (std::uint32_t i = 0; i < samples(); ++i) data.push_back(sample_data());
    for (std::uint32_t i = 0; i < samples(); ++i)
      list.push_back({data[i], start + i * sample_ticks(), sample_ticks(), 0, !video() || i == 0});
    const auto built = bmff::build_fragment(parameters_, sequence_, list);
    must(file_->write_at(offset_, built.bytes));
    FragmentRecord record;
    record.track = number_;
    record.epoch = epoch_;
    record.flags = kKey;
    written_.emplace_back(sequence_, start);
    record.sequence = sequence_++;
    record.size = static_cast<std::uint32_t>(built.bytes.size());
    record.offset = offset_;
    record.start_ticks = start;
    record.duration_ticks = static_cast<std::uint64_t>(fragment_ticks());
    record.samples = record.samples_expected = samples();
    record.fragment_sha256 = sha256(built.bytes);
    record.payload_sha256 = sha256(ByteView(built.bytes).subspan(built.payload_offset));
    offset_ += built.bytes.size();
    journal.append(record);
  }

  Bytes sample_data() {
    Bytes data;
    if (video()) put_u32(data, 20);
    for (int i = 0; i < 20; ++i) {
      noise_ = noise_ * 1'103'515'245 + 12'345 + number_;
      data.push_back(static_cast<std::uint8_t>(noise_ >> 16));
    }
    return data;
  }

  const TinyRecipe& recipe_;
  std::string name_;
  MediaKind kind_;
  std::uint16_t number_;
  std::uint16_t epoch_ = 0;
  bool changed_ = false;
  std::filesystem::path directory_;
  std::uint32_t noise_;
  CodecParameters parameters_;
  std::unique_ptr<File> file_;
  std::uint64_t offset_ = 0;
  std::uint32_t sequence_ = 0;
  std::vector<std::pair<std::uint32_t, std::int64_t>> written_;  // sequence, start in ticks
};

struct Happening {
  std::int64_t at_ns;
  std::function<void()> action;
};

LessonInfo tiny_info(const TinyRecipe& recipe, const CertifiedKey& key) {
  LessonInfo info;
  info.lesson_id = id_of(recipe);
  info.boot_id = "5f0f9f0e-8f64-4a6e-9a3e-2f6a9d0c4b11";
  info.start_monotonic = {1'000'000'000};
  info.start_wall = {1'780'000'000'000'000'000};
  info.clock = {true, 3};
  for (const std::string& source : recipe.sources) info.sources.push_back({source, "test", true});
  info.recording_certificate = key.certificate.envelope.to_json();
  info.platform_nonce = recipe.platform_nonce;
  info.software = "shilu 0.1.0";
  return info;
}

std::vector<Happening> events_of(const TinyRecipe& recipe, JournalWriter& journal) {
  std::vector<Happening> all;
  all.push_back({0, [&journal] {
                   journal.append(EventRecord{{0}, StartEvent{"2026-05-28T12:26:40.000Z"}});
                 }});
  if (recipe.signed_in) {
    all.push_back({0, [&journal, &recipe] {
                     journal.append(EventRecord{{0}, SignInEvent{subject_hash(*recipe.signed_in)}});
                   }});
  }
  for (const Mark& mark : recipe.marks) {
    all.push_back({mark.at.ns, [&journal, mark] { journal.append(EventRecord{mark.at, MarkEvent{mark}}); }});
  }
  return all;
}

}  // namespace

TeacherIdentity teacher_wang() {
  return {"T001", Bytes(kSaltSize, 7), {{"姓名", "王老师"}, {"学校", "实验中学"}}};
}

TinyLesson write_tiny_lesson(const path& directory, const path& keys, const TinyRecipe& recipe) {
  write_tiny_lesson(directory, test::certified(keys, KeyRole::kRecording), recipe);
  return {directory, keys};
}

void write_tiny_lesson(const path& directory, const CertifiedKey& key, const TinyRecipe& recipe) {
  auto journal = must(
      JournalWriter::create(posix_file_system(), directory, id_of(recipe), tiny_info(recipe, key).to_json()));
  ManualClock clock;
  if (recipe.at) clock.set_wall(*recipe.at);
  clock.set_quality({recipe.synchronised, 3});
  std::vector<Happening> happenings = events_of(recipe, journal);
  const auto add = [&](std::int64_t at, std::function<void()> action) {
    happenings.push_back({at, std::move(action)});
  };
  std::vector<std::unique_ptr<TinyTrack>> tracks;
  for (const std::string& source : recipe.sources) {
    for (const MediaKind kind : {MediaKind::kVideo, MediaKind::kAudio}) {
      tracks.push_back(std::make_unique<TinyTrack>(recipe, directory, track_name(source, kind), kind,
                                                   static_cast<std::uint16_t>(tracks.size())));
      tracks.back()->script(journal, add);
    }
  }
  std::stable_sort(happenings.begin(), happenings.end(),
                   [](const auto& a, const auto& b) { return a.at_ns < b.at_ns; });
  std::int64_t signed_until = 0;
  for (const Happening& one : happenings) {
    if (one.at_ns - signed_until >= recipe.checkpoint_ms * kNsPerMs) {
      must(journal.sync());
      must(journal.checkpoint(key.key, {one.at_ns}, clock, "time"));
      signed_until = one.at_ns;
    }
    one.action();
  }
  if (!recipe.stop) {
    must(journal.sync());
    return;
  }
  if (recipe.deleted_ms) {
    RedactionEvent deletion;
    deletion.from = LessonTime::from_ms(recipe.deleted_ms->first);
    deletion.to = LessonTime::from_ms(recipe.deleted_ms->second);
    for (const auto& track : tracks) deletion.stretches.push_back(track->deleted());
    journal.append(EventRecord{{recipe.seconds * 1000 * kNsPerMs}, deletion});
  }
  for (const std::string& id : recipe.undone)
    journal.append(EventRecord{{recipe.seconds * 1000 * kNsPerMs}, MarkUndoneEvent{id}});
  journal.append(EventRecord{{recipe.seconds * 1000 * kNsPerMs}, StopEvent{recipe.seconds * 1000, "user"}});
  must(journal.sync());
  must(journal.checkpoint(key.key, {recipe.seconds * 1000 * kNsPerMs}, clock, "stop"));
}

config::AbilityPoint a6() {
  config::AbilityPoint point;
  point.code = "A6";
  point.name = "技术支持的课堂讲授";
  return point;
}

PackageRequest request_of(const path& lesson) {
  static const config::AbilityPoint point = a6();
  PackageRequest request;
  request.lesson = lesson;
  request.programme = "cn-moe-2.0";
  request.catalogue = "cn-2.0";
  request.point = &point;
  request.clips = {{{LessonTime::from_ms(1000), LessonTime::from_ms(4000)}, {"room"}, "课堂实录片段", {}}};
  const path documents = path(SHILU_TEST_DATA) / "documents";
  request.documents = {{"教学设计", documents / "lesson-plan.pdf", "application/pdf"},
                       {"教学反思", documents / "reflection.pdf", "application/pdf"}};
  request.teacher = teacher_wang();
  request.fields = {{"学科", "数学"}, {"姓名", "王老师"}, {"教学主题", "勾股定理"}};
  request.software = "shilu 0.1.0";
  return request;
}

BuiltPackage build(const PackageRequest& request, const path& keys, const path& out) {
  return must(build_package(request, test::certified(keys, KeyRole::kSeal), ManualClock(), out));
}

std::string value_of(const VerifyReport& report, std::string_view fact, int clip) {
  for (const Fact& one : report.facts) {
    if (one.fact == fact && (clip == 0 || one.clip == clip)) return one.value;
  }
  return "";
}

std::string detail_of(const VerifyReport& report, std::string_view fact) {
  for (const Fact& one : report.facts) {
    if (one.fact == fact) return one.detail;
  }
  return "";
}

std::string told(const VerifyReport& report) {
  std::string text;
  for (const Fact& one : report.facts) text += fmt::format("{} {} ({}); ", one.fact, one.value, one.detail);
  return text;
}

VerifyReport verify_file(const path& file, const VerifyOptions& options) {
  return must(verify(file, options));
}

void Pieces::write(const path& out) const {
  std::vector<PlannedEntry> planned;
  for (const std::string_view name : kHeadFiles) {
    if (const auto file = files.find(std::string(name)); file != files.end())
      planned.push_back({file->first, file->second.size()});
  }
  const auto is_head = [](std::string_view name) {
    return std::count(std::begin(kHeadFiles), std::end(kHeadFiles), name) > 0;
  };
  for (const auto& [name, bytes] : files) {
    if (!is_head(name)) planned.push_back({name, bytes.size()});
  }
  std::filesystem::remove(out);
  const auto file = must(posix_file_system().open(out, OpenMode::kCreate));
  auto writer = must(ZipWriter::create(*file, planned, bag.size() + 1));
  for (std::size_t i = 0; i < planned.size(); ++i) must(writer.write(i, files.at(planned[i].name)));
  must(writer.finish(bag + "/"));
}

void Pieces::make_manifests() {
  const std::set<std::string_view> unlisted{kManifestFile, kTagManifestFile, kSealFile, kIdentityFile};
  Manifest payload, tags;
  for (const auto& [name, bytes] : files) {
    if (!unlisted.contains(name)) (name.starts_with("data/") ? payload : tags)[name] = sha256(bytes);
  }
  const std::string text = manifest_text(payload);
  files[std::string(kManifestFile)] = to_bytes(text);
  tags[std::string(kManifestFile)] = sha256(text);
  files[std::string(kTagManifestFile)] = to_bytes(manifest_text(tags));
  bag = bag_name(text);
}

void Pieces::seal(const CertifiedKey& key) {
  files[std::string(kSealCertificateFile)] = to_bytes(key.certificate.envelope.to_json());
  make_manifests();
  Seal seal{bag,
            sha256(files.at(std::string(kTagManifestFile))),
            {},
            key.certificate.device_id,
            key.certificate.key_level,
            "2026-05-28T21:00:00.000Z",
            true,
            3};
  if (const auto box = files.find(std::string(kIdentityFile)); box != files.end())
    seal.withholdable.push_back({box->first, sha256(box->second)});
  files[std::string(kSealFile)] = to_bytes(must(sign_seal(seal, key.key)));
}

Pieces take_apart(const path& package) {
  const auto reader = must(PackageReader::open(package));
  Pieces pieces;
  pieces.bag = reader.name();
  for (const auto& [name, entry] : reader.entries()) pieces.files[name] = must(reader.read(name));
  return pieces;
}

void write_bytes(const path& file, ByteView bytes) {
  must(write_file_atomic(file, bytes));
}
Bytes read_bytes(const path& file) {
  return must(read_file(file, 1u << 30));
}

}  // namespace shilu::test
