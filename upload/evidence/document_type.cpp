// What a document really is, by its content.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "firmware/base/file_system.h"
#include "upload/evidence/package.h"

namespace shilu::evidence {
namespace {

struct Kind {
  std::string_view media_type;
  std::string_view name;  // for people
  std::array<std::string_view, 2> extensions;
};

constexpr std::string_view kMovie = "video/mp4";

constexpr std::array<Kind, 8> kKinds = {{
    {"application/pdf", "a PDF", {".pdf", ""}},
    {"image/png", "a PNG picture", {".png", ""}},
    {"image/jpeg", "a JPEG picture", {".jpg", ".jpeg"}},
    {"application/vnd.openxmlformats-officedocument.wordprocessingml.document",
     "a Word document",
     {".docx", ""}},
    {"application/vnd.openxmlformats-officedocument.presentationml.presentation",
     "a PowerPoint file",
     {".pptx", ""}},
    {"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "an Excel file", {".xlsx", ""}},
    {"text/plain", "a text file", {".txt", ".md"}},
    {kMovie, "an MP4 film", {".mp4", ".m4v"}},  // of derivatives only
}};

constexpr std::size_t kLook = 64u << 10;

struct Ends {
  Bytes head, tail;
};

Result<Ends> read_ends(const std::filesystem::path& path) {
  SHILU_TRY(const auto file, posix_file_system().open(path, OpenMode::kRead));
  SHILU_TRY(const std::uint64_t size, file->size());
  Ends ends;
  SHILU_TRY(ends.head, file->read_at(0, kLook));
  SHILU_TRY(ends.tail, file->read_at(size > kLook ? size - kLook : 0, kLook));
  return ends;
}

bool holds(ByteView bytes, std::string_view text) {
  return as_text(bytes).find(text) != std::string_view::npos;
}
bool begins(ByteView bytes, std::string_view text) {
  return as_text(bytes).starts_with(text);
}

// RFC 3629: no overlong forms, no surrogates; a sequence cut by the end of the look is fine. No control
// characters.
bool is_plain_text(ByteView bytes) {
  for (std::size_t i = 0; i < bytes.size();) {
    const std::uint8_t first = bytes[i];
    if (first < 0x20 && first != '\n' && first != '\r' && first != '\t' && first != '\f') return false;
    const std::size_t more = first < 0x80                    ? 0
                             : first >= 0xC2 && first < 0xE0 ? 1
                             : first >= 0xE0 && first < 0xF0 ? 2
                             : first >= 0xF0 && first < 0xF5 ? 3
                                                             : 9;
    if (more == 9) return false;
    if (i + more >= bytes.size()) return bytes.size() == kLook || more == 0;
    for (std::size_t k = 1; k <= more; ++k) {
      if ((bytes[i + k] & 0xC0) != 0x80) return false;
    }
    i += more + 1;
  }
  return !bytes.empty();
}

std::string_view office_type(const Ends& ends) {
  if (holds(ends.tail, "word/document.xml")) return kKinds[3].media_type;
  if (holds(ends.tail, "ppt/presentation.xml")) return kKinds[4].media_type;
  if (holds(ends.tail, "xl/workbook.xml")) return kKinds[5].media_type;
  return "";
}

// "" when it is none of ours.
std::string_view type_of(const Ends& ends) {
  if (begins(ends.head, "%PDF-1.") || begins(ends.head, "%PDF-2.")) {
    return holds(ends.tail, "%%EOF") ? kKinds[0].media_type : std::string_view();
  }
  if (begins(ends.head, "\x89PNG\r\n\x1a\n")) return kKinds[1].media_type;
  if (begins(ends.head, "\xff\xd8\xff")) return kKinds[2].media_type;
  if (begins(ends.head, "PK\x03\x04")) return office_type(ends);
  // ISO/IEC 14496-12, 4.3: the first box.
  if (ends.head.size() > 8 && begins(ByteView(ends.head).subspan(4), "ftyp")) return kMovie;
  return is_plain_text(ends.head) ? kKinds[6].media_type : std::string_view();
}

const Kind* kind_by_extension(std::string_view name) {
  std::string extension = std::filesystem::path(std::string(name)).extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto found = std::find_if(kKinds.begin(), kKinds.end(), [&](const Kind& kind) {
    return !extension.empty() && (kind.extensions[0] == extension || kind.extensions[1] == extension);
  });
  return found == kKinds.end() ? nullptr : &*found;
}

std::string_view name_of(std::string_view media_type) {
  const auto found = std::find_if(kKinds.begin(), kKinds.end(),
                                  [&](const Kind& kind) { return kind.media_type == media_type; });
  return found == kKinds.end() ? "something else or a damaged file" : found->name;
}

}  // namespace

std::string_view extension_of(std::string_view media_type) {
  const auto found = std::find_if(kKinds.begin(), kKinds.end(),
                                  [&](const Kind& kind) { return kind.media_type == media_type; });
  return found == kKinds.end() ? std::string_view() : found->extensions[0];
}

Result<std::string> derivative_type(const std::filesystem::path& file) {
  const Kind* claimed = kind_by_extension(file.filename().string());
  SHILU_TRY(const Ends ends, read_ends(file));
  const std::string_view found = type_of(ends);
  if (claimed != nullptr && found == claimed->media_type) return std::string(found);
  return fail(ErrorKind::kInvalidArgument,
              fmt::format("{} is {}, which is not what its name says or no package can take", file.string(),
                          name_of(found)));
}

Result<std::string> document_type(const std::filesystem::path& file, std::string_view name) {
  const Kind* claimed = kind_by_extension(name);
  if (claimed == nullptr || claimed->media_type == kMovie) {
    return fail(ErrorKind::kInvalidArgument, fmt::format("\"{}\" is of no kind that assessors can open; hand "
                                                         "in PDF, Word, PowerPoint, Excel, PNG, JPEG or text",
                                                         name));
  }
  SHILU_TRY(const Ends ends, read_ends(file));
  const std::string_view found = type_of(ends);
  if (found == claimed->media_type) return std::string(found);
  return fail(ErrorKind::kInvalidArgument,
              fmt::format("\"{}\" calls itself {}, but inside it is {}; save it again as {} and add that",
                          name, claimed->name, name_of(found), claimed->name));
}

}  // namespace shilu::evidence
