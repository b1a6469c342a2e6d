// shilu package: clips, documents and proofs of one ability point in one sealed file.

#include "upload/evidence/package.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>
#include <cmath>

#include "capture/journal/lesson_folder.h"
#include "config/catalogue.h"
#include "firmware/app/shilu/command.h"
#include "firmware/app/shilu/default_keys.h"
#include "firmware/base/file_system.h"
#include "firmware/base/json_io.h"

namespace shilu::cli {
namespace {

namespace fs = std::filesystem;

constexpr double kLongestSeconds = 86'400;
constexpr std::size_t kBoxKeySize = 32;

struct Arguments {
  std::string lesson;
  std::vector<std::string> clips;
  std::vector<std::string> sources;
  std::string point;
  std::string teacher;
  std::vector<std::string> documents;
  std::vector<std::string> fields;
  std::vector<std::string> notes;
  std::string notes_file;
  std::vector<std::string> derivatives, origins, recipes;
  std::string programme = "cn-moe-2.0";
  std::string catalogue;
  std::string platform_key;
  std::string keys;
  std::string tpm;
  std::string out;
  bool json = false;
};

template <typename... Args>
tl::unexpected<Error> wrong(fmt::format_string<Args...> format, Args&&... args) {
  return fail(ErrorKind::kInvalidArgument, fmt::format(format, std::forward<Args>(args)...));
}

// Seconds, as a person writes them: "12", "12.5".
Result<LessonTime> parse_seconds(std::string_view text) {
  double seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (!whole || !(seconds >= 0 && seconds <= kLongestSeconds))
    return wrong("\"{}\" is no time in seconds", text);
  return LessonTime::from_ms(std::llround(seconds * 1000));
}

// "12.0-25.5".
Result<TimeRange> parse_clip(std::string_view text) {
  const std::size_t dash = text.find('-');
  if (dash == text.npos) return wrong("--clip is FROM-TO in seconds, such as 12.0-25.5, not \"{}\"", text);
  SHILU_TRY(const LessonTime from, parse_seconds(text.substr(0, dash)));
  SHILU_TRY(const LessonTime to, parse_seconds(text.substr(dash + 1)));
  return TimeRange{from, to};
}

// "教学设计=plan.pdf".
Result<std::pair<std::string, std::string>> parse_pair(std::string_view option, std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == text.npos || equals == 0 || equals + 1 == text.size())
    return wrong("{} is NAME=VALUE, not \"{}\"", option, text);
  return std::pair(std::string(text.substr(0, equals)), std::string(text.substr(equals + 1)));
}

Result<config::Catalogue> open_catalogue(const std::string& file) {
  if (file.empty()) return config::parse_catalogue(config::default_catalogue_json());
  return config::load_catalogue(file);
}

// Base64, or a file of it.
Result<Bytes> parse_platform_key(const std::string& text) {
  std::string encoded = text;
  std::error_code ignored;
  if (fs::is_regular_file(text, ignored)) {
    SHILU_TRY(encoded, read_text_file(text, 4096));
    while (!encoded.empty() && std::isspace(static_cast<unsigned char>(encoded.back()))) encoded.pop_back();
  }
  auto key = from_base64(encoded);
  if (!key || key->size() != kBoxKeySize)
    return wrong("--platform-key is neither a file nor the base64 of a key of {} bytes", kBoxKeySize);
  return key;
}

Result<CertifiedKey> open_seal_key(const Arguments& arguments) {
  fs::path directory = arguments.keys;
  if (arguments.keys.empty()) {
    SHILU_TRY(directory, default_keys());
  }
  auto& files = posix_file_system();
  // Never made here: a package is sealed by the device that recorded.
  if (!files.exists(directory / "device.key") && !files.exists(directory / "seal.key")) {
    return fail(
        ErrorKind::kFailedPrecondition,
        fmt::format(
            "{} holds no keys of a device; give --keys DIR with those of the device that recorded the lesson",
            directory.string()));
  }
  return load_or_create_certified(directory, KeyRole::kSeal, {arguments.tpm});
}

Result<std::vector<std::string>> recorded_sources(const fs::path& lesson) {
  SHILU_TRY(const auto folder, journal::LessonFolder::open(lesson));
  std::vector<std::string> names;
  for (const SourceInfo& source : folder.info().sources) {
    for (const auto& track : folder.tracks()) {
      if (!track.name.starts_with(source.name + ".")) continue;
      names.push_back(source.name);
      break;
    }
  }
  return names;
}

// The piece that a clip serves: the point's video.
std::string video_piece(const config::AbilityPoint& point) {
  for (const config::EvidencePiece& piece : point.evidence) {
    if (piece.kind == "video") return piece.title;
  }
  return "";
}

Status add_clips(const Arguments& arguments, evidence::PackageRequest& request) {
  std::vector<std::string> sources = arguments.sources;
  if (sources.empty()) {
    SHILU_TRY(sources, recorded_sources(arguments.lesson));
  }
  for (const std::string& text : arguments.clips) {
    SHILU_TRY(const TimeRange range, parse_clip(text));
    request.clips.push_back({range, sources, video_piece(*request.point), {}});
  }
  return {};
}

// "12.5=text" or "12.5-15=text", in seconds since the lesson began.
Result<evidence::NoteRequest> parse_note(std::string_view text) {
  SHILU_TRY(auto pair, parse_pair("--note", text));
  const std::size_t dash = pair.first.find('-');
  evidence::NoteRequest note;
  SHILU_TRY(note.at, parse_seconds(std::string_view(pair.first).substr(0, dash)));
  if (dash != pair.first.npos) {
    SHILU_TRY(note.to, parse_seconds(std::string_view(pair.first).substr(dash + 1)));
  }
  note.text = std::move(pair.second);
  return note;
}

// One note a line, as --note takes them; empty lines are none.
Result<std::vector<std::string>> read_notes(const std::string& file) {
  SHILU_TRY(const std::string text, read_text_file(file, 8u << 20));
  std::vector<std::string> lines;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) lines.emplace_back(line);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return lines;
}

