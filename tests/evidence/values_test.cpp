// Bags, receipts, documents, identities: the small values and their texts.

#include <catch2/catch.hpp>

#include "firmware/base/json_io.h"
#include "tests/bmff/media_fixture.h"
#include "tests/evidence/evidence_fixture.h"
#include "upload/evidence/bag.h"
#include "upload/evidence/identity.h"
#include "upload/evidence/receipt.h"
#include "upload/evidence/web_vtt.h"

using namespace shilu;
using namespace shilu::evidence;
using namespace shilu::test;

namespace {

const std::string kHelloHash =
    "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";  // sha256sum of "hello"

Receipt some_receipt() {
  Receipt receipt;
  receipt.number = "R-2026-000123";
  receipt.package_sha256 = sha256("package");
  receipt.size_bytes = 7;
  receipt.received_utc = "2026-11-21T08:00:00.000Z";
  receipt.facts = {{"structure", "intact"}, {"seal", "valid"}};
  receipt.log_index = 42;
  receipt.platform = "reference";
  return receipt;
}

Result<std::string> type_of(const TemporaryDirectory& directory, const std::string& name, ByteView bytes) {
  write_bytes(directory / "document", bytes);
  return document_type(directory / "document", name);
}

}  // namespace

TEST_CASE("a manifest is what sha256sum -c reads") {
  TemporaryDirectory directory;
  write_bytes(directory / "b", to_bytes("hello"));
  write_bytes(directory / "a", to_bytes(""));
  const std::string text = manifest_text({{"b", sha256("hello")}, {"a", sha256("")}});
  CHECK(text ==
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  a\n" + kHelloHash + "  b\n");
  write_bytes(directory / "m", to_bytes(text));
  CHECK(run_tool({"bash", "-c", "cd " + directory.path().string() + "; sha256sum -c --strict m"}) ==
        "a: OK\nb: OK\n");
  CHECK(must(parse_manifest(text)).size() == 2);
}

TEST_CASE("manifests of other forms are refused") {
  const std::string line = kHelloHash + "  b\n";
  std::string upper = line;
  upper[0] = '2', upper[1] = 'C';
  for (const std::string& text :
       {std::string("\xef\xbb\xbf") + line, kHelloHash + " b\n", kHelloHash + " *b\n", kHelloHash + "\tb\n",
        kHelloHash + "  b", kHelloHash + "  b\r\n" + line, upper, line + line, kHelloHash + "  c\n" + line,
        line + "\n", kHelloHash.substr(1) + "  bb\n", kHelloHash + "  \n", std::string("\n")}) {
    INFO(text);
    CHECK(parse_manifest(text).error().kind == ErrorKind::kCorrupted);
  }
  // A name may be anything here; whether the file is there is another question.
  CHECK(must(parse_manifest(kHelloHash + "  ../b\r\n")).contains("../b\r"));
}

TEST_CASE("bag-info.txt describes the payload as RFC 8493 wants it") {
  CHECK(bag_info_text({"01938b6e-7e5f-7cc3-8b12-0a5a3c9f2e11", "shilu 0.1.0", 1234, 5}) ==
        "BagIt-Profile-Identifier: https://shilu.example/bagit-profile-1.json\nBag-Software-Agent: shilu "
        "0.1.0\n"
        "External-Identifier: 01938b6e-7e5f-7cc3-8b12-0a5a3c9f2e11\nPayload-Oxum: 1234.5\n");
  CHECK(bag_name("hello") == "evidence-2cf24dba5fb0a30e");
}

TEST_CASE("openssl verifies a receipt, and what was signed is what it says") {
  TemporaryDirectory directory;
  const auto key = SigningKey::generate();
  const auto envelope = must(sign_receipt(some_receipt(), key));
  write_bytes(directory / "r.json", to_bytes(envelope.to_json()));
  write_bytes(directory / "key.pem", to_bytes(key.public_key().pem()));
  // docs/ref/signatures.md, "By hand".
  CHECK(run_tool({"bash", "-c",
                  "cd " + directory.path().string() +
                      "; jq -r .payload r.json | base64 -d > payload; T=$(jq -j .payloadType r.json); "
                      "{ printf 'DSSEv1 %d %s %d ' ${#T} \"$T\" $(stat -c %s payload); cat payload; } > pae; "
                      "jq -r '.signatures[0].sig' r.json | base64 -d > sig; "
                      "openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in pae -sigfile sig; jq -c "
                      "'keys' payload"}) ==
        "Signature Verified Successfully\n"
        "[\"facts\",\"format\",\"log_index\",\"number\",\"package_sha256\",\"platform\",\"received_utc\","
        "\"size_bytes\"]\n");
  const auto opened = must(open_receipt(must(DsseEnvelope::from_json(envelope.to_json())), key.public_key()));
  CHECK(opened.number == "R-2026-000123");
  CHECK(opened.package_sha256 == sha256("package"));
  CHECK(opened.size_bytes == 7);
  CHECK(opened.facts == some_receipt().facts);
  CHECK(opened.log_index == 42);
}

TEST_CASE("receipts of others, of other types and of other content are refused") {
  const auto key = SigningKey::generate();
  const auto good = must(sign_receipt(some_receipt(), key));
  CHECK(open_receipt(good, SigningKey::generate().public_key()).error().kind == ErrorKind::kPermissionDenied);
  auto changed = good;
  changed.payload[10] ^= 1;
  CHECK(open_receipt(changed, key.public_key()).error().kind == ErrorKind::kPermissionDenied);
  CHECK(open_verdict(good, key.public_key()).error().kind == ErrorKind::kCorrupted);
  CHECK(open_receipt(must(dsse_sign(kVerdictType, good.payload, key)), key.public_key()).error().kind ==
        ErrorKind::kCorrupted);
  Json json = must(parse_json(as_text(good.payload)));
  const auto refused = [&](const Json& payload) {
    return open_receipt(must(dsse_sign(kReceiptType, as_bytes(canonical_json(payload)), key)),
                        key.public_key())
        .error()
        .kind;
  };
  for (const auto& [name, value] : json.items()) {
    INFO(name);
    Json without = json;
    without.erase(name);
    CHECK(refused(without) == ErrorKind::kCorrupted);
    Json other = json;
    other[name] = true;
    CHECK(refused(other) == ErrorKind::kCorrupted);
  }
  json["size_bytes"] = -1;
  CHECK(refused(json) == ErrorKind::kCorrupted);
}

TEST_CASE("a verdict survives being signed and opened") {
  const auto key = SigningKey::generate();
  Verdict verdict{sha256("package"),
                  "A6",
                  "优秀",
                  {{"课堂实录片段", "优秀"}},
                  {{"课堂实录片段", 2000, "room", "讲授清楚"}},
                  "2026-11-22T08:00:00.000Z",
                  3};
  const auto opened = must(open_verdict(must(sign_verdict(verdict, key)), key.public_key()));
  CHECK(opened.package_sha256 == verdict.package_sha256);
  CHECK(opened.level == "优秀");
  REQUIRE(opened.pieces.size() == 1);
  CHECK(opened.pieces[0].title == "课堂实录片段");
  REQUIRE(opened.reasons.size() == 1);
  CHECK(opened.reasons[0].at_ms == 2000);
  CHECK(opened.assessors == 3);
}

TEST_CASE("a receipt is a fact of its own") {
  TemporaryDirectory directory;
  const auto lesson = write_tiny_lesson(directory / "lesson", directory / "keys");
  const auto built = build(request_of(lesson.directory), lesson.keys, directory / "p.zip");
  const auto key = SigningKey::generate();
  auto receipt = some_receipt();
  receipt.package_sha256 = built.sha256;
  receipt.size_bytes = built.size_bytes;
  const auto value = [&](const DsseEnvelope& envelope, std::optional<PublicKey> with) {
    return value_of(verify_file(built.file, {{}, envelope, std::move(with)}), "receipt");
  };
  CHECK(value(must(sign_receipt(receipt, key)), key.public_key()) == "valid");
  CHECK(value(must(sign_receipt(receipt, key)), SigningKey::generate().public_key()) == "invalid");
  CHECK(value(must(sign_receipt(receipt, key)), std::nullopt) == "invalid");
  receipt.size_bytes += 1;
  CHECK(value(must(sign_receipt(receipt, key)), key.public_key()) == "invalid");
  receipt.size_bytes -= 1;
  receipt.package_sha256[0] ^= 1;
  CHECK(value(must(sign_receipt(receipt, key)), key.public_key()) == "invalid");
  CHECK(value_of(verify_file(built.file), "receipt") == "absent");
}

TEST_CASE("a document is what its first and last bytes say") {
  TemporaryDirectory directory;
  const auto pdf = read_bytes(std::filesystem::path(SHILU_TEST_DATA) / "documents/lesson-plan.pdf");
  CHECK(must(type_of(directory, "教案.PDF", pdf)) == "application/pdf");
  CHECK(must(type_of(directory, "a.txt", to_bytes("课堂\n"))) == "text/plain");
  CHECK(must(type_of(directory, "a.md", to_bytes("# x\n"))) == "text/plain");
  CHECK(must(type_of(directory, "a.png", must(from_hex("89504e470d0a1a0a0000000d49484452")))) == "image/png");
  CHECK(must(type_of(directory, "a.JPEG", must(from_hex("ffd8ffe000104a464946")))) == "image/jpeg");
  run_tool({"python3", "-c",
            "import sys, zipfile; zipfile.ZipFile(sys.argv[1], 'w').writestr('word/document.xml', 'x')",
            (directory / "a.docx").string()});
  CHECK(must(type_of(directory, "a.docx", read_bytes(directory / "a.docx"))) ==
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document");
}

TEST_CASE("a document that is not what it calls itself is refused with a sentence") {
  TemporaryDirectory directory;
  const auto pdf = read_bytes(std::filesystem::path(SHILU_TEST_DATA) / "documents/lesson-plan.pdf");
  const auto refused = [&](const std::string& name, ByteView bytes) {
    const auto type = type_of(directory, name, bytes);
    REQUIRE_FALSE(type);
    CHECK(type.error().kind == ErrorKind::kInvalidArgument);
    return type.error().message;
  };
  CHECK(refused("plan.pdf", to_bytes("just text")) ==
        "\"plan.pdf\" calls itself a PDF, but inside it is a text file; save it again as a PDF and add that");
  CHECK(refused("plan.docx", pdf).find("inside it is a PDF") != std::string::npos);
  CHECK(refused("plan.txt", pdf).find("inside it is a PDF") != std::string::npos);
  CHECK(refused("plan.pdf", ByteView(pdf).first(pdf.size() / 2)).find("a damaged file") != std::string::npos);
  CHECK(refused("plan.pdf", {}).find("a damaged file") != std::string::npos);
  CHECK(refused("plan.exe", pdf).find("of no kind that assessors can open") != std::string::npos);
  CHECK(refused("plan", pdf).find("of no kind that assessors can open") != std::string::npos);
  CHECK(refused("a.txt", to_bytes("a\x01")).find("damaged") != std::string::npos);
  CHECK(refused("a.txt", must(from_hex("b9ccb6a8"))).find("damaged") !=
        std::string::npos);  // GB 18030, not UTF-8
}

TEST_CASE("a subject hash is SHA-256 of the salt and the teacher's id") {
  TemporaryDirectory directory;
  write_bytes(directory / "m", to_bytes(std::string(32, '\7') + "T001"));
  const auto subject = subject_hash(teacher_wang());
  CHECK(to_hex(subject) == run_tool({"sha256sum", (directory / "m").string()}).substr(0, 64));
  CHECK(pseudonym_of(subject) == "t-" + to_hex(subject).substr(0, 16));
}

TEST_CASE("an identity survives its JSON, and others are refused") {
  const auto teacher = must(identity_from_json(identity_json(teacher_wang())));
  CHECK(teacher.teacher_id == "T001");
  CHECK(teacher.salt == teacher_wang().salt);
  CHECK(teacher.fields == teacher_wang().fields);
  for (const std::string text : {"", "[]", "{}", "{\"teacher_id\":\"T\",\"salt\":\"00\",\"fields\":{}}",
                                 "{\"teacher_id\":1,\"salt\":\"\",\"fields\":{}}"})
    CHECK_FALSE(identity_from_json(text));
}

TEST_CASE("fields that name a person or a school are known by their names") {
  for (const std::string name : {"姓名", "教师姓名", "学校", "学校名称", "县(市、区)", "县（市、区）",
                                 "所在单位", "联系电话", "身份证号", "Name", "school"})
    CHECK(is_identity_field(name));
  for (const std::string name : {"学科", "教学主题", "教学对象", "重点", "难点", "教学环境", "能力维度",
                                 "所属环境", "微能力点", "主题", "topic name"}) {
    INFO(name);
    CHECK_FALSE(is_identity_field(name));
  }
}

TEST_CASE("WebVTT of other makers is refused, and hostile points cannot break a cue") {
  const std::vector<MarkCue> cues{{"mark-1", 0, 1000, -5, "A6\n-->\"<b>"}};
  const std::string text = web_vtt_text(cues);
  CHECK(text ==
        "WEBVTT\n\nmark-1\n00:00:00.000 --> "
        "00:00:01.000\n{\"at_ms\":-5,\"point\":\"A6\\n--\\u003e\\\"<b\\u003e\"}\n");
  CHECK(must(parse_web_vtt(text))[0].point == cues[0].point);
  CHECK(must(parse_web_vtt("WEBVTT\n")).empty());
  for (const std::string& other :
       {std::string(), std::string("WEBVTT"), "\xef\xbb\xbf" + text, text + "\n",
        text.substr(0, text.size() - 1), "WEBVTT \n" + text.substr(7),
        std::string("WEBVTT\n\na\n00:00:00.000 --> 00:00:0x.000\n{}\n"), std::string("WEBVTT\n\na\n\n"),
        std::string("WEBVTT\n\na\n-1:00:00.000 --> 00:00:01.000\n{\"at_ms\":0,\"point\":null}\n")}) {
    INFO(other);
    CHECK(parse_web_vtt(other).error().kind == ErrorKind::kCorrupted);
  }
}
