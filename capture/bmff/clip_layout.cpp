#include <fmt/format.h>

#include <algorithm>

#include "capture/bmff/boxes.h"
#include "capture/bmff/fragment_shape.h"
#include "capture/bmff/movie.h"
#include "capture/bmff/silence.h"

namespace shilu::bmff {
namespace {

constexpr std::uint64_t kWideBoxHeader = 16;
constexpr std::uint64_t kLargestSilence = 64u << 20;  // a day of it takes less
constexpr std::uint64_t kSmallestMoof = kMoofBeforeEntries + entry_size(false);

struct BoxPlace {
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::uint64_t header_size = kBoxHeaderSize;
};

// Walks the boxes of a file without trusting a size beyond `end`.
class BoxWalker {
 public:
  BoxWalker(const ReadAt& read, std::uint64_t file_size) : read_(read), end_(file_size) {}

  std::uint64_t position() const { return position_; }
  bool at_end() const { return position_ == end_; }

  // The header of the box here, which must be of this type and wholly inside.
  Result<BoxPlace> look(std::string_view type) {
    const auto left = end_ - position_;
    SHILU_TRY(const auto bytes, read_(position_, static_cast<std::size_t>(std::min(left, kWideBoxHeader))));
    ByteReader reader(bytes);
    BoxPlace box{position_, reader.u32(), kBoxHeaderSize};
    const auto found = as_text(reader.bytes(4));
    if (!reader.ok() || found != type) return bad(fmt::format("no box \"{}\" stands here", type));
    if (box.size == 1) {
      box.size = reader.u64();
      box.header_size = kWideBoxHeader;
      if (!reader.ok()) return bad("the bytes end inside a box header");
    }
    if (box.size < box.header_size || box.size > left) {
      return bad(fmt::format("the box \"{}\" claims {} bytes where {} are left", type, box.size, left));
    }
    return box;
  }

  Result<Bytes> content(const BoxPlace& box) const {
    const auto size = static_cast<std::size_t>(box.size - box.header_size);
    SHILU_TRY(auto bytes, read_(box.offset + box.header_size, size));
    if (bytes.size() != size) return bad("the bytes end inside a box");
    return bytes;
  }

  void move_to(std::uint64_t position) { position_ = position; }

  tl::unexpected<Error> bad(std::string_view reason) const {
    return corrupted(fmt::format("at byte {} of the clip: {}", position_, reason));
  }

 private:
  const ReadAt& read_;
  std::uint64_t end_;
  std::uint64_t position_ = 0;
};

Status skip_plain(BoxWalker& walker, std::string_view type) {
  SHILU_TRY(const auto box, walker.look(type));
  if (box.header_size != kBoxHeaderSize) return walker.bad("a small box has a large box's header");
  walker.move_to(box.offset + box.size);
  return {};
}

Result<ClipLayout::Part> take_fragment(BoxWalker& walker) {
  const auto start = walker.position();
  SHILU_CHECK(skip_plain(walker, "moof"));
  if (walker.position() - start < kSmallestMoof) {
    walker.move_to(start);
    return walker.bad("the moof is too small to be one");
  }
  SHILU_CHECK(skip_plain(walker, "mdat"));
  return ClipLayout::Part{start, walker.position() - start};
}

// Sound that nobody recorded: it must be exactly the silent frames, over and over.
Status take_silence(BoxWalker& walker) {
  SHILU_TRY(const auto box, walker.look("free"));
  if (box.header_size != kBoxHeaderSize || box.size > kLargestSilence)
    return walker.bad("the silence is too large");
  SHILU_TRY(const auto content, walker.content(box));
  if (!is_silence(content)) return walker.bad("what should be silence is something else");
  walker.move_to(box.offset + box.size);
  return {};
}

}  // namespace

Result<ClipLayout> parse_clip_layout(const ReadAt& read, std::uint64_t file_size) {
  BoxWalker walker(read, file_size);
  SHILU_CHECK(skip_plain(walker, "ftyp"));
  SHILU_CHECK(skip_plain(walker, "moov"));
  SHILU_TRY(const auto mdat, walker.look("mdat"));
  if (mdat.header_size != kWideBoxHeader) return walker.bad("the mdat has not its 64-bit size");
  if (mdat.offset + mdat.size != file_size) return walker.bad("the mdat does not end with the file");
  ClipLayout layout;
  layout.header_size = mdat.offset + mdat.header_size;
  walker.move_to(layout.header_size);
  while (!walker.at_end()) {
    if (walker.look("free")) {
      SHILU_CHECK(take_silence(walker));
      continue;
    }
    SHILU_TRY(const auto part, take_fragment(walker));
    layout.fragments.push_back(part);
  }
  if (layout.fragments.empty()) return walker.bad("the clip holds no fragment");
  return layout;
}

}  // namespace shilu::bmff
