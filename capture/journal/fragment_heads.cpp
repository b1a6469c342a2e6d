#include "capture/journal/fragment_heads.h"

#include <fmt/format.h>

#include <algorithm>

#include "capture/bmff/fragment_writer.h"

namespace shilu::journal {
namespace {

// Far more than any header or two seconds need: what a hostile journal can make us read at once.
constexpr std::uint64_t kMaxHeader = 1u << 20;
constexpr std::uint64_t kMaxHead = 16u << 20;

}  // namespace

EpochFile::EpochFile(EpochEvent event, std::filesystem::path where, std::unique_ptr<File> file,
                     std::uint64_t size)
    : event_(std::move(event)),
      kind_(kind_of(event_)),
      where_(std::move(where)),
      file_(std::move(file)),
      size_(size) {}

tl::unexpected<Error> EpochFile::bad(const std::string& message) const {
  return fail(ErrorKind::kCorrupted,
              fmt::format("{}/{}: {}", event_.name, where_.filename().string(), message));
}

Result<EpochFile> EpochFile::open(const TrackEpoch& epoch) {
  SHILU_TRY(auto file, posix_file_system().open(epoch.file, OpenMode::kRead));
  SHILU_TRY(const auto size, file->size());
  return EpochFile(epoch.event, epoch.file, std::move(file), size);
}

Result<CodecParameters> EpochFile::parameters() {
  if (event_.header_size > kMaxHeader) return bad("the journal claims a header of absurd size");
  if (event_.header_size > size_) return bad("the file ends inside its header");
  SHILU_TRY(const auto header, file_->read_at(0, event_.header_size));
  if (sha256(header) != event_.header_sha256) return bad("the header is not the one that the journal names");
  auto parameters = bmff::parse_track_header(header);
  if (!parameters) return bad(parameters.error().message);
  const bool is_video = parameters->codec != Codec::kAac;
  if (parameters->timescale != event_.timescale || is_video != (kind_ == MediaKind::kVideo)) {
    return bad("the header is of another kind of track than the journal says");
  }
  return parameters;
}

Result<bmff::FragmentIndex> EpochFile::head(const FragmentRecord& record) {
  const auto where = fmt::format("fragment {} at byte {}", record.sequence, record.offset);
  const auto wanted = bmff::fragment_head_size(kind_, record.samples);
  if (record.offset > size_ || record.size > size_ - record.offset ||
      wanted > std::min<std::uint64_t>(record.size, kMaxHead)) {
    return bad(where + " is not wholly in the file");
  }
  SHILU_TRY(const auto bytes, file_->read_at(record.offset, static_cast<std::size_t>(wanted)));
  auto index = bmff::parse_fragment(bytes, event_.timescale, record.size);
  if (!index) return bad(fmt::format("{}: {}", where, index.error().message));
  const bool agrees = index->sequence == record.sequence && index->decode_ticks == record.start_ticks &&
                      index->samples.size() == record.samples &&
                      index->duration_ticks() == record.duration_ticks &&
                      index->samples.front().sync == ((record.flags & kKey) != 0);
  if (!agrees) return bad(where + " says something else than its record");
  return index;
}

}  // namespace shilu::journal