// A note stands in every clip that shows its moment; in none is a slip of the pen.
Status add_notes(const Arguments& arguments, evidence::PackageRequest& request) {
  std::vector<std::string> texts = arguments.notes;
  if (!arguments.notes_file.empty()) {
    SHILU_TRY(const auto lines, read_notes(arguments.notes_file));
    texts.insert(texts.end(), lines.begin(), lines.end());
  }
  for (const std::string& text : texts) {
    SHILU_TRY(const auto note, parse_note(text));
    bool taken = false;
    for (evidence::ClipRequest& clip : request.clips) {
      if (note.at < clip.range.from || note.at >= clip.range.to) continue;
      clip.notes.push_back(note);
      taken = true;
    }
    if (!taken) return wrong("no clip shows the moment of the note \"{}\"", text);
  }
  return {};
}

// "clip-1", "clip-1/board", "clip-1/room.2" (the second part of a clip over a change of parameters).
Result<evidence::DerivativeRequest> parse_origin(std::string_view text) {
  evidence::DerivativeRequest request;
  constexpr std::string_view kClip = "clip-";
  const std::size_t slash = std::min(text.find('/'), text.size());
  const std::string_view clip = text.substr(0, slash);
  const auto number = [](std::string_view digits, std::size_t& value) {
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return error == std::errc() && end == digits.data() + digits.size();
  };
  bool good = clip.starts_with(kClip) && number(clip.substr(kClip.size()), request.clip);
  if (slash < text.size()) {
    const std::string_view source = text.substr(slash + 1);
    const std::size_t point = std::min(source.find('.'), source.size());
    request.source = source.substr(0, point);
    if (point < source.size()) good = good && number(source.substr(point + 1), request.part);
  }
  if (!good) return wrong("--derived-from is clip-N or clip-N/SOURCE, not \"{}\"", text);
  return request;
}

Status add_derivatives(const Arguments& arguments, evidence::PackageRequest& request) {
  const std::size_t count = arguments.derivatives.size();
  if (arguments.origins.size() != count || arguments.recipes.size() != count)
    return wrong("each --derivative needs its --derived-from and its --recipe");
  for (std::size_t i = 0; i < count; ++i) {
    SHILU_TRY(auto derivative, parse_origin(arguments.origins[i]));
    derivative.file = arguments.derivatives[i];
    derivative.recipe = arguments.recipes[i];
    request.derived.push_back(std::move(derivative));
  }
  return {};
}

Status add_documents(const Arguments& arguments, evidence::PackageRequest& request) {
  for (const std::string& text : arguments.documents) {
    SHILU_TRY(auto pair, parse_pair("--document", text));
    request.documents.push_back({std::move(pair.first), std::move(pair.second), ""});
  }
  for (const std::string& text : arguments.fields) {
    SHILU_TRY(auto pair, parse_pair("--field", text));
    request.fields[std::move(pair.first)] = std::move(pair.second);
  }
  return {};
}

