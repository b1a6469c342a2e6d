#pragma once
// Who the teacher is: a part of the package that only the platform can read, and the pseudonym that everybody
// reads. docs/ref/package.md, "identity.box".

#include <map>
#include <string>

#include "firmware/base/digest.h"

namespace shilu::evidence {

struct TeacherIdentity {
  std::string teacher_id;
  Bytes salt;                                 // 32 bytes; subject hash = SHA-256(salt + teacher_id)
  std::map<std::string, std::string> fields;  // 姓名, 学校, 县(市、区)
};

inline constexpr std::size_t kSaltSize = 32;

// What a `sign-in` event of the recording carries.
Digest subject_hash(const TeacherIdentity& teacher);
std::string pseudonym_of(const Digest& subject_hash);  // "t-" + its first 16 hex digits

// The JSON inside identity.box.
std::string identity_json(const TeacherIdentity& teacher);
Result<TeacherIdentity> identity_from_json(std::string_view text);

// Field names that would name a person or a school: they go into the identity part only.
bool is_identity_field(std::string_view name);

}  // namespace shilu::evidence
