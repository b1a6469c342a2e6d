#include "firmware/base/json_io.h"

#include <fmt/format.h>

#include <limits>
#include <set>
#include <vector>

namespace shilu {
namespace {

constexpr std::size_t kMaxDepth = 64;
// A value takes many times the bytes of its text: what keeps a few megabytes of "[],[],[]" from filling the
// memory.
constexpr std::size_t kMaxValues = 500'000;

// Looks at the text before it is built into values: how deep, how many, which keys twice, where it breaks.
class Inspector final : public nlohmann::json_sax<Json> {
 public:
  const std::string& problem() const { return problem_; }

  bool null() override { return count(); }
  bool boolean(bool) override { return count(); }
  bool number_integer(number_integer_t) override { return count(); }
  bool number_unsigned(number_unsigned_t) override { return count(); }
  bool number_float(number_float_t, const string_t&) override { return count(); }
  bool string(string_t&) override { return count(); }
  bool binary(binary_t&) override { return count(); }
  bool start_object(std::size_t) override { return enter(); }
  bool start_array(std::size_t) override { return enter(); }
  bool end_object() override { return leave(); }
  bool end_array() override { return leave(); }

  bool key(string_t& name) override {
    if (keys_.back().insert(name).second) return true;
    problem_ = fmt::format("the key \"{}\" stands twice in one object", name);
    return false;
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
    problem_ = fmt::format("it breaks at byte {}", position);
    return false;
  }

 private:
  bool count() {
    if (++values_ <= kMaxValues) return true;
    problem_ = fmt::format("it has more than {} values", kMaxValues);
    return false;
  }
  bool enter() {
    keys_.emplace_back();
    if (keys_.size() <= kMaxDepth) return count();
    problem_ = fmt::format("it is more than {} levels deep", kMaxDepth);
    return false;
  }
  bool leave() {
    keys_.pop_back();
    return true;
  }

  std::vector<std::set<std::string, std::less<>>> keys_;  // one per open object or array
  std::size_t values_ = 0;
  std::string problem_;
};

Result<const Json*> member(const Json& object, std::string_view key) {
  if (!object.is_object()) {
    return fail(ErrorKind::kInvalidArgument,
                fmt::format("\"{}\" is asked of something that is no object", key));
  }
  const auto found = object.find(key);
  if (found == object.end()) return fail(ErrorKind::kInvalidArgument, fmt::format("\"{}\" is missing", key));
  return &*found;
}

tl::unexpected<Error> wrong_type(std::string_view key, std::string_view wanted) {
  return fail(ErrorKind::kInvalidArgument, fmt::format("\"{}\" is not {}", key, wanted));
}

}  // namespace

Result<Json> parse_json(std::string_view text) {
  Inspector inspector;
  if (!Json::sax_parse(text, &inspector)) {
    return fail(ErrorKind::kInvalidArgument,
                fmt::format("this is not the JSON we take: {}", inspector.problem()));
  }
  return Json::parse(text, nullptr, false);
}

std::string canonical_json(const Json& value) {
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<std::string> json_string(const Json& object, std::string_view key) {
  SHILU_TRY(const auto* value, member(object, key));
  if (!value->is_string()) return wrong_type(key, "a text");
  return value->get<std::string>();
}

Result<std::int64_t> json_int(const Json& object, std::string_view key) {
  SHILU_TRY(const auto* value, member(object, key));
  if (!value->is_number_integer()) return wrong_type(key, "a whole number");
  const bool too_large =
      value->is_number_unsigned() &&
      value->get<std::uint64_t>() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (too_large) return wrong_type(key, "a number of 63 bits");
  return value->get<std::int64_t>();
}

Result<bool> json_bool(const Json& object, std::string_view key) {
  SHILU_TRY(const auto* value, member(object, key));
  if (!value->is_boolean()) return wrong_type(key, "true or false");
  return value->get<bool>();
}

Result<Json> json_object(const Json& object, std::string_view key) {
  SHILU_TRY(const auto* value, member(object, key));
  if (!value->is_object()) return wrong_type(key, "an object");
  return *value;
}

Result<Json> json_array(const Json& object, std::string_view key) {
  SHILU_TRY(const auto* value, member(object, key));
  if (!value->is_array()) return wrong_type(key, "a list");
  return *value;
}

std::string json_string_or(const Json& object, std::string_view key, std::string_view fallback) {
  return json_string(object, key).value_or(std::string(fallback));
}

std::int64_t json_int_or(const Json& object, std::string_view key, std::int64_t fallback) {
  return json_int(object, key).value_or(fallback);
}

}  // namespace shilu
