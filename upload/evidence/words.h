#pragma once
// What verification says, in Chinese. The English sentences are the ones in the code; words.zh.json pairs
// each with a Chinese one, `{}` standing for what changes. The page verify.html uses the same file.

#include <string>
#include <string_view>

namespace shilu::evidence {

// "structure" -> "结构"; a fact or value that the table does not know stays as it is.
std::string fact_in_chinese(std::string_view fact);
std::string value_in_chinese(std::string_view value);
// A detail of a fact. Parts that nobody translated (another library's words) stay English inside.
std::string in_chinese(std::string_view sentence);

}  // namespace shilu::evidence
