#include "firmware/portal/preview.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "capture/monitor/live_reader.h"
#include "firmware/base/json_io.h"
#include "firmware/base/log.h"
#include "firmware/lesson/track.h"
#include "firmware/portal/live_mp4.h"

namespace shilu::portal {
namespace {

// A viewer that is further behind than this skips to the next key picture: live means now.
constexpr std::size_t kMaxBehind = 2u << 20;

}  // namespace

// One page that looks on, with a line of its own to the capture: it begins with the newest key picture, and a
// slow one is slow alone.
class Preview::Viewer {
 public:
  Viewer(const std::filesystem::path& runtime_directory, const TrackName& track, Listening who,
         std::shared_ptr<http::WebSocket> socket)
      : kind_(track.kind),
        who_(std::move(who)),
        socket_(std::move(socket)),
        reader_(monitor::live_socket(runtime_directory, track.source),
                [this](const link::Message& message) { take(message); }) {}

  const std::shared_ptr<http::WebSocket>& socket() const { return socket_; }
  const Listening& who() const { return who_; }

 private:
  void take(const link::Message& message) {
    if (const auto* parameters = std::get_if<link::TrackParameters>(&message)) {
      if (parameters->kind == kind_) begin(*parameters);
    } else if (const auto* unit = std::get_if<link::AccessUnit>(&message)) {
      if (unit->kind == kind_) show(*unit);
    }
  }

  void begin(const link::TrackParameters& parameters) {
    if (parameters_ && *parameters_ == parameters.parameters) return;  // only its rate became known
    const auto beginning = movie_.begin(parameters);
    if (!beginning) return log_warning("preview: {}", beginning.error().message);
    parameters_ = parameters.parameters;
    socket_->send_text(canonical_json({{"mime", beginning->mime}}));
    socket_->send_binary(std::make_shared<const Bytes>(beginning->header));
  }

  void show(const link::AccessUnit& unit) {
    if (socket_->queued_bytes() > kMaxBehind) return movie_.skip_to_key();
    if (auto piece = movie_.add(unit)) socket_->send_binary(std::make_shared<const Bytes>(std::move(*piece)));
  }

  const MediaKind kind_;
  const Listening who_;
  const std::shared_ptr<http::WebSocket> socket_;
  std::optional<CodecParameters> parameters_;  // the reader's thread
  LiveMp4 movie_;                              // likewise
  monitor::LiveReader reader_;                 // last: its thread uses what is above
};

Preview::Preview(std::filesystem::path runtime_directory)
    : runtime_directory_(std::move(runtime_directory)) {}
Preview::~Preview() = default;

bool Preview::owned_by(const Listening& who) const {
  return owner_ && (owner_->empty() || *owner_ == who.teacher);
}

void Preview::add(const std::string& track, Listening who, std::shared_ptr<http::WebSocket> socket) {
  const auto name = parse_track_name(track);
  const std::lock_guard lock(mutex_);
  if (!name || (owner_ && !owned_by(who))) return socket->close();
  if (!owner_) {
    waiting_.push_back({*name, std::move(who), std::move(socket)});
  } else {
    viewers_.push_back(
        std::make_unique<Viewer>(runtime_directory_, *name, std::move(who), std::move(socket)));
  }
}

// A viewer waits for its reader's thread when it goes, so it goes outside the lock.
void Preview::remove(const std::shared_ptr<http::WebSocket>& socket) {
  std::unique_ptr<Viewer> gone;
  const std::lock_guard lock(mutex_);
  std::erase_if(waiting_, [&](const Waiting& one) { return one.socket == socket; });
  const auto found = std::find_if(viewers_.begin(), viewers_.end(),
                                  [&](const auto& viewer) { return viewer->socket() == socket; });
  if (found == viewers_.end()) return;
  gone = std::move(*found);
  viewers_.erase(found);
}

void Preview::set_owner(const std::optional<std::string>& teacher) {
  std::vector<std::unique_ptr<Viewer>> gone;
  const std::lock_guard lock(mutex_);
  if (owner_ == teacher) return;
  owner_ = teacher;
  const auto first_gone = std::partition(viewers_.begin(), viewers_.end(),
                                         [&](const auto& viewer) { return owned_by(viewer->who()); });
  std::move(first_gone, viewers_.end(), std::back_inserter(gone));
  viewers_.erase(first_gone, viewers_.end());
  for (const auto& viewer : gone) viewer->socket()->close();
  if (!owner_) return;
  for (auto& one : std::exchange(waiting_, {})) {
    if (owned_by(one.who)) {
      viewers_.push_back(
          std::make_unique<Viewer>(runtime_directory_, one.track, one.who, std::move(one.socket)));
    } else {
      one.socket->close();
    }
  }
}

// Closing is enough: remove() is called when the socket has ended.
void Preview::keep_only(const std::function<bool(const std::string& session)>& lives) {
  std::vector<std::pair<std::string, std::shared_ptr<http::WebSocket>>> open;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& one : waiting_) open.emplace_back(one.who.session, one.socket);
    for (const auto& viewer : viewers_) open.emplace_back(viewer->who().session, viewer->socket());
  }
  for (const auto& [session, socket] : open) {
    if (!lives(session)) socket->close();
  }
}

}  // namespace shilu::portal
