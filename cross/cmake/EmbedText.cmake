# cmake -DIN=file -DOUT=file.cpp -DNAMESPACE=shilu::config -DFUNCTION=default_catalogue_json -P EmbedText.cmake:
# the file's text as const std::string& shilu::config::default_catalogue_json().
file(READ ${IN} text)
string(LENGTH "${text}" length)
# String literals have a length limit that compilers warn about; pieces of 8000 characters are joined by the compiler.
set(pieces "")
set(position 0)
while(position LESS length)
  string(SUBSTRING "${text}" ${position} 8000 piece)
  string(APPEND pieces "    R\"embedded(${piece})embedded\"\n")
  math(EXPR position "${position} + 8000")
endwhile()
file(WRITE ${OUT} "#include <string>\n\nnamespace ${NAMESPACE} {\n\nconst std::string& ${FUNCTION}() {\n  static const std::string text =\n${pieces};\n  return text;\n}\n\n}  // namespace ${NAMESPACE}\n")
