// From two assessors' judgement to the verdict, and what assessors never see.

#include <catch2/catch.hpp>

#include "firmware/base/digest.h"
#include "tests/base/eventually.h"
#include "tests/base/test_keys.h"
#include "tests/platform/platform_fixture.h"
#include "upload/evidence/package_reader.h"
#include "upload/evidence/receipt.h"

using namespace shilu;
using namespace shilu::test;

namespace {

Json queue_of(Caller& assessor) {
  return assessor.get("/api/v1/review/queue").json()["items"];
}

std::string only_review(Caller& assessor) {
  const Json items = queue_of(assessor);
  if (items.size() != 1) throw std::runtime_error("queue: " + items.dump());
  return items[0]["id"].get<std::string>();
}

// Every piece of the review at this level, citing one second.
Json sheet_of(const Json& review, const std::string& level, const std::string& comment = "好") {
  Json pieces = Json::array();
  for (const Json& piece : review["pieces"]) {
    pieces.push_back({{"title", piece["title"]},
                      {"level", level},
                      {"comment", comment},
                      {"moments", {{{"source", "room"}, {"at_ms", 1000}}}}});
  }
  return {{"pieces", std::move(pieces)},
          {"comments", {{{"at_ms", 500}, {"source", "room"}, {"text", comment + "！"}}}},
          {"watched", {{{"source", "room"}, {"from_ms", 0}, {"to_ms", 3000}}}}};
}

Answer judge(Caller& assessor, const std::string& level, const std::string& comment = "好") {
  const std::string id = only_review(assessor);
  const Json review = assessor.get("/api/v1/review/" + id).json();
  return assessor.post("/api/v1/review/" + id + "/hand-in", sheet_of(review, level, comment));
}

// A platform to which one package has been delivered.
struct Delivered {
  RunningPlatform platform;
  Made made =
      make_package(platform, "a", {.fields = {{"教学重点", "王老师的勾股定理"}, {"学校名称", "实验中学"}}});
  Caller device = platform.device(made.keys);
  Json state = deliver(device, made.file);
};

Json state_of(Delivered& delivered) {
  return delivered.device.get("/api/v1/submissions/" + delivered.made.sha256).json();
}

evidence::Verdict verdict_of(Delivered& delivered) {
  const Json json = state_of(delivered)["verdict"];
  return must(evidence::open_verdict(must(DsseEnvelope::from_json(canonical_json(json))),
                                     delivered.platform.receipt_key()));
}

}  // namespace

TEST_CASE("two assessors of the same mind give the verdict, and the device gets it signed") {
  Delivered delivered;
  Caller first = delivered.platform.assessor("E01");
  Caller second = delivered.platform.assessor("E02");
  Caller third = delivered.platform.assessor("E03");
  CHECK(queue_of(third).empty());
  CHECK(judge(first, "优秀", "甲").status == 204);
  CHECK(state_of(delivered)["verdict"].is_null());
  CHECK(judge(second, "优秀", "乙").status == 204);
  const evidence::Verdict verdict = verdict_of(delivered);
  CHECK(to_hex(verdict.package_sha256) == delivered.made.sha256);
  CHECK(verdict.point == "A6");
  CHECK(verdict.level == "优秀");
  CHECK(verdict.assessors == 2);
  CHECK_FALSE(verdict.pieces.empty());
  std::size_t mine = 0, theirs = 0;
  for (const auto& reason : verdict.reasons) {
    mine += reason.text.find("甲") != std::string::npos;
    theirs += reason.text.find("乙") != std::string::npos;
  }
  CHECK(mine == verdict.pieces.size() + 1);  // one moment a piece, and one comment
  CHECK(theirs == mine);
  const std::string text = state_of(delivered).dump();
  CHECK(text.find("E01") == std::string::npos);
  CHECK(queue_of(third).empty());
  CHECK(queue_of(first)[0]["state"] == "done");
}

TEST_CASE("different levels call a third assessor, who decides") {
  Delivered delivered;
  Caller first = delivered.platform.assessor("E01");
  Caller second = delivered.platform.assessor("E02");
  Caller third = delivered.platform.assessor("E03");
  judge(first, "优秀");
  judge(second, "不合格");
  CHECK(state_of(delivered)["verdict"].is_null());
  const Json items = queue_of(third);
  REQUIRE(items.size() == 1);
  CHECK(items[0]["third"] == true);
  CHECK(judge(third, "合格").status == 204);
  const evidence::Verdict verdict = verdict_of(delivered);
  CHECK(verdict.level == "合格");
  CHECK(verdict.assessors == 3);
  for (const auto& piece : verdict.pieces) CHECK(piece.level == "合格");
}

