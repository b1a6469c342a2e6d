# shilu_embed_sql(OUT NAMESPACE VARIABLE FILE): a source file that defines `extern const std::string_view VARIABLE` in
# NAMESPACE with the bytes of FILE. Its path is stored in OUT. Made anew when FILE changes.

function(shilu_embed_sql out namespace variable file)
  get_filename_component(path ${file} ABSOLUTE)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${path})
  file(READ ${path} text)
  get_filename_component(stem ${file} NAME_WE)
  set(source ${CMAKE_CURRENT_BINARY_DIR}/${stem}_sql.cpp)
  file(CONFIGURE OUTPUT ${source} @ONLY CONTENT [[
#include <string_view>

namespace @namespace@ {
extern const std::string_view @variable@;
const std::string_view @variable@ = R"~sql~(@text@)~sql~";
}  // namespace @namespace@
]])
  set(${out} ${source} PARENT_SCOPE)
endfunction()
