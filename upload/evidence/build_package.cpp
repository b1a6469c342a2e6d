#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "firmware/base/ids.h"
#include "upload/evidence/bag.h"
#include "upload/evidence/clip_check.h"
#include "upload/evidence/file_names.h"
#include "upload/evidence/hash_pass.h"
#include "upload/evidence/package.h"
#include "upload/evidence/package_plan.h"
#include "upload/evidence/seal.h"
#include "upload/evidence/temporary_output.h"

namespace shilu::evidence {
namespace {

constexpr std::size_t kCopyBlock = 1u << 20;

bool is_payload(std::string_view name) {
  return name.starts_with("data/");
}

// The track files of a movie, opened as they are needed.
class FragmentReader {
 public:
  explicit FragmentReader(const std::vector<std::filesystem::path>& files) : files_(files) {}
  Result<File*> file(std::uint32_t index) {
    auto& slot = open_[index];
    if (!slot) {
      SHILU_TRY(slot, posix_file_system().open(files_[index], OpenMode::kRead));
    }
    return slot.get();
  }

 private:
  const std::vector<std::filesystem::path>& files_;
  std::map<std::uint32_t, std::unique_ptr<File>> open_;
};

// Everything in front of data/ and proof/, by name.
using HeadTexts = std::map<std::string_view, std::string>;

// Writes one package. The digests become known while the media are copied; sizes never change, so the head is
// laid out with zeros for digests and written last.
class PackageWriter {
 public:
  PackageWriter(PackagePlan plan, const CertifiedKey& seal_key, const Clock& clock, File& file)
      : plan_(std::move(plan)),
        seal_key_(seal_key),
        file_(file),
        sealed_at_(clock.wall()),
        quality_(clock.quality()) {}

  Result<BuiltPackage> run() {
    SHILU_CHECK(lay_out());
    SHILU_TRY(auto writer, ZipWriter::create(file_, entries_, name_.size() + 1));
    SHILU_CHECK(file_.reserve(0, writer.size()));
    for (std::size_t i = 0; i < plan_.clips.size(); ++i) SHILU_CHECK(write_clip(writer, i));
    for (std::size_t i = 0; i < plan_.documents.size(); ++i)
      SHILU_CHECK(copy_file(writer, plan_.documents[i], plan_.evidence.documents[i].file));
    for (std::size_t i = 0; i < plan_.derived.size(); ++i) SHILU_CHECK(write_derivative(writer, i));
    SHILU_CHECK(write_text(writer, kAnnotationsFile, annotations()));
    SHILU_CHECK(write_text(writer, kLessonFile, plan_.lesson_json));
    SHILU_CHECK(write_text(writer, kEvidenceFile, plan_.evidence.to_json()));
    SHILU_CHECK(write_head(writer));
    SHILU_CHECK(writer.finish(name_ + "/"));
    return digest(writer.size());
  }

 private:
  // --- sizes

