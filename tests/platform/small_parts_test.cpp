// Parsers and guards of the platform, each by itself.

#include <catch2/catch.hpp>

#include "firmware/base/json_io.h"
#include "tests/platform/platform_fixture.h"
#include "upload/platform/attempt_limiter.h"
#include "upload/platform/blindfold.h"
#include "upload/platform/offer.h"
#include "upload/platform/rejection.h"
#include "upload/platform/tus_metadata.h"

using namespace shilu;
using namespace shilu::platform;

TEST_CASE("upload metadata is pairs of a key and base64") {
  // base64 of "hello" by coreutils: aGVsbG8=
  const auto metadata = parse_metadata("filename aGVsbG8=, is_draft,empty ");
  REQUIRE(metadata);
  CHECK(metadata->at("filename") == "hello");
  CHECK(metadata->at("is_draft").empty());
  CHECK(metadata->at("empty").empty());
  CHECK(parse_metadata("")->empty());
}

TEST_CASE("upload metadata that is none is refused") {
  for (const char* header : {"filename aGVsbG8", "filename ???", ",",
                             "a aGVsbG8=,,b aGVsbG8=", "a aGVsbG8=,a aGVsbG8=", "a aGVsbG8= aGVsbG8="}) {
    INFO(header);
    CHECK_FALSE(parse_metadata(header));
  }
  CHECK_FALSE(parse_metadata(std::string(4097, 'a')));
  std::string many;
  for (int i = 0; i < 33; ++i) many += "k" + std::to_string(i) + ",";
  many.pop_back();
  CHECK_FALSE(parse_metadata(many));
}

TEST_CASE("an offer has as many block hashes as its size asks for") {
  const Json good = test::offer_of("package");
  CHECK(Offer::from_json(good));
  Json offer = good;
  offer["size_bytes"] = (8 << 20) + 1;  // two blocks
  CHECK_FALSE(Offer::from_json(offer));
  offer["blocks"].push_back(good["blocks"][0]);
  CHECK(Offer::from_json(offer));
  offer["size_bytes"] = 16 << 20;  // exactly two
  CHECK(Offer::from_json(offer));
}

TEST_CASE("offers of wrong types are refused") {
  const Json good = test::offer_of("package");
  const std::map<std::string, Json> wrong = {{"package_sha256", "ABC"},
                                             {"size_bytes", -1},
                                             {"block_size", 4096},
                                             {"blocks", "none"},
                                             {"programme", std::string(129, 'x')},
                                             {"point", 6}};
  for (const auto& [member, value] : wrong) {
    INFO(member);
    Json offer = good;
    offer[member] = value;
    const auto refused = Offer::from_json(offer);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::kInvalidArgument);
    offer.erase(member);
    CHECK_FALSE(Offer::from_json(offer));
  }
  Json huge = good;
  huge["size_bytes"] = std::numeric_limits<std::uint64_t>::max();
  CHECK_FALSE(Offer::from_json(huge));
  huge["size_bytes"] = 1e300;
  CHECK_FALSE(Offer::from_json(huge));
}

TEST_CASE("the blindfold covers every telling word, the longest first") {
  const Blindfold blindfold({"王晓梅", "王晓", "T001", "", "实验中学", "一"});
  CHECK(blindfold.cover("王晓梅老师(T001)在实验中学，T001") == "…老师(…)在…，…");
  CHECK(blindfold.cover("一元一次方程") == "一元一次方程");  // one character is no name
  CHECK(Blindfold({}).cover("x") == "x");
}

TEST_CASE("a package is taken only when everything is said in its favour") {
  const auto facts = [] {
    std::vector<evidence::Fact> list;
    for (const auto& [fact, value] :
         std::vector<std::pair<std::string, std::string>>{{"structure", "intact"},
                                                          {"contents", "intact"},
                                                          {"seal", "valid"},
                                                          {"device", "known"},
                                                          {"certificate", "valid"},
                                                          {"revocation", "not-revoked"},
                                                          {"key-level", "software"},
                                                          {"recording", "signed"},
                                                          {"continuity", "whole"},
                                                          {"clock", "unsynchronised"},
                                                          {"teacher", "asserted"},
                                                          {"identity", "sealed"},
                                                          {"receipt", "absent"}}) {
      list.push_back({fact, value, "", 0, false, false});
    }
    return list;
  };
  CHECK(reasons_against(facts()).empty());
  for (std::size_t i = 0; i < facts().size(); ++i) {
    auto altered = facts();
    if (altered[i].fact == "clock" || altered[i].fact == "receipt") continue;
    INFO(altered[i].fact);
    altered[i].value = "of a later version";
    CHECK(reasons_against(altered).size() == 1);
    auto unsaid = facts();
    unsaid.erase(unsaid.begin() + static_cast<std::ptrdiff_t>(i));
    CHECK(reasons_against(unsaid).size() == 1);
  }
  auto two_clips = facts();
  two_clips.push_back({"continuity", "cannot-check", "", 2, false, false});
  CHECK(reasons_against(two_clips).size() == 1);
  auto without_times =
      facts();  // of a recorder that has never been online; only the device's own word for when
  without_times[4].value = "cannot-check";
  REQUIRE(without_times[4].fact == "certificate");
  CHECK(reasons_against(without_times).empty());
}

TEST_CASE("every reason has its own sentence") {
  const std::vector<std::pair<std::string, std::string>> refused = {
      {"structure", "altered"}, {"contents", "altered"},  {"seal", "invalid"},       {"seal", "missing"},
      {"device", "unknown"},    {"recording", "altered"}, {"continuity", "altered"}, {"teacher", "altered"},
      {"identity", "absent"},   {"identity", "withheld"}};
  for (const auto& [fact, value] : refused) {
    INFO(fact << " " << value);
    const auto reasons =
        reasons_against(std::vector<evidence::Fact>{{fact, value, "byte 7", 0, false, true}});
    REQUIRE(reasons.size() == 1);
    CHECK(reasons[0].code != "cannot-check");
    CHECK(reasons[0].text.size() > 40);
    CHECK(reasons[0].text.find("byte 7") != std::string::npos);
  }
}

TEST_CASE("who tries too many wrong secrets has to wait, others do not") {
  test::HandClock clock;
  AttemptLimiter limiter(clock);
  for (int i = 0; i < 10; ++i) {
    CHECK(limiter.wait_of("10.0.0.1").count() == 0);
    limiter.count_wrong("10.0.0.1");
  }
  CHECK(limiter.wait_of("10.0.0.1").count() == 60);
  CHECK(limiter.wait_of("10.0.0.2").count() == 0);
  clock.advance(std::chrono::seconds(59));
  CHECK(limiter.wait_of("10.0.0.1").count() == 1);
  clock.advance(std::chrono::seconds(1));
  CHECK(limiter.wait_of("10.0.0.1").count() == 0);
}
