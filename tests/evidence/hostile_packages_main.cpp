// shilu-hostile-packages DIRECTORY [--blanks MIB]: writes packages that a device with a key of its own
// sealed, and of which each wants something of its verifier: memory, time, or a way out of its bounds.
// tests/system/test_hostile_packages.py runs the real programs on them. All signatures are good: nothing here
// stops at the first check.

#include <fmt/format.h>

#include <algorithm>

#include "capture/bmff/fragment_writer.h"
#include "capture/journal/checkpoint.h"
#include "capture/journal/merkle.h"
#include "firmware/base/file_system.h"
#include "firmware/base/json_io.h"
#include "tests/base/test_keys.h"
#include "tests/evidence/evidence_fixture.h"
#include "upload/evidence/clip_proof.h"
#include "upload/evidence/evidence_json.h"

using namespace shilu;
using namespace shilu::evidence;
using namespace shilu::journal;
using std::filesystem::path;
using test::must;
using test::Pieces;

namespace {

const std::string kClip = "data/clips/clip-1/room.mp4";
const std::string kProof = "proof/clip-1.json";
const std::string kRecords = "proof/clip-1.records";
const std::string kClaims = "data/evidence.json";
constexpr std::int64_t kHourMs = 3'600'000;

CodecParameters sound(std::uint32_t rate) {
  CodecParameters parameters;
  parameters.codec = Codec::kAac;
  parameters.configuration = must(from_hex("1588"));
  parameters.sample_rate = parameters.timescale = rate;
  parameters.channels = 1;
  return parameters;
}

CodecParameters picture() {
  CodecParameters parameters;
  parameters.configuration = must(from_hex("0142c00affe1000467428000010004680ce000"));
  parameters.width = parameters.height = 64;
  return parameters;
}

Bytes box(std::string_view type, ByteView body) {
  Bytes out;
  put_u32(out, static_cast<std::uint32_t>(8 + body.size()));
  put_bytes(out, as_bytes(type));
  put_bytes(out, body);
  return out;
}

// A clip whose header says nothing: what makes a verifier work comes before the header is compared.
Bytes clip_of(ByteView inside) {
  Bytes out = box("ftyp", {});
  put_bytes(out, box("moov", {}));
  put_u32(out, 1);
  put_bytes(out, as_bytes("mdat"));
  put_u64(out, 16 + inside.size());
  put_bytes(out, inside);
  return out;
}

// What a device of the attacker's recorded and signed.
class Forgery {
 public:
  void add(const EventBody& body) { records_.push_back(encode(EventRecord{{0}, body})); }

  void begin_track(std::uint16_t number, const std::string& name, const CodecParameters& parameters,
                   std::uint32_t nominal_ticks) {
    const Bytes header = must(bmff::track_header(parameters));
    EpochEvent epoch{number, name, 0, rfc6381(parameters), parameters.timescale};
    epoch.width = parameters.width;
    epoch.height = parameters.height;
    epoch.sample_rate = parameters.sample_rate;
    epoch.channels = parameters.channels;
    epoch.nominal_ticks = nominal_ticks;
    epoch.header_size = static_cast<std::uint32_t>(header.size());
    epoch.header_sha256 = sha256(header);
    add(epoch);
    headers_.emplace_back(records_.size(), header);
  }

  void add_fragment(std::uint16_t track, const CodecParameters& parameters,
                    std::span<const bmff::Sample> samples) {
    const auto built = bmff::build_fragment(parameters, sequence_, samples);
    FragmentRecord record;
    record.track = track;
    record.flags = kKey;
    record.sequence = sequence_++;
    record.size = static_cast<std::uint32_t>(built.bytes.size());
    record.start_ticks = samples.front().decode_ticks;
    for (const auto& sample : samples) record.duration_ticks += sample.duration;
    record.samples = record.samples_expected = static_cast<std::uint32_t>(samples.size());
    record.fragment_sha256 = sha256(built.bytes);
    records_.push_back(encode(record));
    put_bytes(inside_, built.bytes);
  }

