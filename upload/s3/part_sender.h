#pragma once
// Sends parts of one file to a store, as many at a time as pay (lanes.h), over one client. Everything happens
// on the caller's thread but the digests of the part to come, which are computed beside it.

#include <future>
#include <list>

#include "upload/s3/file_part.h"
#include "upload/s3/lanes.h"

namespace shilu::s3 {

// Which parts, and what their answers mean. All of it is called on the thread that is in run().
class PartCourse {
 public:
  virtual ~PartCourse() = default;
  // The part to be looked at next; nullopt: none for now. Asked again after each answer.
  virtual std::optional<FilePart> next() = 0;
  // The request that it goes with, but for the body; nullopt: it need not go, or not any more.
  virtual std::optional<http::ClientRequest> request(const FilePart& part, const PartDigests& digests) = 0;
  // true: the store has taken it.
  virtual bool on_answer(const FilePart& part, const PartDigests& digests, http::Client::Ended answer) = 0;
  // Bytes of the parts under way that the peer has acknowledged, at most 4 times a second; false: all of them
  // are given up at once.
  virtual bool on_acked(std::uint64_t under_way) = 0;
};

class PartSender {
 public:
  struct Line {  // see http::ClientRequest; what they count is of all parts together
    std::function<std::size_t(std::size_t wanted)> allowance;
    std::function<void(const http::LineSample&)> on_line;
  };
  // `client`, `lanes` and `line` are borrowed.
  PartSender(http::Client& client, std::shared_ptr<File> file, Lanes& lanes, const Line& line);

  enum class End { kNoneLeft, kCancelled };
  // Until no part is left and none is under way. kCorrupted: the file became shorter; other errors: it cannot
  // be read. Nothing is under way afterwards.
  Result<End> run(PartCourse& course);

 private:
  struct Ahead {
    FilePart part;
    std::future<Result<PartDigests>> digests;
  };
  struct UnderWay {
    FilePart part;
    PartDigests digests;
    http::Client::Ticket ticket = 0;
    std::uint64_t acked = 0;
  };
  Result<End> carry_on(PartCourse& course);
  Status fill(PartCourse& course);
  bool look_ahead(PartCourse& course);
  void launch(PartCourse& course, const FilePart& part, const PartDigests& digests);
  void settle(PartCourse& course, http::Client::Ended ended);
  bool tell(PartCourse& course);
  std::uint64_t acked() const;
  void on_line(const http::LineSample& sample) const;

  http::Client& client_;
  const std::shared_ptr<File> file_;
  Lanes& lanes_;
  const Line& line_;
  std::optional<Ahead> ahead_;
  std::list<UnderWay> under_way_;
  std::uint64_t done_ = 0;  // bytes of the parts that have ended
  std::chrono::steady_clock::time_point next_telling_{};
};

}  // namespace shilu::s3
