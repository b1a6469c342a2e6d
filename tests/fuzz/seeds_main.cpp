// shilu-fuzz-seeds DIRECTORY: writes what the fuzzers begin with, one folder per target, from real lessons,
// packages and media. tests/fuzz/README.md tells when.

#include <fmt/format.h>

#include "capture/bmff/fragment_reader.h"
#include "capture/bmff/fragment_writer.h"
#include "capture/journal/file_names.h"
#include "capture/journal/lesson_folder.h"
#include "capture/link/link.h"
#include "firmware/base/json_io.h"
#include "tests/bmff/media_fixture.h"
#include "tests/fuzz/fuzz_lesson.h"
#include "upload/evidence/receipt.h"
#include "upload/evidence/zip_writer.h"

using namespace shilu;
using std::filesystem::path;

namespace {

class Seeds {
 public:
  explicit Seeds(path directory) : directory_(std::move(directory)) {}

  void add(const std::string& target, ByteView bytes) {
    const auto folder = directory_ / target;
    test::must(posix_file_system().create_directories(folder));
    test::must(write_file_atomic(folder / fmt::format("seed-{:03}", ++count_), bytes));
  }
  void add(const std::string& target, std::uint8_t choice, ByteView bytes) {
    Bytes out{choice};
    put_bytes(out, bytes);
    add(target, out);
  }

