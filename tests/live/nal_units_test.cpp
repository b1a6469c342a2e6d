#include "capture/live/nal_units.h"

#include <catch2/catch.hpp>

#include <random>

namespace shilu::live {
namespace {

const Bytes kSps{0x67, 1, 2, 3};
const Bytes kPps{0x68, 4};

Bytes unit_of(std::initializer_list<Bytes> nals) {
  Bytes unit;
  for (const auto& nal : nals) {
    put_u32(unit, static_cast<std::uint32_t>(nal.size()));
    put_bytes(unit, nal);
  }
  return unit;
}

TEST_CASE("delimiters, filler and known parameter sets are taken out of an access unit, all else stays") {
  const Bytes other_sps{0x67, 9, 9, 9};
  const Bytes sei{0x06, 5};
  const Bytes idr{0x65, 0xaa};
  const auto unit = unit_of({{0x09, 0xf0}, kSps, kPps, other_sps, sei, idr, {0x0c, 0xff}});
  const auto clean = clean_access_unit(Codec::kH264, unit, {kSps, kPps});
  REQUIRE(clean);
  CHECK(clean->data == unit_of({other_sps, sei, idr}));
  CHECK(clean->sync);
  CHECK(clean->picture);
}

TEST_CASE("only an IDR slice makes an H.264 unit a sync unit") {
  const Bytes recovery_point{0x06, 6, 1, 0xc4};
  const auto intra = clean_access_unit(Codec::kH264, unit_of({recovery_point, {0x41, 0x88}}), {});
  REQUIRE(intra);
  CHECK_FALSE(intra->sync);
  CHECK(intra->picture);
  const auto parameters_alone = clean_access_unit(Codec::kH264, unit_of({kSps, recovery_point}), {});
  REQUIRE(parameters_alone);
  CHECK_FALSE(parameters_alone->picture);
}

TEST_CASE("the intra random access point types of H.265 are sync units") {
  const auto sync_of = [](int type) {
    const auto clean =
        clean_access_unit(Codec::kH265, unit_of({{static_cast<std::uint8_t>(type << 1), 1, 0}}), {});
    return clean.value().sync;
  };
  CHECK_FALSE(sync_of(1));
  CHECK_FALSE(sync_of(9));
  for (int type = 16; type <= 21; ++type) CHECK(sync_of(type));  // BLA, IDR, CRA
  CHECK_FALSE(sync_of(39));
}

TEST_CASE("lengths that do not fit are refused") {
  CHECK_FALSE(clean_access_unit(Codec::kH264, Bytes{0, 0, 0, 2, 0x65}, {}));
  CHECK_FALSE(clean_access_unit(Codec::kH264, Bytes{0xff, 0xff, 0xff, 0xff, 0x65}, {}));
  CHECK_FALSE(clean_access_unit(Codec::kH264, Bytes{0, 0, 1}, {}));
}

TEST_CASE("parameter sets are read out of an AVCDecoderConfigurationRecord") {
  // ISO/IEC 14496-15 5.3.3.1.2, written by hand.
  const Bytes record{1, 0x64, 0, 0x28, 0xff, 0xe1, 0, 4, 0x67, 1, 2, 3, 1, 0, 2, 0x68, 4};
  const auto sets = parameter_sets_of(Codec::kH264, record);
  REQUIRE(sets);
  CHECK(*sets == std::vector<Bytes>{kSps, kPps});
  auto short_lengths = record;
  short_lengths[4] = 0xfd;
  CHECK(parameter_sets_of(Codec::kH264, short_lengths).error().kind == ErrorKind::kInvalidArgument);
  for (std::size_t size = 0; size < record.size(); ++size) {
    CHECK_FALSE(parameter_sets_of(Codec::kH264, ByteView(record).first(size)));
  }
}

TEST_CASE("arbitrary bytes crash neither reader") {
  std::mt19937 random(3);
  for (int round = 0; round < 5000; ++round) {
    Bytes bytes(random() % 64);
    for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random() % 4 == 0 ? random() : random() % 4);
    if (!bytes.empty()) bytes[0] = static_cast<std::uint8_t>(random() % 2);
    for (const auto codec : {Codec::kH264, Codec::kH265}) {
      const auto sets = parameter_sets_of(codec, bytes);
      const auto clean = clean_access_unit(codec, bytes, sets.value_or(std::vector<Bytes>{}));
      if (clean) CHECK(clean->data.size() <= bytes.size());
    }
  }
}

}  // namespace
}  // namespace shilu::live