void print(const evidence::PackageRequest& request, const evidence::BuiltPackage& built, bool json) {
  if (json) {
    return print_json({{"file", built.file.string()},
                       {"name", built.name},
                       {"sha256", to_hex(built.sha256)},
                       {"size_bytes", built.size_bytes},
                       {"point", {{"code", request.point->code}, {"name", request.point->name}}},
                       {"clips", request.clips.size()},
                       {"documents", request.documents.size()},
                       {"blocks", built.blocks.size()}});
  }
  fmt::print("{}: {:.2f} MB, {} {}, {} clips, {} documents\nSHA-256 {}\n", built.file.string(),
             static_cast<double>(built.size_bytes) / 1e6, request.point->code, request.point->name,
             request.clips.size(), request.documents.size(), to_hex(built.sha256));
}

Result<int> package(const Arguments& arguments) {
  SHILU_TRY(const config::Catalogue catalogue, open_catalogue(arguments.catalogue));
  evidence::PackageRequest request;
  SHILU_TRY(request.point, catalogue.require(arguments.point));
  request.lesson = arguments.lesson;
  request.programme = arguments.programme;
  request.catalogue = catalogue.id;
  request.software = "shilu " SHILU_VERSION;
  // Nobody signed in here: the salt is nobody's, and the teacher is only asserted.
  request.teacher = {arguments.teacher, random_bytes(evidence::kSaltSize), {}};
  SHILU_CHECK(add_clips(arguments, request));
  SHILU_CHECK(add_notes(arguments, request));
  SHILU_CHECK(add_documents(arguments, request));
  SHILU_CHECK(add_derivatives(arguments, request));
  if (!arguments.platform_key.empty()) {
    SHILU_TRY(request.identity_key, parse_platform_key(arguments.platform_key));
  }
  SHILU_TRY(const CertifiedKey seal_key, open_seal_key(arguments));
  SHILU_TRY(const auto built, evidence::build_package(request, seal_key, SystemClock(), arguments.out));
  print(request, built, arguments.json);
  return kGood;
}

}  // namespace

void add_package(CLI::App& app, int& exit_code) {
  auto arguments = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("package", "Pack clips, documents and proofs into one sealed file");
  command->add_option("--lesson", arguments->lesson, "The lesson's folder")->required();
  command
      ->add_option("--clip", arguments->clips, "FROM-TO in seconds since the lesson began; may be repeated")
      ->required();
  command->add_option("--source", arguments->sources, "Which sources; all that were recorded if not given");
  command->add_option("--point", arguments->point, "The ability point, such as A6")->required();
  command->add_option("--teacher", arguments->teacher, "The teacher's id; goes into the sealed part only")
      ->required();
  command->add_option("--document", arguments->documents, "TITLE=FILE; may be repeated");
  command->add_option("--field", arguments->fields, "NAME=VALUE of the submission form; may be repeated");
  command->add_option(
      "--note", arguments->notes,
      "SECONDS=TEXT or FROM-TO=TEXT: what the teacher says of that moment of the lesson; may be repeated");
  command->add_option("--notes", arguments->notes_file, "A file of such notes, one a line");
  command->add_option(
      "--derivative", arguments->derivatives,
      "A file that was made of a clip (re-encoded, blurred, with a title card); may be repeated");
  command->add_option("--derived-from", arguments->origins,
                      "What it was made of: clip-1 or clip-1/board; one for each");
  command->add_option("--recipe", arguments->recipes, "How it was made, in words or JSON; one for each");
  command->add_option("--programme", arguments->programme, "Programme")->capture_default_str();
  command->add_option("--catalogue", arguments->catalogue, "Another catalogue of ability points (JSON)");
  command->add_option("--platform-key", arguments->platform_key,
                      "The platform's identity key, base64 or a file: without it the package names nobody");
  command->add_option("--keys", arguments->keys, "The device's keys (default: ~/.local/share/shilu/keys)");
  command->add_option("--tpm", arguments->tpm, "The TPM that holds them, as a TCTI; else files");
  command->add_option("--out", arguments->out, "The file to write")->required();
  command->add_flag("--json", arguments->json, "Print JSON");
  command->callback([arguments, &exit_code] {
    const auto code = package(*arguments);
    exit_code = code ? *code : report(code.error(), arguments->json);
  });
}

}  // namespace shilu::cli
