// What two or three sheets say of a point, and which sheets can be handed in.

#include "upload/platform/review.h"

#include <catch2/catch.hpp>

#include "firmware/base/json_io.h"

using namespace shilu;
using namespace shilu::platform;

namespace {

config::Catalogue catalogue() {
  return config::parse_catalogue(config::default_catalogue_json()).value();
}

Sheet judged(const std::vector<std::string>& levels) {
  Sheet sheet;
  for (std::size_t i = 0; i < levels.size(); ++i)
    sheet.pieces.push_back({"piece " + std::to_string(i), levels[i], {{"room", 1000}}, ""});
  return sheet;
}

Outcome outcome(const std::vector<std::string>& level_of_each) {
  std::vector<Sheet> sheets;
  for (const std::string& level : level_of_each) sheets.push_back(judged({level}));
  return outcome_of(sheets, catalogue()).value();
}

config::AbilityPoint two_pieces() {
  config::AbilityPoint point;
  point.code = "X1";
  point.evidence = {{"document", "教学设计", "", "confirmed", {}},
                    {"video", "课堂实录", "", "confirmed", {}}};
  return point;
}

Sheet complete() {
  Sheet sheet;
  sheet.pieces = {{"教学设计", "合格", {{"room", 0}}, ""}, {"课堂实录", "优秀", {{"board", 3000}}, ""}};
  return sheet;
}

std::string fault(const Sheet& sheet) {
  const Citable citable{{"room", "board"}, 3000};
  const auto found = fault_of(sheet, two_pieces(), catalogue(), citable);
  return found ? found->code + " " + found->piece : "";
}

}  // namespace

TEST_CASE("a point is as good as the worst of its pieces") {
  CHECK(level_of(judged({"优秀", "优秀"}), catalogue()) == "优秀");
  CHECK(level_of(judged({"优秀", "合格"}), catalogue()) == "合格");
  CHECK(level_of(judged({"优秀", "不合格", "合格"}), catalogue()) == "不合格");
}

TEST_CASE("one sheet decides nothing, two equal ones decide") {
  CHECK(outcome({}).next == Next::kWait);
  CHECK(outcome({"优秀"}).next == Next::kWait);
  for (const char* level : {"优秀", "合格", "不合格"}) {
    const Outcome decided = outcome({level, level});
    CHECK(decided.next == Next::kDecided);
    CHECK(decided.level == level);
  }
}

TEST_CASE("two different levels need a third, who decides by majority, or the middle one stands") {
  // Every order of every three levels; expected: the median by rank, which is the majority where there is
  // one.
  const std::vector<std::string> levels = {"优秀", "合格", "不合格"};
  for (std::size_t a = 0; a < 3; ++a) {
    for (std::size_t b = 0; b < 3; ++b) {
      if (a == b) continue;
      CHECK(outcome({levels[a], levels[b]}).next == Next::kThirdAssessor);
      for (std::size_t c = 0; c < 3; ++c) {
        const std::size_t median = std::max(std::min(a, b), std::min(std::max(a, b), c));
        const Outcome decided = outcome({levels[a], levels[b], levels[c]});
        CHECK(decided.next == Next::kDecided);
        CHECK(decided.level == levels[median]);
        const std::size_t order[] = {a, b, c};
        CHECK(order[decided.deciding] == median);
      }
    }
  }
}

TEST_CASE("a sheet is handed in when every piece has a level and every level a moment of the clip") {
  CHECK(fault(complete()) == "");
  Sheet sheet = complete();
  sheet.pieces[1].level.reset();
  CHECK(fault(sheet) == "piece-without-level 课堂实录");
  sheet = complete();
  sheet.pieces.pop_back();
  CHECK(fault(sheet) == "piece-without-level 课堂实录");
  sheet = complete();
  sheet.pieces[0].moments.clear();
  CHECK(fault(sheet) == "level-without-moment 教学设计");
  sheet = complete();
  sheet.pieces[0].level = "很好";
  CHECK(fault(sheet) == "unknown-level 教学设计");
  sheet = complete();
  sheet.pieces[0].moments.push_back({"room", 3001});
  CHECK(fault(sheet) == "moment-outside-clip 教学设计");
  sheet.pieces[0].moments.back() = {"room", -1};
  CHECK(fault(sheet) == "moment-outside-clip 教学设计");
  sheet.pieces[0].moments.back() = {"door", 0};
  CHECK(fault(sheet) == "moment-outside-clip 教学设计");
}

TEST_CASE("pieces that the point does not ask for have no say") {
  Sheet sheet = complete();
  sheet.pieces.insert(sheet.pieces.begin(), {"made up", "不合格", {{"room", 0}}, ""});
  sheet.pieces.push_back({"教学设计", "不合格", {{"room", 0}}, ""});  // twice: the first counts
  const Sheet kept = for_point(sheet, two_pieces());
  REQUIRE(kept.pieces.size() == 2);
  CHECK(kept.pieces[0].title == "教学设计");
  CHECK(level_of(kept, catalogue()) == "合格");
}

TEST_CASE("a sheet comes back from its JSON as it was") {
  Sheet sheet = complete();
  sheet.pieces[0].level.reset();
  sheet.comments = {{1500, "room", "讲得清楚 \"quoted\" \n"}};
  sheet.watched = {{"room", 0, 2500}};
  const Json json = sheet.to_json();
  CHECK(canonical_json(Sheet::from_json(json).value().to_json()) == canonical_json(json));
  CHECK(Sheet::from_json(Json::object()).value().pieces.empty());
}

TEST_CASE("sheets of wrong types and of wrong sizes are refused with a sentence") {
  const auto refused = [](const Json& json) {
    const auto sheet = Sheet::from_json(json);
    return !sheet && sheet.error().kind == ErrorKind::kInvalidArgument && !sheet.error().message.empty();
  };
  CHECK(refused({{"pieces", 3}}));
  CHECK(refused({{"pieces", {1}}}));
  CHECK(refused({{"pieces", {{{"title", 7}}}}}));
  CHECK(refused({{"pieces", {{{"title", "x"}, {"moments", "all"}}}}}));
  CHECK(refused({{"comments", {{{"at_ms", "soon"}, {"text", "x"}, {"source", "room"}}}}}));
  CHECK(refused({{"comments", {{{"at_ms", 1}, {"source", "room"}, {"text", std::string(4001, 'x')}}}}}));
  CHECK(refused({{"watched", Json::array({{{"source", "room"}}})}}));
  Json many = Json::array();
  for (int i = 0; i < 65; ++i) many.push_back({{"title", "x"}});
  CHECK(refused({{"pieces", many}}));
}
