#pragma once
// The people of the demonstration. Names are made up.

#include <string_view>

namespace shilu::cli {

struct DemoAccount {
  std::string_view id, name, pin;
};

inline constexpr DemoAccount kDemoTeachers[] = {
    {"T001", "王晓梅", "135790"}, {"T002", "李建国", "246801"}, {"T003", "陈思远", "112358"}};
inline constexpr DemoAccount kDemoAssessors[] = {
    {"E01", "评审一", "314159"}, {"E02", "评审二", "271828"}, {"E03", "评审三", "161803"}};
inline constexpr std::string_view kDemoClaim = "DEMO-2026";

}  // namespace shilu::cli
