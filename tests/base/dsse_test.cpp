#include "firmware/base/dsse.h"

#include <catch2/catch.hpp>

#include "firmware/base/file_system.h"
#include "firmware/base/json_io.h"
#include "firmware/base/process.h"
#include "tests/base/temporary_directory.h"

using namespace shilu;

namespace {

constexpr std::string_view kType = "http://example.com/HelloWorld";

int run_openssl(const std::vector<std::string>& arguments, const std::filesystem::path& log) {
  auto child = ChildProcess::start({"openssl", arguments, {}, Lifetime::kWithParent, log}).value();
  while (!child.poll()) {
  }
  return *child.poll();
}

}  // namespace

TEST_CASE("the pre-authentication encoding is that of the DSSE specification's test vector") {
  // secure-systems-lab/dsse protocol.md, "Test Vectors"
  CHECK(as_text(dsse_pae(kType, as_bytes("hello world"))) ==
        "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
}

TEST_CASE("an envelope is one line of JSON in the documented order") {
  const auto key = SigningKey::generate();
  const auto envelope = dsse_sign(kType, as_bytes("hello world"), key).value();
  CHECK(envelope.to_json() ==
        "{\"payloadType\":\"http://example.com/HelloWorld\",\"payload\":\"aGVsbG8gd29ybGQ=\","
        "\"signatures\":[{\"keyid\":\"" +
            key.public_key().id() + "\",\"sig\":\"" + to_base64(envelope.signature) + "\"}]}");
}

TEST_CASE("an envelope survives being written and read") {
  const auto key = SigningKey::generate();
  const auto read =
      DsseEnvelope::from_json(dsse_sign(kType, as_bytes("课\0堂"), key).value().to_json()).value();
  CHECK(read.verified_by(key.public_key()));
  CHECK(read.payload_type == kType);
  CHECK(as_text(read.payload) == "课\0堂");
}

TEST_CASE("openssl alone verifies an envelope") {
  const test::TemporaryDirectory directory;
  const auto key = SigningKey::generate();
  const auto envelope = dsse_sign(kType, as_bytes("hello world"), key).value();
  // Put together by hand, as docs/ref/signatures.md shows it.
  const std::string pae = "DSSEv1 29 http://example.com/HelloWorld 11 hello world";
  REQUIRE(write_file_atomic(directory / "key.pem", as_bytes(key.public_key().pem())));
  REQUIRE(write_file_atomic(directory / "pae", as_bytes(pae)));
  REQUIRE(write_file_atomic(directory / "sig", envelope.signature));
  REQUIRE(write_file_atomic(directory / "other", as_bytes(pae + "!")));
  const auto verify = [&](std::string_view file) {
    return run_openssl({"pkeyutl", "-verify", "-pubin", "-inkey", directory / "key.pem", "-rawin", "-in",
                        directory / file, "-sigfile", directory / "sig"},
                       directory / "log");
  };
  CHECK(verify("pae") == 0);
  CHECK_THAT(read_text_file(directory / "log").value(), Catch::Contains("Signature Verified Successfully"));
  CHECK(verify("other") != 0);
}

TEST_CASE("a private key of ours is one that openssl reads, and the other way round") {
  const test::TemporaryDirectory directory;
  const auto log = directory / "log";
  const auto key = SigningKey::load_or_create(directory / "ours.key").value();
  REQUIRE(run_openssl({"pkey", "-in", directory / "ours.key", "-pubout", "-out", directory / "ours.pub"},
                      log) == 0);
  CHECK(read_text_file(directory / "ours.pub").value() == key.public_key().pem());

  REQUIRE(run_openssl({"genpkey", "-algorithm", "ED25519", "-out", directory / "theirs.key"}, log) == 0);
  CHECK(SigningKey::load(directory / "theirs.key"));
  REQUIRE(run_openssl({"genpkey", "-algorithm", "X25519", "-out", directory / "dh.key"}, log) == 0);
  CHECK(SigningKey::load(directory / "dh.key").error().kind == ErrorKind::kCorrupted);
}

TEST_CASE("an envelope whose type, payload, signature or key id was changed does not verify") {
  const auto key = SigningKey::generate();
  const auto good = dsse_sign(kType, as_bytes("hello world"), key).value();
  REQUIRE(good.verified_by(key.public_key()));
  auto type = good;
  type.payload_type += "2";
  auto payload = good;
  payload.payload[0] = 'j';
  auto signature = good;
  signature.signature[0] ^= 1u;
  auto key_id = good;
  key_id.key_id.back() = key_id.key_id.back() == '0' ? '1' : '0';
  for (const auto& bad : {type, payload, signature, key_id}) CHECK_FALSE(bad.verified_by(key.public_key()));
  CHECK_FALSE(good.verified_by(SigningKey::generate().public_key()));
}

TEST_CASE("the encoding of type and payload cannot be shifted into each other") {
  CHECK(dsse_pae("a 1", as_bytes("b")) != dsse_pae("a", as_bytes("1 b")));
}

TEST_CASE("an envelope is read leniently as JSON but must have exactly one signature") {
  const std::string one = R"({"keyid":"k","sig":"AAAA"})";
  const auto with = [](const std::string& list) {
    return DsseEnvelope::from_json(R"({ "signatures" : [)" + list +
                                   R"(], "extra":1, "payload":"aGk=", "payloadType":"t"})");
  };
  CHECK(with(one).value().payload == to_bytes("hi"));
  CHECK_FALSE(with(""));
  CHECK_FALSE(with(one + "," + one));
  CHECK_FALSE(with("7"));
  CHECK_FALSE(with(R"({"keyid":"k","sig":"A"})"));
  CHECK_FALSE(DsseEnvelope::from_json(R"({"payload":"aGk=","payloadType":"t"})"));
  CHECK_FALSE(DsseEnvelope::from_json("[]"));
  CHECK_FALSE(DsseEnvelope::from_json(""));
}