 private:
  path directory_;
  int count_ = 0;
};

const Bytes& piece(const std::string& name) {
  return fuzz::fuzz_lesson().pieces().files.at(name);
}

void put_chunk(Bytes& out, ByteView bytes) {
  put_u16(out, static_cast<std::uint16_t>(bytes.size()));
  put_bytes(out, bytes.first(bytes.size() & 0xffffu));
}

void add_zip(Seeds& seeds) {
  test::Pieces pieces = fuzz::fuzz_lesson().pieces();
  for (auto& [name, bytes] : pieces.files) bytes.resize(std::min<std::size_t>(bytes.size(), 40));
  pieces.write(fuzz::fuzz_lesson().scratch("small.zip"));
  seeds.add("zip", test::read_bytes(fuzz::fuzz_lesson().scratch("small.zip")));
}

void add_bag(Seeds& seeds) {
  seeds.add("bag", 0, piece("manifest-sha256.txt"));
  seeds.add("bag", 0, piece("tagmanifest-sha256.txt"));
  seeds.add("bag", 1, piece("data/marks.vtt"));
  seeds.add(
      "bag", 1,
      as_bytes("WEBVTT\n\n00000000-0000-4000-8000-000000000001\n00:00:00.500 --> 00:00:02.000\n"
               "{\"at_ms\":500,\"point\":\"A6\"}\n\nmark-2\n00:00:01.000 --> 00:00:02.000\n{\"at_ms\":1500,"
               "\"point\":null}\n"));
  Bytes bag;
  for (const char* name : {"bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt"})
    put_chunk(bag, piece(name));
  put_bytes(bag, piece("data/evidence.json"));
  seeds.add("bag", 2, bag);
}

Bytes journal_of(const path& lesson) {
  const Bytes journal = test::read_bytes(lesson / journal::kJournal);
  return Bytes(journal.begin() + static_cast<std::ptrdiff_t>(journal::kMagic.size()), journal.end());
}

void add_journal(Seeds& seeds) {
  seeds.add("journal", journal_of(fuzz::fuzz_lesson().lesson()));
  test::TinyRecipe recipe;
  Mark mark;
  mark.id = "00000000-0000-4000-8000-000000000001";
  mark.at = LessonTime::from_ms(1500);
  mark.point = "A6";
  recipe.marks = {mark};
  test::write_tiny_lesson(fuzz::fuzz_lesson().scratch("marked"), fuzz::fuzz_lesson().scratch("keys"), recipe);
  seeds.add("journal", journal_of(fuzz::fuzz_lesson().scratch("marked")));
}

void add_checkpoints(Seeds& seeds) {
  const Bytes text = test::read_bytes(fuzz::fuzz_lesson().lesson() / journal::kCheckpoints);
  seeds.add("checkpoint", 0, text);
  std::string payloads;
  for (const auto& one : test::must(journal::parse_checkpoints(as_text(text))))
    payloads += std::string(as_text(one.envelope.payload)) + "\n";
  seeds.add("checkpoint", 1, as_bytes(payloads));
}

void add_envelopes(Seeds& seeds) {
  const auto envelope = [](const std::string& name) {
    return test::must(DsseEnvelope::from_json(as_text(piece(name))));
  };
  const auto& device = fuzz::fuzz_lesson().device_key();
  seeds.add("envelope", 0, piece("seal.json"));
  seeds.add("envelope", 1, envelope("seal-certificate.json").payload);
  seeds.add("envelope", 2, envelope("seal.json").payload);
  Bytes both;
  put_chunk(both, piece("seal.json"));
  put_bytes(both, piece("seal-certificate.json"));
  seeds.add("envelope", 3, both);
  evidence::Receipt receipt;
  receipt.number = "R-2026-000001";
  receipt.facts = {{"structure", "intact"}};
  seeds.add("envelope", 4, evidence::sign_receipt(receipt, device).value().payload);
  evidence::Verdict verdict;
  verdict.pieces = {{"课堂实录片段", "优秀"}};
  verdict.reasons = {{"课堂实录片段", 1000, "room", "text"}};
  seeds.add("envelope", 5, test::must(evidence::sign_verdict(verdict, device)).payload);
  seeds.add("envelope", 6, as_bytes(device.public_key().pem()));
  seeds.add("envelope", 7,
            test::must(from_hex("302a300506032b6570032100d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af"
                                "021a68f707511a")));
  seeds.add("envelope", 8, as_bytes(evidence::identity_json(test::teacher_wang())));
  seeds.add("envelope", 9, piece("proof/lesson.json"));
}

void add_claims(Seeds& seeds) {
  for (const int canonical : {0, 2}) {
    seeds.add("evidence_json", static_cast<std::uint8_t>(canonical), piece("data/evidence.json"));
    seeds.add("evidence_json", static_cast<std::uint8_t>(canonical | 1), piece("proof/clip-1.json"));
  }
}

void add_proof(Seeds& seeds) {
  Bytes out;
  put_u16(out, 1000);
  put_u16(out, 4000);
  put_chunk(out, journal_of(fuzz::fuzz_lesson().lesson()));
  put_bytes(out, piece("data/clips/clip-1/room.mp4"));
  seeds.add("proof", out);
}

void add_package(Seeds& seeds) {
  std::uint8_t place = 0;
  for (const auto& [name, bytes] : fuzz::fuzz_lesson().pieces().files) {
    if (bytes.size() < 16'384) seeds.add("package", place, bytes);
    ++place;
  }
}

void add_boxes(Seeds& seeds) {
  const auto lesson = test::must(journal::LessonFolder::open(fuzz::fuzz_lesson().lesson()));
  for (const auto& track : lesson.tracks()) {
    const auto& epoch = track.epochs.front();
    const Bytes file = test::read_bytes(epoch.file);
    const ByteView bytes(file);
    seeds.add("bmff", 0, bytes.first(epoch.event.header_size));
    const auto& record = std::get<journal::FragmentRecord>(lesson.records()[epoch.fragments.front()].record);
    Bytes fragment;
    put_u32(fragment, epoch.event.timescale);
    put_bytes(fragment, bytes.subspan(record.offset, record.size));
    seeds.add("bmff", 1, fragment);
  }
  seeds.add("bmff", 2, piece("data/clips/clip-1/room.mp4"));
}

// A movie of picture and sound, as bmff_fuzz.cpp reads it.
void add_movie(Seeds& seeds, std::uint32_t hole_after) {
  Bytes out;
  put_u32(out, 500);
  put_u32(out, 6000);
  for (const bool video : {true, false}) {
    const std::uint32_t scale = video ? 90'000 : 8'000;
    put_u32(out, scale);
    put_bytes(out, test::must(from_hex(video ? "0142c00affe1000467428000010004680ce00000" : "1588")));
    put_u8(out, 6);
    for (std::uint32_t i = 0; i < 6; ++i) {
      const std::uint64_t second = i < hole_after ? i : i + 3;
      put_u64(out, (120 + second) * scale);
      put_u8(out, 4);  // samples, less one
      for (int sample = 0; sample < 5; ++sample) {
        put_u32(out, video ? scale / 5 : 1024);
        put_u16(out, 20);
        if (video) put_u32(out, sample % 2 == 0 ? 0 : 100);
        put_u8(out, video && sample > 0 ? 1 : 0);
      }
    }
  }
  seeds.add("bmff", 3, out);
}

link::AccessUnit unit_of(MediaKind kind, const test::MediaSample& sample, std::uint32_t scale,
                         std::uint64_t number) {
  link::AccessUnit unit{kind, number, {}, {}, sample.sync, false, sample.data};
  unit.data.resize(std::min<std::size_t>(unit.data.size(), 40));
  unit.decode_time = {1'000'000'000'000 + ns_from_ticks(sample.decode, scale)};
  unit.presentation_time = {1'000'000'000'000 + ns_from_ticks(sample.presentation(), scale)};
  return unit;
}

void add_link(Seeds& seeds) {
  Bytes out;
  put_chunk(out, link::encode(link::Hello{"room", "rtsp", "5f0f9f0e-8f64-4a6e-9a3e-2f6a9d0c4b11", 77}));
  put_chunk(out, link::encode(link::StateChange{link::SourceState::kLive, "", ""}));
  for (const auto kind : {MediaKind::kVideo, MediaKind::kAudio}) {
    const auto media = test::read_media(test::classroom_media(), kind);
    put_chunk(out, link::encode(link::TrackParameters{kind, media.parameters, media.nominal_ticks}));
    for (std::size_t i = 0; i < 150; ++i)
      put_chunk(out, link::encode(unit_of(kind, media.samples[i], media.parameters.timescale, i + 1)));
  }
  put_chunk(out, link::encode(link::Durable{MediaKind::kVideo, 7}));
  put_chunk(out, link::encode(link::Shutdown{}));
  seeds.add("link", out);
}

void add_http(Seeds& seeds) {
  for (const char* text :
       {"GET /api/v1/lessons?from=1&name=%E6%95%B0 HTTP/1.1\r\nHost: a\r\nRange: bytes=0-99\r\nIf-Range: "
        "\"etag\"\r\n\r\n",
        "POST /files HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello",
        "PATCH /files/1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0\r\nA: "
        "b\r\n\r\n",
        "GET http://host:1/a?b HTTP/1.0\r\nConnection: keep-alive\r\nIf-None-Match: W/\"etag\", "
        "\"b\"\r\n\r\n",
        "GET /live HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nRange: "
        "bytes=-5\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\nCookie: a=b\r\nCookie: c=d\r\n\r\n"})
    seeds.add("http", 3, as_bytes(text));
}

void add_platform(Seeds& seeds) {
  seeds.add("tus_metadata", as_bytes("package_sha256 YWJjZA==,name ZQ==, empty"));
  const std::string digest(64, 'a');
  seeds.add("platform_json", as_bytes(canonical_json({{"package_sha256", digest},
                                                      {"size_bytes", 9'000'000},
                                                      {"programme", "cn-moe-2.0"},
                                                      {"point", "A6"},
                                                      {"block_size", 8 << 20},
                                                      {"blocks", {digest, digest}}})));
  const Json moment{{"at_ms", 1000}, {"source", "room"}};
  seeds.add("platform_json",
            as_bytes(canonical_json(
                {{"pieces", {{{"title", "a"}, {"level", "b"}, {"moments", {moment}}, {"comment", "c"}}}},
                 {"comments", {{{"at_ms", 5}, {"source", "room"}, {"text", "t"}}}},
                 {"watched", {{{"source", "room"}, {"from_ms", 0}, {"to_ms", 9}}}}})));
}

void add_nal(Seeds& seeds, const path& media, std::uint8_t choice) {
  const auto track = test::read_media(media, MediaKind::kVideo);
  for (const std::size_t sample : {0u, 1u}) {
    Bytes out;
    put_chunk(out, track.parameters.configuration);
    ByteReader units(track.samples[sample].data);
    while (units.remaining() > 0) {
      const ByteView unit = units.bytes(units.u32());
      const ByteView begin = unit.first(std::min<std::size_t>(unit.size(), 40));
      put_u32(out, static_cast<std::uint32_t>(begin.size()));
      put_bytes(out, begin);
    }
    seeds.add("nal", choice, out);
  }
}

}  // namespace

int main(int count, char** words) {
  if (count != 2) {
    fmt::print(stderr, "usage: shilu-fuzz-seeds DIRECTORY\n");
    return 2;
  }
  try {
    Seeds seeds{path(words[1])};
    add_zip(seeds);
    add_bag(seeds);
    add_journal(seeds);
    add_checkpoints(seeds);
    add_envelopes(seeds);
    add_claims(seeds);
    add_proof(seeds);
    add_package(seeds);
    add_boxes(seeds);
    for (const std::uint32_t hole : {0u, 3u, 6u}) add_movie(seeds, hole);
    add_link(seeds);
    add_http(seeds);
    add_platform(seeds);
    add_nal(seeds, test::classroom_media(), 0);
    add_nal(seeds, test::made_media({.video_encoder = "libx265", .b_frames = 2, .seconds = 1}), 1);
  } catch (const std::exception& error) {
    fmt::print(stderr, "shilu-fuzz-seeds: {}\n", error.what());
    return 1;
  }
  return 0;
}