TEST_CASE("reviews go to those who have the least to do, ties by name") {
  RunningPlatform platform(4);
  Caller device = platform.device(platform.home() / "keys");
  const auto open = [&](const std::string& id) {
    Caller assessor = platform.assessor(id);
    return queue_of(assessor).size();
  };
  deliver(device, make_package(platform, "a", {.point = "A5"}).file);
  CHECK(open("E01") + open("E02") == 2);
  deliver(device, make_package(platform, "b", {.point = "A6"}).file);
  CHECK(open("E03") + open("E04") == 2);
  deliver(device, make_package(platform, "c", {.point = "A7"}).file);
  CHECK(open("E01") == 2);
  CHECK(open("E02") == 2);
  CHECK(open("E03") == 1);
}

TEST_CASE("too few assessors hold a package up only until there are enough") {
  RunningPlatform platform(1);
  const Made made = make_package(platform, "a");
  Caller device = platform.device(made.keys);
  CHECK(deliver(device, made.file)["state"] == "acknowledged");
  Caller first = platform.assessor("E01");
  CHECK(judge(first, "优秀").status == 204);
  platform.stop();
  platform.write_accounts(2);
  platform.start();
  Caller second = platform.assessor("E02");
  REQUIRE(eventually([&] { return queue_of(second).size() == 1; }));
  CHECK(judge(second, "合格").status == 204);
  Caller again(platform.url(), device.token());
  CHECK(again.get("/api/v1/submissions/" + made.sha256).json()["verdict"].is_null());
  platform.stop();
  platform.write_accounts(3);
  platform.start();
  Caller third = platform.assessor("E03");
  REQUIRE(eventually([&] { return queue_of(third).size() == 1; }));
  CHECK(judge(third, "合格").status == 204);
  CHECK(Caller(platform.url(), device.token())
            .get("/api/v1/submissions/" + made.sha256)
            .json()["verdict"]
            .is_object());
}

TEST_CASE("who stands in the accounts no more may not go on, and the reviews go to others") {
  RunningPlatform platform(3);
  const Made made = make_package(platform, "a");
  Caller device = platform.device(made.keys);
  deliver(device, made.file);
  Caller second = platform.assessor("E02");
  CHECK(queue_of(second).size() == 1);
  platform.stop();
  const Json left = {{"assessors",
                      {{{"id", "E01"}, {"name", "甲"}, {"pin", "pin-E01"}},
                       {{"id", "E03"}, {"name", "丙"}, {"pin", "pin-E03"}}}}};
  write_bytes(platform.home() / "accounts.json", to_bytes(canonical_json(left)));
  platform.start();
  CHECK(Caller(platform.url(), second.token()).get("/api/v1/review/queue").status == 401);
  CHECK(platform.anybody().post("/api/v1/session", {{"assessor", "E02"}, {"pin", "pin-E02"}}).code() ==
        "wrong-pin");
  Caller third = platform.assessor("E03");
  CHECK(eventually([&] { return queue_of(third).size() == 1; }));
}

TEST_CASE("a draft that is based on an older one does not take the place of a newer one") {
  Delivered delivered;
  Caller office = delivered.platform.assessor("E01");
  Caller home = delivered.platform.assessor("E01");
  const std::string path = "/api/v1/review/" + only_review(office);
  const Json review = office.get(path).json();
  const auto save = [&](Caller& from, const std::string& level, const Json& version) {
    Json sheet = sheet_of(review, level);
    sheet["based_on"] = version;
    return from.put(path + "/draft", sheet);
  };
  const auto level = [&] { return home.get(path).json()["draft"]["pieces"][0]["level"]; };
  const Answer first = save(home, "优秀", review["draft_version"]);
  CHECK(first.status == 200);
  CHECK(first.json()["draft_version"] == home.get(path).json()["draft_version"]);
  CHECK(save(office, "不合格", review["draft_version"]).status == 412);
  CHECK(save(office, "不合格", review["draft_version"]).code() == "draft-changed");
  CHECK(level() == "优秀");
  CHECK(save(home, "合格", first.json()["draft_version"]).status == 200);
  CHECK(level() == "合格");
  CHECK(save(office, "不合格", office.get(path).json()["draft_version"]).status == 200);
  CHECK(level() == "不合格");
  Json stale = sheet_of(review, "合格");
  stale["based_on"] = review["draft_version"];
  CHECK(office.post(path + "/hand-in", stale).code() == "draft-changed");
  CHECK(judge(home, "优秀").status == 204);
  CHECK(save(home, "合格", home.get(path).json()["draft_version"]).code() == "handed-in");
  CHECK(save(office, "合格", review["draft_version"]).code() == "handed-in");
}

