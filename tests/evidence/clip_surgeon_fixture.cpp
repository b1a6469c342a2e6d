#include "tests/evidence/clip_surgeon_fixture.h"

#include "capture/bmff/fragment_writer.h"
#include "upload/evidence/clip_proof.h"

namespace shilu::test {
namespace {

evidence::ProvenRecords open_proof(const Pieces& pieces) {
  const auto proof = must(evidence::ClipProof::from_json(as_text(pieces.files.at("proof/clip-1.json"))));
  return must(evidence::ProvenRecords::open(proof, pieces.files.at("proof/clip-1.records"),
                                            as_text(pieces.files.at("proof/lesson.json"))));
}

}  // namespace

ClipSurgeon::ClipSurgeon(const Pieces& pieces, const std::string& file) : proven(open_proof(pieces)) {
  const Bytes& clip = pieces.files.at(file);
  const auto read = [&](std::uint64_t offset, std::size_t size) -> Result<Bytes> {
    const auto rest = ByteView(clip).subspan(std::min<std::size_t>(offset, clip.size()));
    const auto part = rest.first(std::min(size, rest.size()));
    return Bytes(part.begin(), part.end());
  };
  const auto layout = must(bmff::parse_clip_layout(read, clip.size()));
  header_ = must(read(0, layout.header_size));
  for (const auto& place : layout.fragments) {
    Fragment fragment{0, false, must(read(place.offset, place.size))};
    const Digest digest = sha256(fragment.bytes);
    for (const auto& [number, track] : proven.tracks()) {
      for (const auto& record : track.fragments) {
        if (record.fragment_sha256 != digest) continue;
        fragment.track = number;
        fragment.video = track.kind == MediaKind::kVideo;
      }
    }
    fragments.push_back(std::move(fragment));
  }
}

Bytes ClipSurgeon::behind_old_header() const {
  Bytes clip = header_;
  for (const Fragment& fragment : fragments) put_bytes(clip, fragment.bytes);
  Bytes size;
  put_u64(size, clip.size() - header_.size() + 16);
  std::copy(size.begin(), size.end(), clip.begin() + static_cast<std::ptrdiff_t>(header_.size() - 8));
  return clip;
}

Bytes ClipSurgeon::with_new_header(TimeRange range) const {
  std::map<std::uint16_t, bmff::MovieTrack> tracks;
  for (std::size_t i = 0; i < fragments.size(); ++i) {
    const Fragment& fragment = fragments[i];
    auto& track = tracks[fragment.track];
    const auto& epochs = proven.tracks().at(fragment.track).epochs;
    track.number = fragment.track;
    track.parameters = must(bmff::parse_track_header(*epochs.begin()->second.header));
    track.fragments.push_back({must(bmff::parse_fragment(fragment.bytes, track.parameters.timescale)),
                               static_cast<std::uint32_t>(i), 0});
  }
  std::vector<bmff::MovieTrack> list;
  for (auto& [number, track] : tracks) list.push_back(std::move(track));
  const auto movie = must(bmff::build_movie(list, range));
  Bytes clip = movie.header;
  for (const auto& extent : movie.extents) {
    if (extent.source == bmff::kFillSource) {
      put_bytes(clip, ByteView(movie.fill).subspan(extent.offset, extent.size));
    } else {
      put_bytes(clip, fragments[extent.source].bytes);
    }
  }
  return clip;
}

}  // namespace shilu::test
