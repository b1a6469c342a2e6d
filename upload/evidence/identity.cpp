#include "upload/evidence/identity.h"

#include <algorithm>
#include <array>

#include "firmware/base/json_io.h"

namespace shilu::evidence {
namespace {

// Anywhere in the name: forms write 教师姓名, 学校名称, 县（市、区）, 所在单位 ... Rather one field too many
// sealed.
constexpr std::array<std::string_view, 17> kNaming = {"姓名",   "教师名", "学校", "单位",   "校名", "县",
                                                      "市、区", "电话",   "手机", "身份证", "证件", "邮箱",
                                                      "邮件",   "微信",   "工号", "地址",   "QQ"};
constexpr std::array<std::string_view, 10> kNamingEnglish = {
    "name", "teacher", "teacher name", "school", "district", "phone", "email", "e-mail", "address", "id"};

}  // namespace

Digest subject_hash(const TeacherIdentity& teacher) {
  Bytes message = teacher.salt;
  put_bytes(message, as_bytes(teacher.teacher_id));
  return sha256(message);
}

std::string pseudonym_of(const Digest& subject) {
  return "t-" + to_hex(subject).substr(0, 16);
}

std::string identity_json(const TeacherIdentity& teacher) {
  return canonical_json({{"teacher_id", teacher.teacher_id},
                         {"salt", to_hex(ByteView(teacher.salt))},
                         {"fields", teacher.fields}});
}

Result<TeacherIdentity> identity_from_json(std::string_view text) {
  SHILU_TRY(const Json json, parse_json(text));
  TeacherIdentity teacher;
  SHILU_TRY(teacher.teacher_id, json_string(json, "teacher_id"));
  SHILU_TRY(const std::string salt, json_string(json, "salt"));
  SHILU_TRY(teacher.salt, from_hex(salt));
  if (teacher.salt.size() != kSaltSize) return fail(ErrorKind::kCorrupted, "the salt is not of 32 bytes");
  SHILU_TRY(const Json fields, json_object(json, "fields"));
  for (const auto& [name, value] : fields.items()) {
    if (!value.is_string()) return fail(ErrorKind::kCorrupted, "a field of the identity is no text");
    teacher.fields[name] = value.get<std::string>();
  }
  return teacher;
}

bool is_identity_field(std::string_view name) {
  const auto inside = [&](std::string_view word) { return name.find(word) != name.npos; };
  if (std::any_of(kNaming.begin(), kNaming.end(), inside)) return true;
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return std::find(kNamingEnglish.begin(), kNamingEnglish.end(), lower) != kNamingEnglish.end();
}

}  // namespace shilu::evidence
