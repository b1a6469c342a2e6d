#pragma once
// Reading a TOML table with errors that name the file and the line. Private to config.

#include <fmt/format.h>

#include <toml++/toml.h>
#include <algorithm>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "config/nearest.h"
#include "firmware/base/result.h"

namespace shilu::config {

// A table of the file being read, with the file's name for the errors.
struct Section {
  const toml::table& table;
  std::string_view file;
  std::string_view name;  // "" for the root
};

inline std::string place(const Section& section, const toml::node& node) {
  return fmt::format("{}:{}", section.file, node.source().begin.line);
}

inline Status check_keys(const Section& section, std::span<const std::string_view> known) {
  for (const auto& [key, node] : section.table) {
    if (std::find(known.begin(), known.end(), key.str()) != known.end()) continue;
    return fail(ErrorKind::kInvalidArgument,
                fmt::format("{}: there is no setting \"{}\"{}; did you mean \"{}\"?", place(section, node),
                            key.str(), section.name.empty() ? "" : fmt::format(" in [{}]", section.name),
                            nearest(key.str(), known)));
  }
  return {};
}

// Reads `key` into `out` if it is there; another type is an error that names the line.
template <typename T, typename Out>
Status read_value(const Section& section, std::string_view key, std::string_view type, Out& out) {
  const toml::node* node = section.table.get(key);
  if (node == nullptr) return {};
  const auto value = node->value_exact<T>();
  if (!value) {
    return fail(ErrorKind::kInvalidArgument,
                fmt::format("{}: \"{}\" must be {}", place(section, *node), key, type));
  }
  out = Out(*value);
  return {};
}

inline Status read_text(const Section& section, std::string_view key, std::string& out) {
  return read_value<std::string>(section, key, "a text in quotes", out);
}
inline Status read_path(const Section& section, std::string_view key, std::filesystem::path& out) {
  return read_value<std::string>(section, key, "a path in quotes", out);
}
inline Status read_number(const Section& section, std::string_view key, std::int64_t low, std::int64_t high,
                          std::int64_t& out) {
  SHILU_CHECK(read_value<std::int64_t>(section, key, "a whole number", out));
  if (out >= low && out <= high) return {};
  return fail(ErrorKind::kInvalidArgument,
              fmt::format("{}: \"{}\" must lie between {} and {}", section.file, key, low, high));
}

inline Status read_texts(const Section& section, std::string_view key, std::vector<std::string>& out) {
  const toml::node* node = section.table.get(key);
  if (node == nullptr) return {};
  const toml::array* list = node->as_array();
  if (list == nullptr || (!list->empty() && !list->is_homogeneous(toml::node_type::string)))
    return fail(ErrorKind::kInvalidArgument,
                fmt::format("{}: \"{}\" must be a list of texts", place(section, *node), key));
  for (const toml::node& text : *list) out.push_back(*text.value<std::string>());
  return {};
}

// The sub-table `name`, empty if the file has none.
inline Result<const toml::table*> sub_table(const Section& root, std::string_view name) {
  static const toml::table kEmpty;
  const toml::node* node = root.table.get(name);
  if (node == nullptr) return &kEmpty;
  if (const toml::table* table = node->as_table()) return table;
  return fail(ErrorKind::kInvalidArgument, fmt::format("{}: [{}] must be a table", place(root, *node), name));
}

}  // namespace shilu::config
