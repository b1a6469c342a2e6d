#include "upload/evidence/package_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "firmware/base/sealed_box.h"
#include "upload/evidence/file_names.h"
#include "upload/evidence/web_vtt.h"

namespace shilu::evidence {
namespace {

using journal::FragmentRecord;
using journal::LessonFolder;

template <typename... Args>
tl::unexpected<Error> invalid(fmt::format_string<Args...> format, Args&&... args) {
  return fail(ErrorKind::kInvalidArgument, fmt::format(format, std::forward<Args>(args)...));
}

class Planner {
 public:
  Planner(const PackageRequest& request, const LessonFolder& lesson)
      : request_(request), lesson_(lesson), proofs_(lesson) {}

  Result<PackagePlan> run() {
    plan_.lesson_json = lesson_.lesson_json();
    SHILU_CHECK(check_teacher());
    describe();
    for (const ClipRequest& clip : request_.clips) SHILU_CHECK(add_clip(clip));
    for (const DocumentRequest& document : request_.documents) SHILU_CHECK(add_document(document));
    for (const DerivativeRequest& derivative : request_.derived) SHILU_CHECK(add_derivative(derivative));
    SHILU_CHECK(check_notes(plan_.evidence, plan_.notes));
    const bool signed_in = plan_.clips.front().proof.proof.sign_in.has_value();
    plan_.evidence.binding = signed_in ? kSignedIn : kAsserted;
    SHILU_CHECK(seal_identity());
    return std::move(plan_);
  }

 private:
  Status check_teacher() const {
    if (request_.point == nullptr) return invalid("no ability point was chosen");
    if (request_.clips.empty()) return invalid("a package needs at least one clip");
    if (request_.teacher.teacher_id.empty()) return invalid("no teacher was named");
    if (request_.teacher.salt.size() != kSaltSize)
      return invalid("the teacher's salt is not of {} bytes", kSaltSize);
    return {};
  }

  void describe() {
    Evidence& evidence = plan_.evidence;
    evidence.software = request_.software;
    evidence.programme = request_.programme;
    evidence.catalogue = request_.catalogue;
    evidence.point_code = request_.point->code;
    evidence.point_name = request_.point->name;
    evidence.pseudonym = pseudonym_of(subject_hash(request_.teacher));
    evidence.lesson_id = lesson_.info().lesson_id;
    evidence.start_utc = to_rfc3339(lesson_.info().start_wall);
    evidence.duration_ms = lesson_.duration().count() / 1'000'000;
    for (const auto& [name, value] : request_.fields) {
      if (!is_identity_field(name)) evidence.fields[name] = value;
    }
  }

  Status check_range(TimeRange range) const {
    const double from = range.from.seconds(), to = range.to.seconds();
    if (range.empty()) return invalid("a clip from {:.3f} s to {:.3f} s is empty", from, to);
    if (range.from.ns % 1'000'000 != 0 || range.to.ns % 1'000'000 != 0)
      return invalid("the borders of a clip are whole milliseconds");
    if (range.from.ns < 0 || range.to.ns > lesson_.duration().count()) {
      return invalid("the clip from {:.3f} s to {:.3f} s reaches outside the lesson, which has {:.3f} s",
                     from, to, static_cast<double>(lesson_.duration().count()) / 1e9);
    }
    return {};
  }

  Status check_sources(const std::vector<std::string>& sources) const {
    if (sources.empty()) return invalid("a clip needs at least one source");
    if (std::set<std::string>(sources.begin(), sources.end()).size() != sources.size())
      return invalid("a clip names a source twice");
    std::vector<std::string> known;
    for (const SourceInfo& source : lesson_.info().sources) known.push_back(source.name);
    for (const std::string& source : sources) {
      if (std::find(known.begin(), known.end(), source) == known.end())
        return invalid("the lesson has no source \"{}\"; it has {}", source, fmt::join(known, ", "));
    }
    return {};
  }

  Status add_clip(const ClipRequest& request) {
    SHILU_CHECK(check_range(request.range));
    SHILU_CHECK(check_sources(request.sources));
    const std::size_t index = plan_.clips.size() + 1;
    ClaimedClip claim{request.range, request.piece, {}};
    std::vector<PlannedSource> sources;
    std::vector<std::uint64_t> leaves;
    for (const std::string& name : request.sources) {
      SHILU_TRY(PlannedSource source, plan_source(name, request.range));
      ClaimedSource claimed{name, {}};
      for (const PlannedPart& part : source) {
        leaves.insert(leaves.end(), part.movie.leaves.begin(), part.movie.leaves.end());
        const std::string file = clip_file(index, name, claimed.parts.size() + 1);
        claimed.parts.push_back({part.movie.range, {file, {}, part.movie.movie.size_bytes}});
      }
      claim.sources.push_back(std::move(claimed));
      sources.push_back(std::move(source));
    }
    for (const NoteRequest& note : request.notes) {
      const auto in_clip = [&](LessonTime time) { return time.ms() - request.range.from.ms(); };
      plan_.notes.push_back(
          {index, in_clip(note.at), note.to ? std::optional(in_clip(*note.to)) : std::nullopt, note.text});
    }
    SHILU_TRY(BuiltProof proof,
              proofs_.build(leaves, request.sources, request.range, subject_hash(request_.teacher)));
    const auto cues =
        cues_of(lesson_.marks(), request.range, std::chrono::milliseconds(plan_.evidence.duration_ms));
    plan_.clips.push_back({std::move(sources), std::move(proof), web_vtt_text(cues)});
    plan_.evidence.clips.push_back(std::move(claim));
    return {};
  }

