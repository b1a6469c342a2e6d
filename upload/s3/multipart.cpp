#include "upload/s3/multipart.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "firmware/base/file_system.h"
#include "firmware/base/md5.h"

namespace shilu::s3 {
namespace {

constexpr int kTriesPerPart = 3;  // while the store says that other bytes arrived

class Sender {
 public:
  Sender(S3Client& client, const ObjectToSend& what, const MultipartWatch& watch)
      : client_(client), what_(what), watch_(watch), part_size_(part_size_for(what.size_bytes)) {}

  Result<SentObject> run(std::string upload_id) {
    SHILU_TRY(const auto there, client_.head(what_.key));
    if (there && is_ours(*there)) return SentObject{*there, Integrity::kPartsOnArrival, true};
    SHILU_TRY(file_, posix_file_system().open(what_.file, OpenMode::kRead));
    SHILU_CHECK(take_up(std::move(upload_id)));
    for (std::uint64_t from = 0; from < what_.size_bytes; from += part_size_) SHILU_CHECK(bring(from));
    SHILU_TRY(Object object, client_.complete(what_.key, upload_id_, parts_, what_.size_bytes));
    return judge(std::move(object));
  }

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

  Result<Bytes> read(std::uint64_t from) {
    const std::uint64_t size = std::min(part_size_, what_.size_bytes - from);
    SHILU_TRY(Bytes bytes, file_->read_at(from, static_cast<std::size_t>(size)));
    if (bytes.size() != size)
      return fail(ErrorKind::kCorrupted, "the package became shorter while it was being sent");
    return bytes;
  }

  // The part that begins at `from` is in the store afterwards.
  Status bring(std::uint64_t from) {
    SHILU_TRY(const Bytes bytes, read(from));
    Part part{static_cast<int>(from / part_size_) + 1, bytes.size(), to_hex(ByteView(md5(bytes)))};
    md5s_.push_back(part.etag);
    const auto known = known_.find(part.number);
    const bool there = known != known_.end() && known->second.size_bytes == part.size_bytes &&
                       known->second.etag == part.etag;
    if (!there) {
      SHILU_TRY(part.etag, put(part.number, bytes, from));
    }
    parts_.push_back(std::move(part));
    if (!watch_.on_acked(from + bytes.size())) return fail(ErrorKind::kCancelled, "the upload was stopped");
    return {};
  }

  Result<std::string> put(int number, const Bytes& bytes, std::uint64_t from) {
    for (int attempt = 1;; ++attempt) {
      auto etag = client_.put_part(
          what_.key, upload_id_, number, bytes,
          {[&](std::uint64_t acked) { return watch_.on_acked(from + acked); }, watch_.allowance});
      const bool damaged = !etag && etag.error().kind == ErrorKind::kCorrupted;
      if (!damaged || attempt == kTriesPerPart) return etag;
    }
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
  std::unique_ptr<File> file_;
  std::string upload_id_;
  std::map<int, Part> known_;
  std::vector<Part> parts_;
  std::vector<std::string> md5s_;
};

}  // namespace

Result<SentObject> send_object(S3Client& client, const ObjectToSend& what, const std::string& upload_id,
                               const MultipartWatch& watch) {
  return Sender(client, what, watch).run(upload_id);
}

}  // namespace shilu::s3