  Status lay_out() {
    for (std::size_t i = 0; i < plan_.clips.size(); ++i) lay_out_clip(i);
    for (const ClaimedDocument& document : plan_.evidence.documents)
      add(document.file.file, document.file.size_bytes);
    for (const ClaimedDerivative& one : plan_.evidence.derived) add(one.file.file, one.file.size_bytes);
    add(std::string(kAnnotationsFile), annotations().size());
    add(std::string(kLessonFile), plan_.lesson_json.size());
    add(std::string(kEvidenceFile), plan_.evidence.to_json().size());
    std::sort(entries_.begin(), entries_.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    SHILU_TRY(const HeadTexts head, make_head());
    std::vector<PlannedEntry> front;
    for (const std::string_view name : kHeadFiles) {
      if (const auto text = head.find(name); text != head.end())
        front.push_back({std::string(name), text->second.size()});
    }
    entries_.insert(entries_.begin(), front.begin(), front.end());
    for (std::size_t i = 0; i < entries_.size(); ++i) place_[entries_[i].name] = i;
    return {};
  }

  void lay_out_clip(std::size_t i) {
    const PlannedClip& clip = plan_.clips[i];
    for (const ClaimedSource& source : plan_.evidence.clips[i].sources) {
      for (const ClaimedPart& part : source.parts) add(part.file.file, part.file.size_bytes);
    }
    add(marks_file(i + 1), clip.marks.size());
    add(proof_file(i + 1), clip.proof.proof.to_json().size());
    add(records_file(i + 1), clip.proof.records.size());
  }

  void add(const std::string& name, std::uint64_t size) {
    entries_.push_back({name, size});
    digests_[name] = {};
  }

  std::string annotations() const { return annotations_text(plan_.evidence, plan_.notes); }

  // --- data and proofs

  Status write_text(ZipWriter& writer, std::string_view name, std::string_view text) {
    SHILU_TRY(const Digest digest, writer.write(place_.at(std::string(name)), as_bytes(text)));
    digests_[std::string(name)] = digest;
    return {};
  }

  Status write_clip(ZipWriter& writer, std::size_t i) {
    const PlannedClip& clip = plan_.clips[i];
    ClaimedClip& claim = plan_.evidence.clips[i];
    for (std::size_t s = 0; s < clip.sources.size(); ++s) {
      for (std::size_t p = 0; p < clip.sources[s].size(); ++p) {
        ClaimedFile& file = claim.sources[s].parts[p].file;
        SHILU_TRY(file.sha256, copy_movie(writer, file.file, clip.sources[s][p]));
      }
      SHILU_CHECK(prove(writer, clip, claim, s));
    }
    SHILU_CHECK(write_text(writer, marks_file(i + 1), clip.marks));
    SHILU_CHECK(write_text(writer, proof_file(i + 1), clip.proof.proof.to_json()));
    return write_text(writer, records_file(i + 1), as_text(clip.proof.records));
  }

  Result<Digest> copy_movie(ZipWriter& writer, const std::string& name, const PlannedPart& part) {
    const std::size_t entry = place_.at(name);
    const auto& movie = part.movie.movie;
    SHILU_CHECK(writer.append(entry, movie.header));
    FragmentReader reader(part.movie.files);
    auto expected = part.fragments.begin();
    for (const bmff::Extent& extent : movie.extents) {
      if (extent.source == bmff::kFillSource) {
        SHILU_CHECK(writer.append(entry, ByteView(movie.fill).subspan(extent.offset, extent.size)));
        continue;
      }
      SHILU_TRY(File * file, reader.file(extent.source));
      SHILU_TRY(const Digest found, copy_piece(writer, entry, *file, extent.offset, extent.size));
      if (found != *expected++) {
        return fail(
            ErrorKind::kCorrupted,
            fmt::format(
                "{} is damaged at byte {}: it is not what the journal recorded, so no package can be made "
                "of it",
                part.movie.files[extent.source].string(), extent.offset));
      }
    }
    SHILU_TRY(const Digest digest, writer.close(entry));
    digests_[name] = digest;
    return digest;
  }

  // -> SHA-256 of the piece.
  static Result<Digest> copy_piece(ZipWriter& writer, std::size_t entry, File& file, std::uint64_t offset,
                                   std::uint64_t size) {
    Sha256 sha;
    for (std::uint64_t done = 0; done < size;) {
      SHILU_TRY(const Bytes block,
                file.read_at(offset + done, std::min<std::uint64_t>(kCopyBlock, size - done)));
      if (block.empty()) break;  // shorter than the journal says: the digest will tell
      sha.update(block);
      SHILU_CHECK(writer.append(entry, block));
      done += block.size();
    }
    return sha.finish();
  }

  // What our own verifier would refute must not be sealed.
  Status prove(const ZipWriter& writer, const PlannedClip& clip, const ClaimedClip& claim, std::size_t s) {
    const ClaimedSource& source = claim.sources[s];
    std::vector<ClipMedia> media;
    for (std::size_t p = 0; p < source.parts.size(); ++p)
      media.push_back(written(writer, source.parts[p].file.file, clip.sources[s][p]));
    std::vector<ClipPart> parts;
    for (std::size_t p = 0; p < media.size(); ++p) parts.push_back({source.parts[p].range, &media[p]});
    const auto gaps = check_clip(clip.proof.proven, source.name, parts);
    if (!gaps) return fail(gaps.error().within(fmt::format("the clip of {} cannot be proven", source.name)));
    return {};
  }

  // A part as a verifier meets it.
  ClipMedia written(const ZipWriter& writer, const std::string& name, const PlannedPart& planned) {
    const std::uint64_t start = writer.data_offset(place_.at(name));
    ClipMedia media{[this, start](std::uint64_t offset, std::size_t count) {
                      return file_.read_at(start + offset, count);
                    },
                    planned.movie.movie.header.size(),
                    {}};
    std::uint64_t offset = media.header_size;
    auto digest = planned.fragments.begin();
    for (const bmff::Extent& extent : planned.movie.movie.extents) {
      if (extent.source != bmff::kFillSource) media.fragments.push_back({offset, extent.size, *digest++});
      offset += extent.size;
    }
    return media;
  }

  Status write_derivative(ZipWriter& writer, std::size_t i) {
    ClaimedDerivative& one = plan_.evidence.derived[i];
    one.from_sha256 = digests_.at(one.from_file);
    return copy_file(writer, plan_.derived[i], one.file);
  }

  Status copy_file(ZipWriter& writer, const std::filesystem::path& from, ClaimedFile& claim) {
    SHILU_TRY(const auto file, posix_file_system().open(from, OpenMode::kRead));
    SHILU_TRY(const std::uint64_t size, file->size());
    if (size != claim.size_bytes) {
      return fail(ErrorKind::kFailedPrecondition,
                  fmt::format("{} changed while it was being packed", from.string()));
    }
    const std::size_t entry = place_.at(claim.file);
    SHILU_TRY(claim.sha256, copy_piece(writer, entry, *file, 0, size));
    SHILU_CHECK(writer.close(entry).map([](const Digest&) {}));
    digests_[claim.file] = claim.sha256;
    return {};
  }

  // --- head

  Manifest payload_manifest() const {
    Manifest manifest;
    for (const auto& [name, digest] : digests_) {
      if (is_payload(name)) manifest[name] = digest;
    }
    return manifest;
  }

  BagInfo bag_info() const {
    BagInfo info{plan_.evidence.lesson_id, plan_.evidence.software, 0, 0};
    for (const PlannedEntry& entry : entries_) {
      if (!is_payload(entry.name)) continue;
      info.payload_bytes += entry.size;
      ++info.payload_files;
    }
    return info;
  }

  // From the digests that are known so far.
  Result<HeadTexts> make_head() {
    HeadTexts head;
    head[kBagitFile] = kBagitTxt;
    head[kBagInfoFile] = bag_info_text(bag_info());
    head[kManifestFile] = manifest_text(payload_manifest());
    head[kSealCertificateFile] = seal_key_.certificate.envelope.to_json();
    Manifest tags;
    for (const auto& [name, digest] : digests_) {
      if (!is_payload(name)) tags[name] = digest;
    }
    for (const auto& [name, text] : head) tags[std::string(name)] = sha256(text);
    head[kTagManifestFile] = manifest_text(tags);
    name_ = bag_name(head[kManifestFile]);
    SHILU_TRY(head[kSealFile], sign_seal(make_seal(head[kTagManifestFile]), seal_key_.key));
    if (plan_.identity_box) head[kIdentityFile] = std::string(as_text(*plan_.identity_box));
    return head;
  }

  Seal make_seal(std::string_view tag_manifest) const {
    Seal seal{name_,
              sha256(tag_manifest),
              {},
              seal_key_.certificate.device_id,
              seal_key_.certificate.key_level,
              to_rfc3339(sealed_at_),
              quality_.synchronised,
              quality_.error_ms};
    if (plan_.identity_box)
      seal.withholdable.push_back({std::string(kIdentityFile), sha256(*plan_.identity_box)});
    return seal;
  }

  Status write_head(ZipWriter& writer) {
    SHILU_TRY(const HeadTexts head, make_head());
    for (const auto& [name, text] : head) {
      SHILU_CHECK(writer.write(place_.at(std::string(name)), as_bytes(text)).map([](const Digest&) {}));
    }
    return {};
  }

  // What is on disk now, read back.
  Result<BuiltPackage> digest(std::uint64_t size) {
    std::vector<Piece> blocks;
    for (std::uint64_t at = 0; at < size; at += kBlockSize)
      blocks.push_back({at, std::min(kBlockSize, size - at)});
    SHILU_TRY(HashedFile hashed, hash_file(file_, {}, blocks));
    if (hashed.size != size)
      return fail(ErrorKind::kInternal, "the package has not the size that was planned");
    return BuiltPackage{{}, hashed.sha256, size, std::move(hashed.fragments), name_};
  }

  PackagePlan plan_;
  const CertifiedKey& seal_key_;
  File& file_;
  WallTime sealed_at_;
  ClockQuality quality_;
  std::string name_;
  std::vector<PlannedEntry> entries_;
  std::map<std::string, std::size_t> place_;  // name -> place in entries_
  std::map<std::string, Digest> digests_;     // of data/ and proof/; zero until written
};

}  // namespace

Result<BuiltPackage> build_package(const PackageRequest& request, const CertifiedKey& seal_key,
                                   const Clock& clock, const std::filesystem::path& out) {
  if (seal_key.certificate.role != KeyRole::kSeal)
    return fail(ErrorKind::kInvalidArgument, "a package is sealed by a seal key");
  SHILU_TRY(PackagePlan plan, plan_package(request, seal_key.certificate));
  SHILU_TRY(TemporaryOutput output, TemporaryOutput::create(out));
  SHILU_TRY(BuiltPackage built, PackageWriter(std::move(plan), seal_key, clock, output.file()).run());
  SHILU_CHECK(output.keep());
  built.file = out;
  return built;
}

}  // namespace shilu::evidence
