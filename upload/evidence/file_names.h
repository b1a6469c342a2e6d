#pragma once
// The names inside a package (docs/ref/package.md), without the bag's name in front.

#include <cstddef>
#include <string>
#include <string_view>

namespace shilu::evidence {

inline constexpr std::string_view kBagitFile = "bagit.txt";
inline constexpr std::string_view kBagInfoFile = "bag-info.txt";
inline constexpr std::string_view kManifestFile = "manifest-sha256.txt";
inline constexpr std::string_view kTagManifestFile = "tagmanifest-sha256.txt";
inline constexpr std::string_view kSealFile = "seal.json";
inline constexpr std::string_view kSealCertificateFile = "seal-certificate.json";
inline constexpr std::string_view kIdentityFile = "identity.box";
inline constexpr std::string_view kEvidenceFile = "data/evidence.json";
inline constexpr std::string_view kAnnotationsFile = "data/annotations.jsonld";
inline constexpr std::string_view kLessonFile = "proof/lesson.json";

// What stands in front, in this order; everything behind is sorted.
inline constexpr std::string_view kHeadFiles[] = {kBagitFile,       kBagInfoFile, kManifestFile,
                                                  kTagManifestFile, kSealFile,    kSealCertificateFile,
                                                  kIdentityFile};

// "data/clips/clip-1/room.mp4"; of later parts "data/clips/clip-1/room.2.mp4".
std::string clip_file(std::size_t index, std::string_view source, std::size_t part = 1);
std::string marks_file(std::size_t index);    // "data/marks.vtt", "data/marks-2.vtt"
std::string proof_file(std::size_t index);    // "proof/clip-1.json"
std::string records_file(std::size_t index);  // "proof/clip-1.records"
std::string document_file(std::size_t index, std::string_view extension);  // "data/documents/document-1.pdf"
std::string derivative_file(std::size_t index, std::string_view extension);  // "data/derived/derived-1.mp4"

}  // namespace shilu::evidence
