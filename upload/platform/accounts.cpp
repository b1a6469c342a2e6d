#include "upload/platform/accounts.h"

#include "firmware/base/file_system.h"
#include "firmware/base/json_io.h"

namespace shilu::platform {
namespace {

Status import(PlatformStore& store, const std::string& text) {
  SHILU_TRY(const Json json, parse_json(text));
  SHILU_TRY(const Json assessors, json_array(json, "assessors"));
  std::vector<std::string> ids;
  for (const Json& item : assessors) {
    Assessor assessor;
    SHILU_TRY(assessor.id, json_string(item, "id"));
    SHILU_TRY(assessor.name, json_string(item, "name"));
    SHILU_TRY(const std::string pin, json_string(item, "pin"));
    SHILU_CHECK(store.put_assessor(assessor, pin));
    ids.push_back(assessor.id);
  }
  return store.keep_only_assessors(ids);
}

}  // namespace

Status import_assessors(PlatformStore& store, const std::filesystem::path& file) {
  SHILU_TRY(const std::string text, read_text_file(file, 1u << 20));
  const auto imported = import(store, text);
  if (!imported) return fail(imported.error().within("the accounts file " + file.string()));
  return {};
}

}  // namespace shilu::platform
