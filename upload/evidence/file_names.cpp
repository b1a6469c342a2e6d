#include "upload/evidence/file_names.h"

#include <fmt/format.h>

namespace shilu::evidence {

std::string clip_file(std::size_t index, std::string_view source, std::size_t part) {
  return part == 1 ? fmt::format("data/clips/clip-{}/{}.mp4", index, source)
                   : fmt::format("data/clips/clip-{}/{}.{}.mp4", index, source, part);
}

std::string marks_file(std::size_t index) {
  return index == 1 ? "data/marks.vtt" : fmt::format("data/marks-{}.vtt", index);
}

std::string proof_file(std::size_t index) {
  return fmt::format("proof/clip-{}.json", index);
}

std::string records_file(std::size_t index) {
  return fmt::format("proof/clip-{}.records", index);
}

std::string document_file(std::size_t index, std::string_view extension) {
  return fmt::format("data/documents/document-{}{}", index, extension);
}

std::string derivative_file(std::size_t index, std::string_view extension) {
  return fmt::format("data/derived/derived-{}{}", index, extension);
}

}  // namespace shilu::evidence
