#pragma once
// When to ask again about what only time brings: a verification, a verdict. What takes long is asked for
// rarely: after a tenth of the time since the first question. Pure; time comes from the caller.

#include <map>
#include <optional>
#include <set>
#include <string>

#include "firmware/base/clock.h"

namespace shilu::sender {

class Questions {
 public:
  // It is asked now; how long until the next time, which is no less than `least` and, if that is less, at
  // most 10 minutes.
  Nanoseconds ask(const std::string& id, Nanoseconds least, MonotonicTime now);
  bool is_due(const std::string& id, MonotonicTime now) const;         // what was never asked is
  Nanoseconds waited(const std::string& id, MonotonicTime now) const;  // since the first question
  std::optional<MonotonicTime> next() const;                           // of those that were asked
  void forget(const std::string& id) { asked_.erase(id); }
  void forget_all_but(const std::set<std::string>& ids);
  void begin_anew(MonotonicTime now);  // as if each were asked for the first time now

 private:
  struct Patience {
    MonotonicTime since;
    MonotonicTime next;
  };
  std::map<std::string, Patience> asked_;
};

}  // namespace shilu::sender
