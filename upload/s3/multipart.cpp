#include "upload/s3/multipart.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "firmware/base/file_system.h"

namespace shilu::s3 {
namespace {

constexpr int kTriesPerPart = 3;  // while the store says that other bytes arrived

class Sender final : public PartCourse {
 public:
  Sender(S3Client& client, const ObjectToSend& what, const MultipartWatch& watch)
      : client_(client),
        what_(what),
        watch_(watch),
        part_size_(part_size_for(what.size_bytes)),
        parts_(static_cast<std::size_t>((what.size_bytes + part_size_ - 1) / part_size_)),
        md5s_(parts_.size()) {}

  Result<SentObject> run(std::string upload_id) {
    SHILU_TRY(const auto there, client_.head(what_.key));
    if (there && is_ours(*there)) return SentObject{*there, Integrity::kPartsOnArrival, true};
    SHILU_TRY(std::shared_ptr<File> file, posix_file_system().open(what_.file, OpenMode::kRead));
    SHILU_CHECK(take_up(std::move(upload_id)));
    SHILU_CHECK(send_parts(std::move(file)));
    SHILU_TRY(Object object, client_.complete(what_.key, upload_id_, parts_, what_.size_bytes));
    return judge(std::move(object));
  }

  std::optional<FilePart> next() override {
    if (trouble_) return std::nullopt;
    if (!again_.empty()) {
      const FilePart part = again_.back();
      again_.pop_back();
      return part;
    }
    if (next_ > parts_.size()) return std::nullopt;
    const std::uint64_t from = (next_ - 1) * part_size_;
    return FilePart{static_cast<int>(next_++), from, std::min(part_size_, what_.size_bytes - from)};
  }

  std::optional<http::ClientRequest> request(const FilePart& part, const PartDigests& digests) override {
    if (trouble_) return std::nullopt;
    md5s_[index_of(part)] = to_hex(ByteView(digests.md5));
    if (const auto known = known_.find(part.number); known != known_.end() && is_it(known->second, part)) {
      take(part, known->second.etag);
      return std::nullopt;
    }
    return client_.part_request(what_.key, upload_id_, part.number, digests);
  }

  bool on_answer(const FilePart& part, const PartDigests&, http::Client::Ended answer) override {
    if (!answer.response) {
      end_with(answer.response.error());
      return false;
    }
    auto etag = client_.part_etag(*answer.response);
    if (etag) {
      take(part, std::move(*etag));
      return true;
    }
    const bool curable = etag.error().kind == ErrorKind::kCorrupted || client_.follow_clock(*answer.response);
    if (curable && ++tries_[part.number] < kTriesPerPart) {
      again_.push_back(part);
    } else {
      end_with(etag.error());
    }
    return false;
  }

  bool on_acked(std::uint64_t under_way) override { return watch_.on_acked(held_ + under_way); }

 private:
  bool is_ours(const Object& object) const {
    return object.size_bytes == what_.size_bytes && object.sha256 == to_hex(what_.sha256);
  }

  // The parts of an earlier attempt that the store still has; or a new upload.
  Status take_up(std::string upload_id) {
    if (!upload_id.empty()) {
      auto known = client_.parts(what_.key, upload_id);
      if (!known && known.error().kind != ErrorKind::kNotFound) return fail(known.error());
      if (known) {
        for (Part& part : *known) known_[part.number] = std::move(part);
        upload_id_ = std::move(upload_id);
        return {};
      }
    }
    SHILU_TRY(upload_id_, client_.begin(what_.key, what_.sha256));
    return watch_.on_begun(upload_id_);
  }

  Status send_parts(std::shared_ptr<File> file) {
    SHILU_TRY(const auto end, PartSender(client_.http(), std::move(file), lanes_, watch_.line).run(*this));
    if (trouble_) return fail(*trouble_);
    if (end == PartSender::End::kCancelled) return fail(stopped());
    return {};
  }

  static std::size_t index_of(const FilePart& part) { return static_cast<std::size_t>(part.number - 1); }
  static Error stopped() { return {ErrorKind::kCancelled, "the upload was stopped"}; }

  bool is_it(const Part& known, const FilePart& part) const {
    return known.size_bytes == part.size && known.etag == md5s_[index_of(part)];
  }

  void take(const FilePart& part, std::string etag) {
    parts_[index_of(part)] = {part.number, part.size, std::move(etag)};
    held_ += part.size;
    if (!watch_.on_acked(held_)) end_with(stopped());
  }

  // The first failure is the one that is told.
  void end_with(Error error) {
    if (!trouble_) trouble_ = std::move(error);
  }

  Result<SentObject> judge(Object object) const {
    const std::string expected = multipart_etag(md5s_);
    if (object.etag == expected) return SentObject{std::move(object), Integrity::kEveryPart, false};
    // Of the usual form, and of other parts: something else lies there.
    const auto dash = object.etag.find('-');
    if (dash == 32 && object.etag.size() == expected.size())
      return fail(ErrorKind::kCorrupted, "the store holds another object than the one that was sent");
    return SentObject{std::move(object), Integrity::kPartsOnArrival, false};
  }

  S3Client& client_;
  const ObjectToSend& what_;
  const MultipartWatch& watch_;
  const std::uint64_t part_size_;
  Lanes lanes_;
  std::string upload_id_;
  std::map<int, Part> known_;
  std::size_t next_ = 1;         // the number of the part that was not looked at yet
  std::vector<FilePart> again_;  // arrived damaged
  std::map<int, int> tries_;
  std::vector<Part> parts_;
  std::vector<std::string> md5s_;
  std::uint64_t held_ = 0;  // bytes of the parts that the store has
  std::optional<Error> trouble_;
};

}  // namespace

Result<SentObject> send_object(S3Client& client, const ObjectToSend& what, const std::string& upload_id,
                               const MultipartWatch& watch) {
  return Sender(client, what, watch).run(upload_id);
}

}  // namespace shilu::s3