TEST_CASE("a draft is kept as it was saved, and nobody else sees it") {
  Delivered delivered;
  Caller first = delivered.platform.assessor("E01");
  Caller second = delivered.platform.assessor("E02");
  const std::string id = only_review(first);
  CHECK(first.get("/api/v1/review/" + id).json()["draft"] == Json::object());
  Json sheet = sheet_of(first.get("/api/v1/review/" + id).json(), "合格", "草稿");
  sheet["pieces"][0]["level"] = nullptr;
  CHECK(first.put("/api/v1/review/" + id + "/draft", sheet).status == 200);
  CHECK(first.get("/api/v1/review/" + id).json()["draft"] == sheet);
  CHECK(queue_of(first)[0]["state"] == "draft");
  CHECK(second.get("/api/v1/review/" + only_review(second)).body.find("草稿") == std::string::npos);
  for (const char* path : {"", "/clips/1/room.mp4", "/documents/1"}) {
    INFO(path);
    CHECK(second.get("/api/v1/review/" + id + path).status == 404);
  }
  CHECK(second.put("/api/v1/review/" + id + "/draft", sheet).status == 404);
  CHECK(second.post("/api/v1/review/" + id + "/hand-in", sheet).status == 404);
  CHECK(first.put("/api/v1/review/" + id + "/draft", {{"pieces", "all good"}}).status == 400);
  CHECK(first.get("/api/v1/review/" + id).json()["draft"] == sheet);
}

TEST_CASE("a hand-in is whole or refused, once, and repeating it does no harm") {
  Delivered delivered;
  Caller first = delivered.platform.assessor("E01");
  const std::string id = only_review(first);
  const Json good = sheet_of(first.get("/api/v1/review/" + id).json(), "合格");
  const std::string title = good["pieces"][0]["title"].get<std::string>();
  const auto hand_in = [&](const Json& sheet) {
    return first.post("/api/v1/review/" + id + "/hand-in", sheet);
  };
  Json sheet = good;
  sheet["pieces"][0]["level"] = nullptr;
  CHECK(hand_in(sheet).status == 422);
  CHECK(hand_in(sheet).code() == "piece-without-level");
  CHECK(hand_in(sheet).json()["detail"].get<std::string>().find(title) != std::string::npos);
  sheet = good;
  sheet["pieces"][0]["moments"] = Json::array();
  CHECK(hand_in(sheet).code() == "level-without-moment");
  sheet["pieces"][0]["moments"] = {{{"source", "room"}, {"at_ms", 3001}}};  // the clip has 3 s
  CHECK(hand_in(sheet).code() == "moment-outside-clip");
  CHECK(hand_in(Json::object()).code() == "piece-without-level");
  CHECK(hand_in(good).status == 204);
  CHECK(hand_in(good).status == 204);
  sheet = good;
  sheet["pieces"][0]["level"] = "优秀";
  CHECK(hand_in(sheet).code() == "handed-in");
  CHECK(first.put("/api/v1/review/" + id + "/draft", good).code() == "handed-in");
}

