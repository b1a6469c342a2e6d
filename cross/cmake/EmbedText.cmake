# cmake -DIN=file -DOUT=file.cpp -P EmbedText.cmake: the file's text as shilu::config::default_catalogue_json().
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
file(WRITE ${OUT} "#include <string>\n\nnamespace shilu::config {\n\nconst std::string& default_catalogue_json() {\n  static const std::string text =\n${pieces};\n  return text;\n}\n\n}  // namespace shilu::config\n")
