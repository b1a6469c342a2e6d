#include "config/appliance.h"

#include <fmt/format.h>

#include <toml++/toml.h>
#include <algorithm>
#include <array>

#include "config/toml_section.h"
#include "config/upload_section.h"
#include "firmware/base/file_system.h"
#include "firmware/lesson/track.h"

namespace shilu::config {
namespace {

constexpr std::array<std::string_view, 9> kSchemes = {"rtsp",  "rtsps",    "v4l2", "screen", "alsa",
                                                      "pulse", "pipewire", "file", "test"};

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
  static constexpr std::array<std::string_view, 7> kKnown = {"name",      "url",  "required",     "value",
                                                             "transport", "user", "password_file"};
  SHILU_CHECK(check_keys(section, kKnown));
  SourceSettings source;
  SHILU_CHECK(read_text(section, "name", source.name));
  SHILU_CHECK(read_text(section, "url", source.url));
  SHILU_CHECK(read_value<bool>(section, "required", "true or false", source.required));
  std::int64_t value = source.value;
  SHILU_CHECK(read_number(section, "value", 0, 9, value));
  source.value = static_cast<int>(value);
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

Status read_keys(const Section& section, ApplianceSettings& out) {
  static constexpr std::array<std::string_view, 1> kKnown = {"tpm"};
  SHILU_CHECK(check_keys(section, kKnown));
  return read_text(section, "tpm", out.tpm);
}

Status read_time(const Section& section, ApplianceSettings& out) {
  static constexpr std::array<std::string_view, 1> kKnown = {"server"};
  SHILU_CHECK(check_keys(section, kKnown));
  return read_text(section, "server", out.time_stamp_server);
}

Status read_retention(const Section& section, RetentionSettings& out) {
  static constexpr std::array<std::string_view, 3> kKnown = {"keep_days", "grace_days", "unmarked_days"};
  static constexpr std::int64_t kTenYears = 3650;
  SHILU_CHECK(check_keys(section, kKnown));
  SHILU_CHECK(read_number(section, "keep_days", 0, kTenYears, out.keep_days));
  SHILU_CHECK(read_number(section, "grace_days", 0, kTenYears, out.grace_days));
  return read_number(section, "unmarked_days", 0, kTenYears, out.unmarked_days);
}

Status read_root(const Section& root, ApplianceSettings& out) {
  static constexpr std::array<std::string_view, 13> kKnown = {
      "device_name", "data_directory", "runtime_directory", "reserve_mb", "pre_roll_s", "source",
      "web",         "programme",      "platform",          "upload",     "keys",       "time",
      "retention"};
  SHILU_CHECK(check_keys(root, kKnown));
  SHILU_CHECK(read_text(root, "device_name", out.device_name));
  SHILU_CHECK(read_path(root, "data_directory", out.data_directory));
  SHILU_CHECK(read_path(root, "runtime_directory", out.runtime_directory));
  std::int64_t reserve_mb = static_cast<std::int64_t>(out.reserve_bytes / 1'000'000);
  SHILU_CHECK(read_number(root, "reserve_mb", 0, 1'000'000'000, reserve_mb));
  out.reserve_bytes = static_cast<std::uint64_t>(reserve_mb) * 1'000'000;
  SHILU_CHECK(read_number(root, "pre_roll_s", 0, 30, out.pre_roll_s));
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
  SHILU_TRY(const toml::table* upload, sub_table(root, "upload"));
  SHILU_CHECK(read_upload({*upload, file, "upload"}, settings.upload));
  SHILU_TRY(const toml::table* keys, sub_table(root, "keys"));
  SHILU_CHECK(read_keys({*keys, file, "keys"}, settings));
  SHILU_TRY(const toml::table* time, sub_table(root, "time"));
  SHILU_CHECK(read_time({*time, file, "time"}, settings));
  SHILU_TRY(const toml::table* retention, sub_table(root, "retention"));
  SHILU_CHECK(read_retention({*retention, file, "retention"}, settings.retention));
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
