#include "firmware/store/device_schema.h"

#include <array>

namespace shilu::store {

extern const std::string_view kDeviceSchema1;  // device_schema_1.sql, made a literal by EmbedSql.cmake
extern const std::string_view kDeviceSchema2;

const Schema& device_schema() {
  static constexpr std::int32_t kApplicationId = 0x53484c44;  // "SHLD"
  static const std::array<Migration, 2> migrations{{{1, kDeviceSchema1}, {2, kDeviceSchema2}}};
  static const Schema schema{kApplicationId, migrations};
  return schema;
}

}  // namespace shilu::store
