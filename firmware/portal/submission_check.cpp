#include "firmware/portal/submission_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "firmware/base/json_io.h"

namespace shilu::portal {
namespace {

using config::EvidencePiece;

bool is_video(const EvidencePiece& piece) {
  return piece.kind == "video";
}

// A rule that no source confirms must not stop anybody.
std::string severity(const EvidencePiece& piece) {
  return piece.status == "confirmed" ? "missing" : "warning";
}

CheckItem check_video(const EvidencePiece& piece, const store::Clip& clip) {
  const double minutes = static_cast<double>(clip.to_ms - clip.from_ms) / 60'000;
  if (piece.max_minutes && minutes > *piece.max_minutes) {
    return {
        piece.title, severity(piece), "clip-too-long",
        fmt::format("The clip lasts {:.1f} minutes; at most {:g} are allowed.", minutes, *piece.max_minutes)};
  }
  return {piece.title, "done", "clip-fits", fmt::format("A clip of {:.1f} minutes.", minutes)};
}

// A document without a clip serves every clip of the lesson.
CheckItem check_document(const EvidencePiece& piece, const store::Clip& clip,
                         const std::vector<store::Document>& documents) {
  const auto found = std::find_if(documents.begin(), documents.end(), [&](const store::Document& one) {
    return one.title == piece.title && one.clip_id.value_or(clip.id) == clip.id;
  });
  if (found == documents.end()) {
    return {piece.title, severity(piece), "document-missing",
            fmt::format("\"{}\" has not been added yet.", piece.title)};
  }
  return {piece.title, "done", "document-there", found->media_type};
}

void check_gaps(const journal::LessonFolder& folder, const store::Clip& clip, std::vector<CheckItem>& items) {
  for (const journal::GapEvent& gap : folder.holes()) {
    const auto name = parse_track_name(gap.track);
    const bool used =
        name && std::find(clip.sources.begin(), clip.sources.end(), name->source) != clip.sources.end();
    if (!used || gap.to.ms() <= clip.from_ms || gap.from.ms() >= clip.to_ms) continue;
    items.push_back(
        {"", "warning", "gap-inside",
         fmt::format("{} has a gap of {:.1f} s at {:.1f} s; assessors will see it.", gap.track,
                     static_cast<double>((gap.to - gap.from).count()) / 1e9, gap.from.seconds())});
  }
}

void check_signed(const journal::LessonFolder& folder, std::vector<CheckItem>& items) {
  const auto& checkpoints = folder.checkpoints();
  const bool all =
      !checkpoints.empty() && checkpoints.back().checkpoint.tree_size == folder.records().size() + 1;
  if (all) return;
  items.push_back({"", folder.finished() ? "warning" : "missing", "not-signed-yet",
                   "The recording is still running or its end is not signed yet."});
}

}  // namespace

bool SubmissionCheck::can_submit() const {
  return std::none_of(items.begin(), items.end(),
                      [](const CheckItem& item) { return item.status == "missing"; });
}

Json SubmissionCheck::to_json() const {
  Json list = Json::array();
  for (const CheckItem& item : items) {
    list.push_back({{"piece", item.piece},
                    {"status", item.status},
                    {"text_key", item.text_key},
                    {"detail", item.detail}});
  }
  return {{"items", std::move(list)}, {"can_submit", can_submit()}};
}

Result<SubmissionCheck> check_submission(const Context& context, const store::Clip& clip) {
  SHILU_TRY(const config::AbilityPoint* point, context.catalogue.require(clip.point));
  SHILU_TRY(const auto documents, context.store.documents_of(clip.lesson_id));
  SubmissionCheck check;
  for (const EvidencePiece& piece : point->evidence) {
    check.items.push_back(is_video(piece) ? check_video(piece, clip)
                                          : check_document(piece, clip, documents));
  }
  SHILU_TRY(const bool looked,
            context.lessons.with<bool>(clip.lesson_id, [&](journal::LessonFolder& folder) -> Result<bool> {
              check_gaps(folder, clip, check.items);
              check_signed(folder, check.items);
              return true;
            }));
  (void)looked;
  return check;
}

}  // namespace shilu::portal
