#pragma once
// Everybody who listens on GET /api/events. Thread-safe. The newest `state` is kept for those who come later.

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "firmware/base/json.h"
#include "firmware/http/response.h"

namespace shilu::portal {

class EventHub {
 public:
  // `teacher` empty: not signed in; gets what is for everybody only.
  void add(std::shared_ptr<http::EventSink> sink, std::string teacher);
  void publish(std::string_view event, const Json& data);                               // to everybody
  void publish_to(std::string_view teacher, std::string_view event, const Json& data);  // drafts are private
  std::size_t listeners();
  void close();

 private:
  struct Listener {
    std::shared_ptr<http::EventSink> sink;
    std::string teacher;
  };
  template <typename Wanted>
  void send(std::string_view event, const Json& data, Wanted wanted);

  std::mutex mutex_;  // guards listeners_ and last_state_
  std::vector<Listener> listeners_;
  std::string last_state_;
};

}  // namespace shilu::portal
