// docs/ref/attacks.md and the attacks are the same list: each row is carried out and must be refuted in just
// these words, in both languages, and each attack has its row.
//
// SHILU_PRINT_ATTACKS=1 prints the rows as the program tells them, for the page.

#include <fmt/format.h>

#include <catch2/catch.hpp>
#include <iostream>
#include <map>
#include <regex>

#include "firmware/base/file_system.h"
#include "tests/evidence/catalogue_fixture.h"
#include "upload/evidence/words.h"

using namespace shilu;
using namespace shilu::evidence;
using namespace shilu::test;

namespace {

struct Row {
  std::string name, attacker, verdict, words, chinese;
  bool operator==(const Row&) const = default;
};

std::string text_of(const Row& row) {
  return fmt::format("| {} | {} | {} | {} | {} |", row.name, row.attacker, row.verdict, row.words,
                     row.chinese);
}

// Ids are made anew in every run, and where a byte stands follows from their lengths.
std::string without_ids(std::string text) {
  text = std::regex_replace(text, std::regex("d-[0-9a-f]{16}"), "d-…");
  text = std::regex_replace(text, std::regex("evidence-[0-9a-f]{16}"), "evidence-…");
  text = std::regex_replace(text, std::regex("byte [0-9]+"), "byte …");
  return std::regex_replace(text, std::regex("第 [0-9]+ 字节"), "第 … 字节");
}

Row row_of(const Attack& attack) {
  const VerifyReport report = attack.run();
  INFO(attack.name << ": " << told(report));
  const bool refutes = attack.outcome == Attack::Outcome::kRefuted;
  CHECK(report.refuted() == refutes);
  const auto fact = std::find_if(report.facts.begin(), report.facts.end(), [&](const Fact& one) {
    return one.fact == attack.fact && one.bad == refutes;
  });
  REQUIRE(fact != report.facts.end());
  CHECK(in_chinese(fact->detail) != fact->detail);
  return {attack.name, attack.attacker, fact->fact + " " + fact->value, without_ids(fact->detail),
          without_ids(in_chinese(fact->detail))};
}

std::vector<Attack> all_attacks() {
  std::vector<Attack> all;
  for (auto& group : {attacks_on_files(), attacks_on_clips(), attacks_on_folders(), attacks_with_keys()})
    all.insert(all.end(), group.begin(), group.end());
  return all;
}

// The rows between the page's two comments that frame this catalogue.
std::map<std::string, std::string> rows_of_page() {
  const std::string page = must(read_text_file(SHILU_SOURCE_DIR "/docs/ref/attacks.md"));
  const std::size_t begin = page.find("<!-- attacks on packages and lessons -->");
  const std::size_t end = page.find("<!-- end of the attacks on packages and lessons -->");
  REQUIRE(begin != page.npos);
  REQUIRE(end != page.npos);
  std::map<std::string, std::string> rows;
  std::istringstream lines(page.substr(begin, end - begin));
  for (std::string line; std::getline(lines, line);) {
    const bool is_row = line.starts_with("| ") && !line.starts_with("| attack |");
    if (is_row) CHECK(rows.emplace(line.substr(2, line.find(" |", 2) - 2), line).second);
  }
  return rows;
}

}  // namespace

TEST_CASE("every attack of the page is refuted in the words of the page, and every attack is on the page") {
  auto page = rows_of_page();
  const bool print = std::getenv("SHILU_PRINT_ATTACKS") != nullptr;
  for (const Attack& attack : all_attacks()) {
    const std::string row = text_of(row_of(attack));
    if (print) std::cout << row << "\n";
    const auto found = page.find(attack.name);
    INFO(attack.name);
    CHECK(found != page.end());
    if (found == page.end()) continue;
    CHECK(found->second == row);
    page.erase(found);
  }
  for (const auto& [name, row] : page) FAIL_CHECK("nothing carries out: " << name);
}
