#include "config/appliance.h"

#include <fmt/format.h>

#include <toml++/toml.h>
#include <algorithm>
#include <array>
#include <span>

#include "config/nearest.h"
#include "firmware/base/file_system.h"
#include "firmware/lesson/track.h"

namespace shilu::config {
namespace {

constexpr std::array<std::string_view, 9> kSchemes = {"rtsp",  "rtsps",    "v4l2", "screen", "alsa",
                                                      "pulse", "pipewire", "file", "test"};

// A table of the file being read, with the file's name for the errors.
struct Section {
  const toml::table& table;
  std::string_view file;
  std::string_view name;  // "" for the root
};

std::string place(const Section& section, const toml::node& node) {
  return fmt::format("{}:{}", section.file, node.source().begin.line);
}

Status check_keys(const Section& section, std::span<const std::string_view> known) {
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

Status read_text(const Section& section, std::string_view key, std::string& out) {
  return read_value<std::string>(section, key, "a text in quotes", out);
}
Status read_path(const Section& section, std::string_view key, std::filesystem::path& out) {
  return read_value<std::string>(section, key, "a path in quotes", out);
}
Status read_number(const Section& section, std::string_view key, std::int64_t low, std::int64_t high,
                   std::int64_t& out) {
  SHILU_CHECK(read_value<std::int64_t>(section, key, "a whole number", out));
  if (out >= low && out <= high) return {};
  return fail(ErrorKind::kInvalidArgument,
              fmt::format("{}: \"{}\" must lie between {} and {}", section.file, key, low, high));
}

Status check_source(const SourceSettings& source, std::string_view where) {
  if (!is_source_name(source.name)) {
    return fail(
        ErrorKind::kInvalidArgument,
        fmt::format(
            "{}: \"{}\" cannot name a source: use up to 32 of a-z, 0-9 and -, beginning with a letter", where,
            source.name));
  }
  const auto scheme_end = source.url.find("://");
  const std::string scheme = source.url.substr(0, scheme_end == std::string::npos ? 0 : scheme_end);
  if (std::find(kSchemes.begin(), kSchemes.end(), scheme) == kSchemes.end()) {
    return fail(
        ErrorKind::kInvalidArgument,
        fmt::format("{}: source \"{}\" needs an address such as rtsp://10.0.0.8/stream, v4l2:///dev/video0, "
                    "screen://:0 or alsa://default",
                    where, source.name));
  }
  if (source.transport != "auto" && source.transport != "tcp" && source.transport != "udp") {
    return fail(ErrorKind::kInvalidArgument,
                fmt::format("{}: transport of \"{}\" must be auto, tcp or udp", where, source.name));
  }
  return {};
}

Result<SourceSettings> read_source(const Section& section) {
  static constexpr std::array<std::string_view, 6> kKnown = {"name",      "url",  "required",
                                                             "transport", "user", "password_file"};
  SHILU_CHECK(check_keys(section, kKnown));
  SourceSettings source;
  SHILU_CHECK(read_text(section, "name", source.name));
  SHILU_CHECK(read_text(section, "url", source.url));
  SHILU_CHECK(read_value<bool>(section, "required", "true or false", source.required));
  SHILU_CHECK(read_text(section, "transport", source.transport));
  SHILU_CHECK(read_text(section, "user", source.user));
  SHILU_CHECK(read_path(section, "password_file", source.password_file));
  SHILU_CHECK(check_source(source, section.file));
  return source;
}

Status read_sources(const Section& root, std::vector<SourceSettings>& out) {
  const toml::node* node = root.table.get("source");
  if (node == nullptr) return {};
  const toml::array* list = node->as_array();
  if (list == nullptr) {
    return fail(ErrorKind::kInvalidArgument,
                fmt::format("{}: write each source as [[source]], with two brackets", place(root, *node)));
  }
  for (const toml::node& item : *list) {
    const toml::table* table = item.as_table();
    if (table == nullptr)
      return fail(ErrorKind::kInvalidArgument, place(root, item) + ": a source must be a table");
    SHILU_TRY(SourceSettings source, read_source({*table, root.file, "source"}));
    const bool twice =
        std::any_of(out.begin(), out.end(), [&](const auto& other) { return other.name == source.name; });
    if (twice) {
      return fail(ErrorKind::kInvalidArgument,
                  fmt::format("{}: there are two sources called \"{}\"", place(root, item), source.name));
    }
    out.push_back(std::move(source));
  }
  return {};
}

// The sub-table `name`, empty if the file has none.
Result<const toml::table*> sub_table(const Section& root, std::string_view name) {
  static const toml::table kEmpty;
  const toml::node* node = root.table.get(name);
  if (node == nullptr) return &kEmpty;
  if (const toml::table* table = node->as_table()) return table;
  return fail(ErrorKind::kInvalidArgument, fmt::format("{}: [{}] must be a table", place(root, *node), name));
}

Status read_web(const Section& section, ApplianceSettings& out) {
  static constexpr std::array<std::string_view, 3> kKnown = {"address", "port", "root"};
  SHILU_CHECK(check_keys(section, kKnown));
  SHILU_CHECK(read_text(section, "address", out.listen_address));
  std::int64_t port = out.port;
  SHILU_CHECK(read_number(section, "port", 0, 65535, port));
  out.port = static_cast<std::uint16_t>(port);
  return read_path(section, "root", out.web_root);
}

Status read_programme(const Section& section, ApplianceSettings& out) {
  static constexpr std::array<std::string_view, 4> kKnown = {"id", "catalogue", "programmes", "tiles"};
  SHILU_CHECK(check_keys(section, kKnown));
  SHILU_CHECK(read_text(section, "id", out.programme));
  SHILU_CHECK(read_path(section, "catalogue", out.catalogue));
  SHILU_CHECK(read_path(section, "programmes", out.programmes));
  const toml::node* tiles = section.table.get("tiles");
  if (tiles == nullptr) return {};
  const toml::array* list = tiles->as_array();
  if (list == nullptr || !list->is_homogeneous(toml::node_type::string) || list->size() > 6) {
    return fail(ErrorKind::kInvalidArgument,
                place(section, *tiles) + ": \"tiles\" must be a list of at most 6 codes");
  }
  for (const toml::node& tile : *list) out.tiles.push_back(*tile.value<std::string>());
  return {};
}

Status read_platform(const Section& section, ApplianceSettings& out) {
  static constexpr std::array<std::string_view, 2> kKnown = {"url", "claim"};
  SHILU_CHECK(check_keys(section, kKnown));
  SHILU_CHECK(read_text(section, "url", out.platform_url));
  return read_text(section, "claim", out.platform_claim);
}

Status read_root(const Section& root, ApplianceSettings& out) {
  static constexpr std::array<std::string_view, 8> kKnown = {
      "device_name", "data_directory", "runtime_directory", "reserve_mb", "source",
      "web",         "programme",      "platform"};
  SHILU_CHECK(check_keys(root, kKnown));
  SHILU_CHECK(read_text(root, "device_name", out.device_name));
  SHILU_CHECK(read_path(root, "data_directory", out.data_directory));
  SHILU_CHECK(read_path(root, "runtime_directory", out.runtime_directory));
  std::int64_t reserve_mb = static_cast<std::int64_t>(out.reserve_bytes / 1'000'000);
  SHILU_CHECK(read_number(root, "reserve_mb", 0, 1'000'000'000, reserve_mb));
  out.reserve_bytes = static_cast<std::uint64_t>(reserve_mb) * 1'000'000;
  if (out.data_directory.empty() || out.runtime_directory.empty()) {
    return fail(ErrorKind::kInvalidArgument,
                fmt::format("{}: \"data_directory\" and \"runtime_directory\" must both be set", root.file));
  }
  return read_sources(root, out.sources);
}

Result<ApplianceSettings> read_settings(const toml::table& table, const std::string& file) {
  ApplianceSettings settings;
  const Section root{table, file, ""};
  SHILU_CHECK(read_root(root, settings));
  SHILU_TRY(const toml::table* web, sub_table(root, "web"));
  SHILU_CHECK(read_web({*web, file, "web"}, settings));
  SHILU_TRY(const toml::table* programme, sub_table(root, "programme"));
  SHILU_CHECK(read_programme({*programme, file, "programme"}, settings));
  SHILU_TRY(const toml::table* platform, sub_table(root, "platform"));
  SHILU_CHECK(read_platform({*platform, file, "platform"}, settings));
  return settings;
}

}  // namespace

Result<ApplianceSettings> load_appliance(const std::filesystem::path& toml_file) {
  SHILU_TRY(const std::string text, read_text_file(toml_file, 1u << 20));
  try {
    return read_settings(toml::parse(text, toml_file.string()), toml_file.string());
  } catch (const toml::parse_error& error) {
    return fail(ErrorKind::kInvalidArgument,
                fmt::format("{}:{}: {}", toml_file.string(), error.source().begin.line, error.description()));
  }
}

Result<SourceSettings> parse_source_argument(std::string_view argument) {
  const auto equals = argument.find('=');
  if (equals == std::string_view::npos) {
    return fail(ErrorKind::kInvalidArgument,
                fmt::format("\"{}\" is not NAME=ADDRESS, such as room=rtsp://10.0.0.8/stream", argument));
  }
  SourceSettings source;
  source.name = std::string(argument.substr(0, equals));
  source.url = std::string(argument.substr(equals + 1));
  SHILU_CHECK(check_source(source, "--source"));
  return source;
}

}  // namespace shilu::config