TEST_CASE("the review tells what is judged, what is proven and what is missing") {
  Delivered delivered;
  Caller first = delivered.platform.assessor("E01");
  const Json review = first.get("/api/v1/review/" + only_review(first)).json();
  CHECK(review["point"]["code"] == "A6");
  CHECK(review["programme"] == "cn-moe-2.0");
  CHECK(review["levels"] == Json({"优秀", "合格", "不合格"}));
  REQUIRE(review["clips"].size() == 1);
  const Json& clip = review["clips"][0];
  CHECK(clip["index"] == 1);
  CHECK(clip["sources"] == Json({"room"}));
  CHECK(clip["duration_ms"] == 3000);
  // The fixture leaves out every fragment that touches 2.0 s to 2.6 s; the clip begins at 1 s. Pictures: the
  // second from 2 s on. Sound: fragments of 8 x 1024 / 8000 = 1.024 s, so those from 1.024 s to 3.072 s.
  std::map<std::string, std::pair<int, int>> gaps;
  for (const Json& gap : clip["gaps"]) {
    CHECK(gap["reason"] == "source-lost");
    gaps[gap["track"].get<std::string>()] = {gap["from_ms"].get<int>(), gap["to_ms"].get<int>()};
  }
  CHECK(gaps["room.video"] == std::pair(1000, 2000));
  CHECK(gaps["room.audio"] == std::pair(24, 2072));
  REQUIRE(review["marks"].size() == 1);
  CHECK(review["marks"][0]["at_ms"] == 1500);
  CHECK(review["marks"][0]["from_ms"] == 500);
  CHECK(review["marks"][0]["to_ms"] == 2500);
  CHECK(review["marks"][0]["point"] == "A6");
  REQUIRE(review["documents"].size() == 2);
  CHECK(review["documents"][0]["title"] == "教学设计");
  CHECK(review["documents"][0]["media_type"] == "application/pdf");
  std::map<std::string, std::string> proof;
  for (const Json& fact : review["proof"])
    proof[fact["fact"].get<std::string>()] = fact["value"].get<std::string>();
  CHECK(proof["seal"] == "valid");
  CHECK(proof["device"] == "known");
  CHECK(proof["continuity"] == "whole-with-declared-gaps");
  CHECK(proof.count("receipt") == 0);
  for (const Json& piece : review["pieces"]) {
    CHECK(piece["title"].is_string());
    CHECK((piece["status"] == "confirmed" || piece["status"] == "unconfirmed"));
  }
}

TEST_CASE("clips and documents come by range out of the package, byte for byte") {
  Delivered delivered;
  Caller first = delivered.platform.assessor("E01");
  const std::string base = "/api/v1/review/" + only_review(first);
  const auto reader = must(evidence::PackageReader::open(delivered.made.file));
  const std::string clip(as_text(must(reader.read("data/clips/clip-1/room.mp4"))));
  const Answer whole = first.get(base + "/clips/1/room.mp4");
  CHECK(whole.status == 200);
  CHECK(whole.header("content-type") == "video/mp4");
  CHECK(whole.header("accept-ranges") == "bytes");
  CHECK(whole.body == clip);
  const Answer part = first.get(base + "/clips/1/room.mp4", {{"Range", "bytes=100-199"}});
  CHECK(part.status == 206);
  CHECK(part.body == clip.substr(100, 100));
  CHECK(first.get(base + "/clips/1/room.mp4", {{"If-None-Match", whole.header("etag")}}).status == 304);
  const Answer document = first.get(base + "/documents/2");
  CHECK(document.body == std::string(as_text(must(reader.read("data/documents/document-2.pdf")))));
  CHECK(document.header("content-type") == "application/pdf");
  CHECK(document.header("content-disposition") == "inline; filename=\"document-2.pdf\"");
  CHECK(document.header("content-security-policy").find("sandbox") != std::string::npos);
  CHECK(document.header("x-content-type-options") == "nosniff");
}

TEST_CASE("paths lead nowhere but to the clips and documents of the review") {
  Delivered delivered;
  Caller first = delivered.platform.assessor("E01");
  const std::string base = "/api/v1/review/" + only_review(first);
  for (const char* path :
       {"/clips/0/room.mp4", "/clips/2/room.mp4", "/clips/-1/room.mp4", "/clips/1/board.mp4", "/clips/1/room",
        "/clips/1/.mp4", "/clips/1/..%2f..%2fidentity.box", "/clips/1/room.mp4%00", "/clips/x/room.mp4",
        "/clips/1/../../identity.box.mp4", "/documents/0", "/documents/3", "/documents/1e0",
        "/documents/99999999999999999999", "/identity", "/clips/1/%2e%2e%2f%2e%2e%2fevidence.json.mp4"}) {
    INFO(path);
    const int status = first.get(base + path).status;
    CHECK((status == 404 || status == 400));
  }
  CHECK(first.get("/api/v1/review/%27%20or%201=1").status == 404);
}