  // Puts clip, records and a proof that leads to a signature in the place of the package's own.
  // `signed_size`: what the checkpoint claims to cover.
  void put_into(Pieces& pieces, const CertifiedKey& key,
                std::optional<std::uint64_t> signed_size = {}) const {
    const std::string lesson(as_text(pieces.files.at("proof/lesson.json")));
    std::vector<Digest> leaves{leaf_hash(as_bytes(lesson))};
    for (const Bytes& record : records_) leaves.push_back(leaf_hash(record));
    Frontier tree;
    for (const Digest& leaf : leaves) tree.append(leaf);
    Checkpoint checkpoint = must(Checkpoint::from_payload(proof_of(pieces).checkpoint.payload));
    checkpoint.tree_size = signed_size.value_or(leaves.size());
    checkpoint.root = tree.root();
    ClipProof proof;
    proof.lesson_id = checkpoint.lesson_id;
    proof.tree_size = checkpoint.tree_size;
    proof.checkpoint = must(sign_checkpoint(checkpoint, key.key)).envelope;
    proof.first_leaf = 1;
    proof.frontier = {leaves.front()};
    for (const auto& [leaf, header] : headers_)
      proof.epochs.push_back({leaf, records_[leaf - 1], inclusion_path(leaf, leaves), header});
    proof.lesson_path = inclusion_path(0, leaves);
    pieces.files[kProof] = to_bytes(proof.to_json());
    Bytes all;
    for (const Bytes& record : records_) put_bytes(all, record);
    pieces.files[kRecords] = std::move(all);
    if (!inside_.empty()) pieces.files[kClip] = clip_of(inside_);
  }

  static ClipProof proof_of(const Pieces& pieces) {
    return must(ClipProof::from_json(as_text(pieces.files.at(kProof))));
  }

 private:
  std::vector<Bytes> records_;
  std::vector<std::pair<std::uint64_t, Bytes>> headers_;  // leaf, header
  std::uint32_t sequence_ = 0;
  Bytes inside_;  // of the clip's mdat
};

class Writer {
 public:
  explicit Writer(path directory) : directory_(std::move(directory)) {
    must(posix_file_system().create_directories(directory_));
    test::write_tiny_lesson(work_ / "lesson", work_ / "keys");
    test::build(test::request_of(work_ / "lesson"), work_ / "keys", work_ / "good.zip");
    good_ = test::take_apart(work_ / "good.zip");
    recording_ = test::certified(work_ / "keys", KeyRole::kRecording);
    seal_ = test::certified(work_ / "keys", KeyRole::kSeal);
  }

  const Pieces& good() const { return good_; }

  void write(const std::string& name, const Forgery& forgery, std::int64_t to_ms,
             std::optional<std::uint64_t> signed_size = {}) {
    Pieces pieces = good_;
    forgery.put_into(pieces, *recording_, signed_size);
    claim(name, std::move(pieces), to_ms);
  }
  // Claims speak of the clip as it is.
  void claim(const std::string& name, Pieces pieces, std::int64_t to_ms) {
    Evidence claims = must(Evidence::from_json(as_text(pieces.files.at(kClaims))));
    claims.clips[0].range = {{0}, LessonTime::from_ms(to_ms)};
    claims.duration_ms = std::max(claims.duration_ms, to_ms);  // as if the lesson were so long
    auto& part = claims.clips[0].sources[0].parts[0];
    part.range = claims.clips[0].range;
    auto& file = part.file;
    file.sha256 = sha256(pieces.files.at(kClip));
    file.size_bytes = pieces.files.at(kClip).size();
    pieces.files[kClaims] = to_bytes(claims.to_json());
    write(name, std::move(pieces));
  }
  void write(const std::string& name, Pieces pieces) {
    fit_bag_info(pieces);
    pieces.seal(*seal_);
    pieces.write(directory_ / (name + ".zip"));
    fmt::print("{}\n", name);
  }
  void write(const std::string& name, const std::string& file, Bytes content) {
    Pieces pieces = good_;
    pieces.files[file] = std::move(content);
    write(name, std::move(pieces));
  }