  Result<PlannedSource> plan_source(const std::string& name, TimeRange range) const {
    auto movies = lesson_.movies(name, range);
    if (!movies) return fail(movies.error().within(name));
    PlannedSource source;
    for (LessonFolder::SourceMovie& movie : *movies) {
      PlannedPart part{std::move(movie), {}};
      SHILU_TRY(part.fragments, recorded_digests(part.movie));
      source.push_back(std::move(part));
    }
    return source;
  }

  Result<std::vector<Digest>> recorded_digests(const LessonFolder::SourceMovie& movie) const {
    std::vector<Digest> digests;
    const auto recorded = recorded_fragments(movie.leaves);
    for (const bmff::Extent& extent : movie.movie.extents) {
      if (extent.source == bmff::kFillSource) continue;
      const auto found = recorded.find({movie.files[extent.source].string(), extent.offset});
      if (found == recorded.end() || found->second->size != extent.size)
        return fail(ErrorKind::kInternal, "a piece of the clip is no fragment");
      digests.push_back(found->second->fragment_sha256);
    }
    return digests;
  }

  // The fragments among `leaves`, by file and offset.
  std::map<std::pair<std::string, std::uint64_t>, const FragmentRecord*> recorded_fragments(
      const std::vector<std::uint64_t>& leaves) const {
    std::map<std::pair<std::string, std::uint64_t>, const FragmentRecord*> fragments;
    for (const std::uint64_t leaf : leaves) {
      const auto* record = std::get_if<FragmentRecord>(&lesson_.records()[leaf - 1].record);
      if (record == nullptr) continue;
      for (const auto& track : lesson_.tracks()) {
        if (track.number != record->track) continue;
        for (const auto& epoch : track.epochs) {
          if (epoch.event.epoch == record->epoch) fragments[{epoch.file.string(), record->offset}] = record;
        }
      }
    }
    return fragments;
  }

  Status add_document(const DocumentRequest& request) {
    const std::string name = request.media_type.empty()
                                 ? request.file.filename().string()
                                 : fmt::format("{}{}", request.title, extension_of(request.media_type));
    auto type = document_type(request.file, name);
    if (!type) return fail(type.error());
    SHILU_TRY(const auto file, posix_file_system().open(request.file, OpenMode::kRead));
    SHILU_TRY(const std::uint64_t size, file->size());
    const std::string stored = document_file(plan_.documents.size() + 1, extension_of(*type));
    plan_.evidence.documents.push_back({request.title, std::move(*type), {stored, {}, size}});
    plan_.documents.push_back(request.file);
    return {};
  }

  // Its origin's digest becomes known when the clip is written.
  Status add_derivative(const DerivativeRequest& request) {
    const auto& clips = plan_.evidence.clips;
    if (request.clip == 0 || request.clip > clips.size())
      return invalid("{} is said to be made of clip {}, and there are {}", request.file.string(),
                     request.clip, clips.size());
    if (request.recipe.empty()) return invalid("{}: say what was done to it", request.file.string());
    const auto& sources = clips[request.clip - 1].sources;
    const auto source = std::find_if(sources.begin(), sources.end(), [&](const ClaimedSource& one) {
      return request.source.empty() || one.name == request.source;
    });
    if (source == sources.end() || request.part == 0 || request.part > source->parts.size())
      return invalid("clip {} has no part {} of \"{}\"", request.clip, request.part, request.source);
    SHILU_TRY(std::string type, derivative_type(request.file));
    SHILU_TRY(const auto file, posix_file_system().open(request.file, OpenMode::kRead));
    SHILU_TRY(const std::uint64_t size, file->size());
    const std::string stored = derivative_file(plan_.evidence.derived.size() + 1, extension_of(type));
    plan_.evidence.derived.push_back(
        {std::move(type), {stored, {}, size}, source->parts[request.part - 1].file.file, {}, request.recipe});
    plan_.derived.push_back(request.file);
    return {};
  }

  Status seal_identity() {
    if (!request_.identity_key) return {};
    TeacherIdentity teacher = request_.teacher;
    for (const auto& [name, value] : request_.fields) {
      if (is_identity_field(name)) teacher.fields[name] = value;
    }
    SHILU_TRY(plan_.identity_box, seal_box(as_bytes(identity_json(teacher)), *request_.identity_key));
    return {};
  }

  const PackageRequest& request_;
  const LessonFolder& lesson_;
  ProofBuilder proofs_;
  PackagePlan plan_;
};

// A stranger can only tell that recording and seal belong together if one device answers for both.
Status check_device(const LessonFolder& lesson, const KeyCertificate& seal_certificate) {
  auto recording =
      DsseEnvelope::from_json(lesson.info().recording_certificate).and_then(KeyCertificate::from_envelope);
  if (!recording) return fail(ErrorKind::kCorrupted, recording.error().within("lesson.json").message);
  if (seal_certificate.is_of_device(recording->device_key)) return {};
  return fail(
      ErrorKind::kFailedPrecondition,
      fmt::format("device {} recorded this lesson, and these keys are of device {}; pack it with the keys of "
                  "the device that recorded it",
                  recording->device_id, seal_certificate.device_id));
}

}  // namespace

Result<PackagePlan> plan_package(const PackageRequest& request, const KeyCertificate& seal_certificate) {
  SHILU_TRY(const LessonFolder lesson, LessonFolder::open(request.lesson));
  SHILU_CHECK(check_device(lesson, seal_certificate));
  return Planner(request, lesson).run();
}

}  // namespace shilu::evidence