TEST_CASE("nothing that assessors can read says whose lesson it is") {
  Delivered delivered;
  REQUIRE(delivered.state["state"] == "acknowledged");
  Caller first = delivered.platform.assessor("E01");
  const std::string base = "/api/v1/review/" + only_review(first);
  const Json review = first.get(base).json();
  CHECK(review["fields"]["教学重点"] == "…的勾股定理");
  CHECK(review["fields"].count("学校名称") == 0);
  const auto reader = must(evidence::PackageReader::open(delivered.made.file));
  const std::string evidence(as_text(must(reader.read("data/evidence.json"))));
  const std::string pseudonym = parse_json(evidence).value()["teacher"]["pseudonym"].get<std::string>();
  const std::string lesson = parse_json(evidence).value()["lesson"]["lesson_id"].get<std::string>();
  const auto key = test::certified(delivered.made.keys, KeyRole::kSeal);
  const std::vector<std::string> telling = {"T001",
                                            "王老师",
                                            "实验中学",
                                            "八(2)班教室",
                                            pseudonym,
                                            lesson,
                                            key.certificate.device_id,
                                            delivered.made.sha256};
  for (const std::string& path :
       {std::string("/api/v1/review/queue"), base, base + "/clips/1/room.mp4", base + "/documents/1",
        base + "/documents/2", std::string("/api/v1/session"), std::string("/api/v1/platform")}) {
    const Answer answer = first.get(path);
    CHECK(answer.status == 200);
    for (const std::string& word : telling) {
      INFO(path << " says " << word);
      CHECK(answer.body.find(word) == std::string::npos);
      for (const auto& [name, value] : answer.headers) CHECK(value.find(word) == std::string::npos);
    }
  }
  // Devices' calls are not theirs.
  CHECK(first.get("/api/v1/submissions/" + delivered.made.sha256).status == 401);
}

TEST_CASE("assessors sign in, are counted wrong, and sign out") {
  RunningPlatform platform;
  Caller peer = platform.anybody();
  const auto sign_in = [&](const std::string& pin) {
    return peer.post("/api/v1/session", {{"assessor", "E01"}, {"pin", pin}});
  };
  const Answer good = sign_in("pin-E01");
  CHECK(good.status == 200);
  CHECK(good.json()["assessor"]["name"] == "评审E01");
  const std::string cookie = good.header("set-cookie");
  CHECK(cookie.find("shilu_platform_session=") == 0);
  for (const char* flag : {"HttpOnly", "SameSite=Strict", "Max-Age=43200", "Path=/"})
    CHECK(cookie.find(flag) != std::string::npos);
  const Headers as_browser = {{"Cookie", cookie.substr(0, cookie.find(';'))}};
  CHECK(peer.get("/api/v1/session", as_browser).json()["assessor"]["id"] == "E01");
  CHECK(peer.call("DELETE", "/api/v1/session", "", as_browser).code() == "cross-site");
  Headers from_page = as_browser;
  from_page.emplace_back("X-Shilu-Request", "1");
  CHECK(peer.call("DELETE", "/api/v1/session", "", from_page).status == 204);
  CHECK(peer.get("/api/v1/session", as_browser).code() == "sign-in-needed");

  for (int i = 0; i < 5; ++i) CHECK(sign_in("wrong").code() == "wrong-pin");
  CHECK(sign_in("pin-E01").code() == "wait");
  CHECK(sign_in("pin-E01").header("retry-after") == "30");
  CHECK(peer.post("/api/v1/session", {{"assessor", "E99"}, {"pin", "x"}}).code() == "wrong-pin");
  CHECK(peer.post("/api/v1/session", {{"assessor", 1}, {"pin", "x"}}).status == 400);
  platform.clock.advance(std::chrono::seconds(30));
  CHECK(sign_in("pin-E01").status == 200);
}

TEST_CASE("a session ends after twelve hours, and when the PIN is changed") {
  RunningPlatform platform;
  Caller first = platform.assessor("E01");
  platform.clock.advance(std::chrono::hours(11));
  CHECK(first.get("/api/v1/session").status == 200);
  platform.clock.advance(std::chrono::hours(1));
  CHECK(first.get("/api/v1/session").status == 401);
  Caller again = platform.assessor("E01");
  platform.restart();
  CHECK(Caller(platform.url(), again.token()).get("/api/v1/session").status == 200);
  platform.stop();
  write_bytes(platform.home() / "accounts.json",
              to_bytes(R"({"assessors":[{"id":"E01","name":"甲","pin":"new"}]})"));
  platform.start();
  CHECK(Caller(platform.url(), again.token()).get("/api/v1/session").status == 401);
  CHECK(platform.anybody().post("/api/v1/session", {{"assessor", "E01"}, {"pin", "new"}}).status == 200);
}

TEST_CASE("the page is served at the root, with its own rules") {
  RunningPlatform platform;
  const Answer page = platform.anybody().get("/review/some-id");
  CHECK(page.status == 200);
  CHECK(page.body == "<!doctype html>page");
  CHECK(page.header("content-security-policy").find("default-src 'self'") != std::string::npos);
  CHECK(platform.anybody().get("/../platform.sqlite").status != 200);
  CHECK(platform.anybody().get("/api/v1/nothing").status == 404);
}
