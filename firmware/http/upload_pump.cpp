#include "firmware/http/upload_pump.h"

#include <algorithm>
#include <cstring>
#include <exception>

#include "firmware/http/wire.h"

namespace shilu::http {
namespace {

constexpr std::size_t kBlock = 256 * 1024;
constexpr std::size_t kTurn = 64;  // blocks after which an upload lets others have the thread

Status written(BodySink& sink, ByteView bytes) {
  try {
    return sink.write(bytes);
  } catch (const std::exception& exception) {
    return fail(ErrorKind::kInternal, std::string("storing the body failed: ") + exception.what());
  }
}

}  // namespace

UploadPump::UploadPump(const Head& head, std::string& input, std::unique_ptr<BodySink> sink)
    : decoder_(head),
      input_(input),
      sink_(std::move(sink)),
      block_(std::make_unique_for_overwrite<std::uint8_t[]>(kBlock)) {
  end_ = std::min(input_.size(), kBlock);
  std::memcpy(block_.get(), input_.data(), end_);
  input_.erase(0, end_);
}

UploadPump::~UploadPump() = default;

Response UploadPump::finish() {
  input_.insert(0, reinterpret_cast<const char*>(block_.get()) + begin_, end_ - begin_);
  begin_ = end_ = 0;
  Response response = sink_->finish();
  sink_.reset();
  return response;
}

Response UploadPump::refuse() {
  Response response = sink_->refused(error_);
  sink_.reset();
  return response;
}

void UploadPump::abort() {
  sink_->aborted();
  sink_.reset();
}

UploadPump::State UploadPump::hand_over() {
  while (!decoder_.done()) {
    auto step = decoder_.step({block_.get() + begin_, end_ - begin_});
    if (!step) {
      error_ = step.error();
      return State::kBroken;
    }
    if (step->consumed == 0) return State::kWaiting;
    begin_ += step->consumed;
    if (step->payload.empty()) continue;
    if (auto status = written(*sink_, step->payload); !status) {
      error_ = status.error();
      return State::kRefused;
    }
  }
  return State::kWhole;
}

std::size_t UploadPump::room() const {
  return static_cast<std::size_t>(std::min<std::uint64_t>(decoder_.may_read(), kBlock - end_));
}

// As much as there is, so that the sink sees few large blocks.
UploadPump::State UploadPump::receive(int socket) {
  std::memmove(block_.get(), block_.get() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  const std::size_t before = end_;
  const std::size_t most = end_ + room();
  while (end_ < most) {
    auto got = receive_some(socket, block_.get() + end_, most - end_);
    end_ += got.count;
    if (got.state == Received::kBytes) continue;
    if (end_ > before) break;
    return got.state == Received::kNothingYet ? State::kWaiting : State::kGone;
  }
  return State::kYield;
}

UploadPump::State UploadPump::run(int socket, const std::atomic<bool>& stopping) {
  for (std::size_t block = 0; block < kTurn; ++block) {
    auto state = hand_over();
    if (state != State::kWaiting) return state;
    if (stopping) return State::kGone;
    state = receive(socket);
    if (state != State::kYield) return state;
  }
  return State::kYield;
}

}  // namespace shilu::http
