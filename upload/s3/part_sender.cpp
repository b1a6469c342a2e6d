#include "upload/s3/part_sender.h"

#include <algorithm>

namespace shilu::s3 {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kTellEvery = std::chrono::milliseconds(250);

bool is_ready(const std::future<Result<PartDigests>>& digests) {
  return digests.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

}  // namespace

PartSender::PartSender(http::Client& client, std::shared_ptr<File> file, Lanes& lanes, const Line& line)
    : client_(client), file_(std::move(file)), lanes_(lanes), line_(line) {}

Result<PartSender::End> PartSender::run(PartCourse& course) {
  lanes_.on_begin(Clock::now());
  auto end = carry_on(course);
  client_.drop_all();
  under_way_.clear();
  ahead_.reset();
  return end;
}

Result<PartSender::End> PartSender::carry_on(PartCourse& course) {
  for (;;) {
    SHILU_CHECK(fill(course));
    if (under_way_.empty() && !ahead_) return End::kNoneLeft;
    if (under_way_.empty()) {
      ahead_->digests.wait();
      continue;
    }
    if (auto ended = client_.turn(kTellEvery)) settle(course, std::move(*ended));
    if (!tell(course)) return End::kCancelled;
  }
}

// As many parts as may go now, and the digests of one more.
Status PartSender::fill(PartCourse& course) {
  while (look_ahead(course)) {
    const bool room = under_way_.size() < static_cast<std::size_t>(lanes_.at_once());
    if (!room || !is_ready(ahead_->digests)) return {};
    Ahead ready = std::move(*ahead_);
    ahead_.reset();
    SHILU_TRY(const PartDigests digests, ready.digests.get());
    launch(course, ready.part, digests);
  }
  return {};
}

bool PartSender::look_ahead(PartCourse& course) {
  if (ahead_) return true;
  const auto part = course.next();
  if (!part) return false;
  ahead_ = Ahead{*part, std::async(std::launch::async, [this, part = *part] {
                   auto digests = digests_of(*file_, part);
                   client_.ring();
                   return digests;
                 })};
  return true;
}

void PartSender::launch(PartCourse& course, const FilePart& part, const PartDigests& digests) {
  auto request = course.request(part, digests);
  if (!request) return;
  UnderWay& one = under_way_.emplace_back(UnderWay{part, digests, 0, 0});
  request->source = body_of(file_, part);
  request->source_size = part.size;
  request->allowance = line_.allowance;
  request->on_progress = [&one](std::uint64_t acked) {
    one.acked = acked;
    return true;
  };
  request->on_line = [this, &one](const http::LineSample& sample) {
    one.acked = sample.acked_bytes;
    on_line(sample);
  };
  auto ticket = client_.begin(std::move(*request));
  if (ticket) {
    one.ticket = *ticket;
    return;
  }
  under_way_.pop_back();
  (void)course.on_answer(part, digests, {0, fail(ticket.error()), client_.cause()});
}

void PartSender::settle(PartCourse& course, http::Client::Ended ended) {
  const auto one = std::find_if(under_way_.begin(), under_way_.end(),
                                [&](const UnderWay& other) { return other.ticket == ended.ticket; });
  if (one == under_way_.end()) return;
  const UnderWay it = *one;
  under_way_.erase(one);
  if (course.on_answer(it.part, it.digests, std::move(ended))) {
    done_ += it.part.size;
    lanes_.on_part(Clock::now(), it.part.size);
  } else {
    lanes_.on_failure(Clock::now());
  }
}

bool PartSender::tell(PartCourse& course) {
  const auto now = Clock::now();
  if (now < next_telling_) return true;
  next_telling_ = now + kTellEvery;
  return course.on_acked(acked());
}

std::uint64_t PartSender::acked() const {
  std::uint64_t bytes = 0;
  for (const UnderWay& one : under_way_) bytes += one.acked;
  return bytes;
}

// Of one connection, but for the bytes: those of all of them tell the line's rate.
void PartSender::on_line(const http::LineSample& sample) const {
  if (line_.on_line) line_.on_line({sample.at, sample.round_trip, done_ + acked()});
}

}  // namespace shilu::s3