 private:
  static void fit_bag_info(Pieces& pieces) {
    std::uint64_t bytes = 0, count = 0;
    for (const auto& [name, content] : pieces.files) {
      if (!name.starts_with("data/")) continue;
      bytes += content.size();
      ++count;
    }
    Bytes& info = pieces.files["bag-info.txt"];
    const std::string text(as_text(info));
    info = to_bytes(
        fmt::format("{}Payload-Oxum: {}.{}\n", text.substr(0, text.find("Payload-Oxum")), bytes, count));
  }

  path directory_;
  test::TemporaryDirectory work_;
  Pieces good_;
  std::optional<CertifiedKey> recording_, seal_;
};

// Two moments of sound a day apart, counted in four billion ticks a second: the silence between them would be
// of 3 * 10^11 frames.
void write_silence(Writer& writer) {
  const auto parameters = sound(4'294'967'295);
  const Bytes frame(20, 1);
  Forgery forgery;
  forgery.begin_track(0, "room.audio", parameters, 1024);
  const std::int64_t day = 23 * 3600 * std::int64_t{4'294'967'295};
  for (const std::int64_t at : {std::int64_t{0}, day}) {
    const bmff::Sample sample{frame, at, 1024, 0, true};
    forgery.add_fragment(0, parameters, {&sample, 1});
  }
  forgery.add(GapEvent{"room.audio", {0}, LessonTime::from_ms(24 * kHourMs), "source-lost"});
  writer.write("silence-of-years", forgery, 24 * kHourMs);
}

// One byte each, and every table entry another than the one before.
void write_samples(Writer& writer, const std::string& name, std::size_t fragments) {
  constexpr std::uint32_t kPerFragment = 60'000;
  const auto parameters = picture();
  const Bytes data(1, 1);
  Forgery forgery;
  forgery.begin_track(0, "room.video", parameters, 2);
  std::int64_t at = 0;
  for (std::size_t i = 0; i < fragments; ++i) {
    std::vector<bmff::Sample> samples;
    for (std::uint32_t n = 0; n < kPerFragment; ++n) {
      samples.push_back({data, at, 1 + n % 2, n % 2, n % 2 == 0});
      at += 1 + n % 2;
    }
    forgery.add_fragment(0, parameters, samples);
  }
  writer.write(name, forgery, at / 90);
}

// The smallest fragments there are.
void write_fragments(Writer& writer) {
  Bytes inside;
  const Bytes moof = box("moof", Bytes(92));
  const Bytes mdat = box("mdat", {});
  for (int i = 0; i < 500'000; ++i) {
    put_bytes(inside, moof);
    put_bytes(inside, mdat);
  }
  Pieces pieces = writer.good();
  pieces.files[kClip] = clip_of(inside);
  writer.claim("fragments-without-end", std::move(pieces), 4000);
}

// Many tracks, then epochs that each look for theirs, and gaps.
void write_records(Writer& writer, const std::string& name, int tracks, int records) {
  Forgery forgery;
  EpochEvent epoch{0, "a.audio", 0, "mp4a.40.2", 8000};
  epoch.sample_rate = 8000;
  epoch.channels = 1;
  for (int i = 0; i < tracks; ++i) {
    epoch.track = static_cast<std::uint16_t>(i);
    epoch.name = fmt::format("source-{}.audio", i);
    forgery.add(epoch);
  }
  for (int i = 0; i < records; ++i) forgery.add(GapEvent{"room.video", {i}, {i + 1}, "source-lost"});
  writer.write(name, forgery, 4000);
}

void write_proofs(Writer& writer) {
  Forgery forgery;
  forgery.add(StartEvent{"2026-05-28T12:26:40.000Z"});
  writer.write("tree-of-2-to-the-63-less-1", forgery, 4000, (std::uint64_t{1} << 63) - 1);
  Pieces pieces = writer.good();
  std::string text(as_text(pieces.files.at(kProof)));
  const auto at = text.find("\"tree_size\":");
  text.replace(at, text.find_first_of(",}", at) - at, "\"tree_size\":9223372036854775808");
  writer.write("tree-of-2-to-the-63", kProof, to_bytes(text));
}

void write_json(Writer& writer, std::size_t blanks_mib) {
  std::string deep(100'000, '[');
  writer.write("json-100000-deep", kClaims, to_bytes(deep + std::string(100'000, ']')));
  std::string many = "{\"a\":[[]";
  while (many.size() < (4u << 20) - 16) many += ",[]";
  writer.write("json-of-a-million-values", kClaims, to_bytes(many + "]}"));
  std::string keys = "{";
  for (int i = 0; keys.size() < (4u << 20) - 32; ++i) keys += fmt::format("\"{:x}\":0,", i);
  writer.write("json-of-many-keys", kClaims, to_bytes(keys + "\"z\":0}"));
  writer.write("json-of-blanks", kClaims, Bytes(blanks_mib << 20, ' '));
  writer.write("lesson-of-blanks", "proof/lesson.json", Bytes(1u << 20, ' '));
  writer.write("terminal-codes", kClaims, to_bytes("{\"\x1b]0;gone\x07\":1,\"\x1b]0;gone\x07\":1}"));
  auto claims = must(Evidence::from_json(as_text(writer.good().files.at(kClaims))));
  auto& sources = claims.clips[0].sources;
  sources.assign(10'000, sources.front());
  writer.write("one-clip-10000-times", kClaims, to_bytes(claims.to_json()));
}

void write_boxes(Writer& writer) {
  const auto with = [&](const std::string& name, const Bytes& clip) {
    Pieces pieces = writer.good();
    pieces.files[kClip] = clip;
    writer.claim(name, std::move(pieces), 4000);
  };
  Bytes clip = writer.good().files.at(kClip);
  const auto set_first_size = [&](std::uint32_t size) {
    Bytes changed = clip;
    for (std::size_t i = 0; i < 4; ++i) changed[i] = static_cast<std::uint8_t>(size >> (24 - 8 * i));
    return changed;
  };
  with("box-of-size-0", set_first_size(0));
  with("box-of-size-7", set_first_size(7));
  with("box-of-4-gib", set_first_size(0xffffffff));
  Bytes wide = box("ftyp", {});
  put_bytes(wide, box("moov", {}));
  put_u32(wide, 1);
  put_bytes(wide, as_bytes("mdat"));
  put_u64(wide, ~std::uint64_t{0});
  with("box-of-16-eib", wide);
  Bytes nested;
  for (std::uint32_t depth = 100'000; depth > 0; --depth) {
    put_u32(nested, 8 * depth);
    put_bytes(nested, as_bytes("moof"));
  }
  with("boxes-100000-deep", clip_of(nested));
  with("box-of-silence-that-is-none", clip_of(box("free", Bytes(60u << 20))));
}

}  // namespace

int main(int count, char** words) {
  if (count < 2) {
    fmt::print(stderr, "usage: shilu-hostile-packages DIRECTORY [--blanks MIB]\n");
    return 2;
  }
  try {
    const std::size_t blanks =
        count == 4 && std::string_view(words[2]) == "--blanks" ? std::stoul(words[3]) : 32;
    Writer writer{path(words[1])};
    write_silence(writer);
    write_samples(writer, "samples-up-to-the-limit", 41);
    write_samples(writer, "samples-beyond-the-limit", 43);
    write_fragments(writer);
    write_records(writer, "records-of-256-tracks", 256, 150'000);
    write_records(writer, "records-of-60000-tracks", 60'000, 10'000);
    write_records(writer, "records-without-end", 1, 250'000);
    write_proofs(writer);
    write_json(writer, blanks);
    write_boxes(writer);
  } catch (const std::exception& error) {
    fmt::print(stderr, "shilu-hostile-packages: {}\n", error.what());
    return 1;
  }
  return 0;
}
