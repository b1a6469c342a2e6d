#include "firmware/http/media_type.h"

#include "firmware/http/text_tools.h"

namespace shilu::http {
namespace {

struct Type {
  std::string_view extension;
  std::string_view name;
};

constexpr Type kTypes[] = {
    {"html", "text/html; charset=utf-8"},
    {"js", "text/javascript; charset=utf-8"},
    {"mjs", "text/javascript; charset=utf-8"},
    {"css", "text/css; charset=utf-8"},
    {"json", "application/json"},
    {"map", "application/json"},
    {"webmanifest", "application/manifest+json"},
    {"txt", "text/plain; charset=utf-8"},
    {"md", "text/markdown; charset=utf-8"},
    {"vtt", "text/vtt; charset=utf-8"},
    {"xml", "application/xml"},
    {"svg", "image/svg+xml"},
    {"png", "image/png"},
    {"jpg", "image/jpeg"},
    {"jpeg", "image/jpeg"},
    {"webp", "image/webp"},
    {"gif", "image/gif"},
    {"ico", "image/x-icon"},
    {"woff2", "font/woff2"},
    {"woff", "font/woff"},
    {"ttf", "font/ttf"},
    {"wasm", "application/wasm"},
    {"mp4", "video/mp4"},
    {"m4s", "video/iso.segment"},
    {"m4a", "audio/mp4"},
    {"mp3", "audio/mpeg"},
    {"wav", "audio/wav"},
    {"webm", "video/webm"},
    {"pdf", "application/pdf"},
    {"zip", "application/zip"},
    {"doc", "application/msword"},
    {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
    {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {"pem", "application/x-pem-file"},
};

}  // namespace

std::string media_type_of(std::string_view file_name) {
  auto base = file_name.substr(file_name.rfind('/') + 1);
  auto dot = base.rfind('.');
  if (dot == std::string_view::npos) return "application/octet-stream";
  auto extension = lower_case(base.substr(dot + 1));
  for (auto& type : kTypes) {
    if (type.extension == extension) return std::string(type.name);
  }
  return "application/octet-stream";
}

}  // namespace shilu::http
