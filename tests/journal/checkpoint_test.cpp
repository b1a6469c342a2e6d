#include "capture/journal/checkpoint.h"

#include <catch2/catch.hpp>

#include "firmware/base/file_system.h"
#include "tests/base/temporary_directory.h"
#include "tests/bmff/media_fixture.h"

namespace shilu::journal {
namespace {

Checkpoint example() {
  Checkpoint c;
  c.lesson_id = "01932d3a-7c11-7aaa-8bbb-0123456789ab";
  c.tree_size = 42;
  c.root = sha256("abc");
  c.previous = Digest{};
  c.at = LessonTime{10'000'000'000};
  c.utc = "2026-11-21T08:00:10.000Z";
  c.synchronised = true;
  c.error_ms = 3;
  c.reason = "time";
  return c;
}

TEST_CASE("a checkpoint is written to the letter and comes back") {
  const auto payload = example().payload();
  CHECK(
      as_text(payload) ==
      R"({"at_ns":10000000000,"error_ms":3,"lesson_id":"01932d3a-7c11-7aaa-8bbb-0123456789ab",)"
      R"("previous_sha256":"0000000000000000000000000000000000000000000000000000000000000000","reason":"time",)"
      R"("root_sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad","synchronised":true,)"
      R"("tree_size":42,"utc":"2026-11-21T08:00:10.000Z"})");
  const auto back = Checkpoint::from_payload(payload);
  REQUIRE(back);
  CHECK(back->payload() == payload);
}

TEST_CASE("openssl verifies a checkpoint's line") {
  const test::TemporaryDirectory directory;
  const auto key = SigningKey::generate();
  const auto one = sign_checkpoint(example(), key).value();
  CHECK(one.line == one.envelope.to_json());
  CHECK(one.line.find('\n') == std::string::npos);
  const auto write = [&](std::string_view name, ByteView bytes) {
    return write_file_atomic(directory / name, bytes).has_value();
  };
  REQUIRE(write("key.pem", as_bytes(key.public_key().pem())));
  REQUIRE(write("pae", dsse_pae(kCheckpointType, example().payload())));
  REQUIRE(write("sig", one.envelope.signature));
  CHECK(test::run_tool({"openssl", "pkeyutl", "-verify", "-pubin", "-inkey", directory / "key.pem", "-rawin",
                        "-in", directory / "pae", "-sigfile", directory / "sig"}) ==
        "Signature Verified Successfully\n");
}

TEST_CASE("whole lines are read and a torn last one is left out") {
  const auto key = SigningKey::generate();
  const auto first = sign_checkpoint(example(), key).value();
  auto next = example();
  next.previous = sha256(first.line);
  const auto second = sign_checkpoint(next, key).value();
  const auto text = first.line + "\n" + second.line + "\n";
  const auto both = parse_checkpoints(text);
  REQUIRE(both);
  REQUIRE(both->size() == 2);
  CHECK((*both)[1].line == second.line);
  CHECK((*both)[1].checkpoint.previous == next.previous);
  for (std::size_t size = 0; size < text.size(); ++size) {
    const auto some = parse_checkpoints(std::string_view(text).substr(0, size));
    REQUIRE(some);
    REQUIRE(some->size() == (size > first.line.size() ? 1u : 0u));
  }
}

TEST_CASE("a whole line that is no checkpoint is corruption") {
  const auto key = SigningKey::generate();
  const auto good = sign_checkpoint(example(), key).value().line + "\n";
  const auto other = dsse_sign("application/x-other", as_bytes("{}"), key).value().to_json();
  for (const auto& bad : {std::string(), std::string("{}"), std::string(10, '\0'), other}) {
    const auto result = parse_checkpoints(good + bad + "\n" + good);
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == ErrorKind::kCorrupted);
    CHECK(result.error().message.find("line 2") != std::string::npos);
  }
  for (const auto* payload : {"{}", "[]", R"({"tree_size":0})"})
    CHECK_FALSE(Checkpoint::from_payload(as_bytes(payload)));
}

}  // namespace
}  // namespace shilu::journal
