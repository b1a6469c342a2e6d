#pragma once
// Everybody who listens on GET /api/events. Thread-safe. The newest `state` is kept for those who come later.
// Who is not signed in shares kMostAnonymous places, so that strangers cannot take the teachers' ones.

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "firmware/base/json.h"
#include "firmware/http/response.h"

namespace shilu::portal {

// For whom a stream is; both empty: for nobody who is signed in.
struct Listening {
  std::string teacher;
  std::string session;  // its token
};

class EventHub {
 public:
  static constexpr std::size_t kMostAnonymous = 48;
  bool has_room_for_anonymous();
  // Closes the sink if there is no room for it. Who is not signed in gets what is for everybody only.
  void add(std::shared_ptr<http::EventSink> sink, Listening who);
  // Closes the streams of sessions that ended.
  void keep_only(const std::function<bool(const std::string& session)>& lives);
  void publish(std::string_view event, const Json& data);                               // to everybody
  void publish_to(std::string_view teacher, std::string_view event, const Json& data);  // drafts are private
  std::size_t listeners();
  void close();

 private:
  struct Listener {
    std::shared_ptr<http::EventSink> sink;
    Listening who;
  };
  std::size_t anonymous();  // of those still open; forgets the others
  template <typename Wanted>
  void send(std::string_view event, const Json& data, Wanted wanted);

  std::mutex mutex_;  // guards listeners_ and last_state_
  std::vector<Listener> listeners_;
  std::string last_state_;
};

}  // namespace shilu::portal
