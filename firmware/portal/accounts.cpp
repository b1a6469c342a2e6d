#include "firmware/portal/accounts.h"

#include "firmware/base/file_system.h"
#include "firmware/base/json_io.h"

namespace shilu::portal {
namespace {

Status import_one(store::DeviceStore& store, const Json& account) {
  store::Teacher teacher;
  SHILU_TRY(teacher.id, json_string(account, "id"));
  SHILU_TRY(teacher.display_name, json_string(account, "name"));
  SHILU_TRY(const std::string pin, json_string(account, "pin"));
  const auto known = store.teacher(teacher.id);
  if (!known && known.error().kind == ErrorKind::kNotFound) return store.create_teacher(teacher, pin);
  if (!known) return fail(known.error());
  if (known->display_name == teacher.display_name) return {};
  return store.rename_teacher(teacher.id, teacher.display_name);
}

}  // namespace

Status import_teachers(store::DeviceStore& store, const std::filesystem::path& file) {
  SHILU_TRY(const std::string text, read_text_file(file));
  SHILU_TRY(const Json json, parse_json(text));
  SHILU_TRY(const Json accounts, json_array(json, "teachers"));
  for (const Json& account : accounts) {
    if (const auto imported = import_one(store, account); !imported)
      return fail(imported.error().within(file.string()));
  }
  return {};
}

}  // namespace shilu::portal
