#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "tests/bmff/media_fixture.h"
#include "tests/evidence/evidence_fixture.h"
#include "upload/evidence/hash_pass.h"
#include "upload/evidence/package_index.h"
#include "upload/evidence/zip_reader.h"
#include "upload/evidence/zip_writer.h"

using namespace shilu;
using namespace shilu::evidence;
using namespace shilu::test;

namespace {

std::string python(const std::string& program, const std::filesystem::path& file) {
  return run_tool({"python3", "-c", "import sys, zipfile, struct\n" + program, file.string()});
}

// A zip of the given names and contents in our structure, whatever the names are.
Bytes raw_zip(const std::vector<std::pair<std::string, std::string>>& files) {
  Bytes out;
  std::vector<ZipEntry> entries;
  for (const auto& [name, text] : files) {
    ZipEntry entry{name, text.size(), crc32(as_bytes(text)), out.size(), 0};
    put_bytes(out, local_header(entry));
    put_bytes(out, as_bytes(text));
    entries.push_back(entry);
  }
  put_bytes(out, directory(entries, out.size()));
  return out;
}

Result<std::vector<ZipEntry>> read(const std::filesystem::path& file) {
  return read_zip(*must(posix_file_system().open(file, OpenMode::kRead)));
}
Error refusal(const std::filesystem::path& file) {
  const auto entries = read(file);
  REQUIRE_FALSE(entries);
  return entries.error();
}

}  // namespace

TEST_CASE("names that could leave the folder, or that two systems read differently, are no names") {
  for (const std::string name : {"a", "a/b", "evidence-0/data/x.mp4", "A_b-c.1"}) CHECK(is_zip_name(name));
  for (const std::string name : {"", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/.", "a\\b",
                                 "C:a", "a b", "文", "a\n", "con\x7f", "a*", "~a"}) {
    INFO(name);
    CHECK_FALSE(is_zip_name(name));
  }
  CHECK_FALSE(is_zip_name(std::string("a\0b", 3)));
  CHECK(is_zip_name(std::string(200, 'a')));
  CHECK_FALSE(is_zip_name(std::string(201, 'a')));
}

TEST_CASE("python reads what is written, field by field") {
  TemporaryDirectory directory;
  const auto file = directory / "a.zip";
  {
    const auto out = must(posix_file_system().open(file, OpenMode::kCreate));
    auto writer = must(ZipWriter::create(*out, {{"one.txt", 5}, {"empty", 0}, {"two/three.bin", 3}}, 4));
    // In another order than they stand: the last first.
    CHECK(must(writer.write(2, to_bytes("xyz"))) == sha256("xyz"));
    must(writer.append(0, to_bytes("he")));
    must(writer.append(0, to_bytes("llo")));
    CHECK(to_hex(must(writer.close(0))) ==
          "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
    must(writer.write(1, {}));
    must(writer.finish("bag/"));
    CHECK(writer.size() == must(out->size()));
  }
  CHECK(python("z = zipfile.ZipFile(sys.argv[1])\n"
               "for i in z.infolist(): print(i.filename, i.file_size, '%08x' % i.CRC, i.header_offset, "
               "i.flag_bits, i.create_version, "
               "i.extract_version, hex(i.external_attr), len(i.extra), len(i.comment))\n"
               "print(z.read('bag/one.txt'), z.read('bag/two/three.bin'), z.comment)",
               file) ==
        "bag/one.txt 5 3610a686 0 2048 30 20 0x81a40000 0 0\n"
        "bag/empty 0 00000000 46 2048 30 20 0x81a40000 0 0\n"
        "bag/two/three.bin 3 eb8eba67 85 2048 30 20 0x81a40000 0 0\n"
        "b'hello' b'xyz' b''\n");
  const auto entries = must(read(file));
  REQUIRE(entries.size() == 3);
  CHECK(entries[2].name == "bag/two/three.bin");
  CHECK(entries[2].data_offset == 85 + 30 + 17);
  CHECK(run_tool({"unzip", "-tq", file.string()}).find("No errors") != std::string::npos);
}

TEST_CASE("an entry that has not its planned size is an error") {
  TemporaryDirectory directory;
  const auto out = must(posix_file_system().open(directory / "a.zip", OpenMode::kCreate));
  auto writer = must(ZipWriter::create(*out, {{"a", 3}, {"b", 3}}, 4));
  CHECK(writer.write(0, to_bytes("ab")).error().kind == ErrorKind::kFailedPrecondition);
  CHECK(writer.append(1, to_bytes("abcd")).error().kind == ErrorKind::kFailedPrecondition);
  CHECK(ZipWriter::create(*out, {{"../a", 3}}, 4).error().kind == ErrorKind::kInternal);
  CHECK(ZipWriter::create(*out, {{std::string(197, 'a'), 3}}, 4).error().kind == ErrorKind::kInternal);
  CHECK(ZipWriter::create(*out, std::vector<PlannedEntry>(1001, {"a", 0}), 4).error().kind ==
        ErrorKind::kInvalidArgument);
}

TEST_CASE("entries beyond 4 GiB are zip64, for python, unzip and ourselves") {
  TemporaryDirectory directory;
  const auto file = directory / "large.zip";
  constexpr std::uint64_t kLarge =
      (std::uint64_t{4} << 30) + 12'345;  // a hole in the file: nothing is written there
  const auto out = must(posix_file_system().open(file, OpenMode::kCreate));
  std::vector<ZipEntry> entries{{"bag/large", kLarge, 0, 0, 30 + 9 + 20}};
  entries.push_back({"bag/small", 2, crc32(as_bytes("hi")), entries[0].data_offset + kLarge, 0});
  must(out->write_at(0, local_header(entries[0])));
  must(out->write_at(entries[1].header_offset, local_header(entries[1])));
  const auto data = entries[1].header_offset + local_header(entries[1]).size();
  must(out->write_at(data, to_bytes("hi")));
  must(out->write_at(data + 2, evidence::directory(entries, data + 2)));
  CHECK(python("z = zipfile.ZipFile(sys.argv[1])\n"
               "for i in z.infolist(): print(i.filename, i.file_size, i.header_offset, i.extract_version, "
               "len(i.extra))\n"
               "print(z.read('bag/small'))",
               file) ==
        fmt::format("bag/large {} 0 45 20\nbag/small 2 {} 45 12\nb'hi'\n", kLarge, entries[1].header_offset));
  CHECK(run_tool({"unzip", "-l", file.string()}).find("4294979641") != std::string::npos);
  CHECK(run_tool({"unzip", "-p", file.string(), "bag/small"}) == "hi");
  const auto found = must(read(file));
  REQUIRE(found.size() == 2);
  CHECK(found[0].size == kLarge);
  CHECK(found[1].data_offset == data);
}

TEST_CASE("a small entry that uses zip64 is refused: there is one form") {
  TemporaryDirectory directory;
  python(
      "with zipfile.ZipFile(sys.argv[1], 'w') as z:\n  with z.open('bag/a', 'w', force_zip64=True) as f: "
      "f.write(b'x')",
      directory / "a.zip");
  CHECK(refusal(directory / "a.zip").kind == ErrorKind::kCorrupted);
}

TEST_CASE("zips of other makers are refused with the place") {
  TemporaryDirectory directory;
  const auto file = directory / "a.zip";
  SECTION("python's own") {
    python("with zipfile.ZipFile(sys.argv[1], 'w') as z: z.writestr('bag/a', 'hello')", file);
  }
  SECTION("compressed") {
    python(
        "with zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_DEFLATED) as z: z.writestr('bag/a', 'hello' * "
        "100)",
        file);
  }
  SECTION("streamed, with data descriptors") {
    python(
        "import io\n"
        "class Pipe(io.RawIOBase):\n"
        "  def __init__(self, f): self.f = f\n"
        "  def writable(self): return True\n"
        "  def write(self, b): return self.f.write(b)\n"
        "with open(sys.argv[1], 'wb') as f:\n"
        "  with zipfile.ZipFile(Pipe(f), 'w') as z: z.writestr('bag/a', 'hello')",
        file);
  }
  SECTION("with extra fields, as Info-ZIP writes them") {
    python(
        "i = zipfile.ZipInfo('bag/a')\ni.extra = struct.pack('<HHB', 0x5455, 1, 0)\n"
        "with zipfile.ZipFile(sys.argv[1], 'w') as z: z.writestr(i, 'hello')",
        file);
  }
  SECTION("a bomb: 10 MB of zeros in 10 KB") {
    python(
        "with zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_DEFLATED) as z: z.writestr('bag/a', b'\\0' * "
        "10_000_000)",
        file);
  }
  const auto error = refusal(file);
  CHECK(error.kind == ErrorKind::kCorrupted);
  CHECK(error.message.find("byte 0:") == 0);
}

TEST_CASE("hostile names are refused") {
  TemporaryDirectory directory;
  const auto file = directory / "a.zip";
  const std::string name = GENERATE(as<std::string>(), "/etc/passwd", "../x", "bag/../../x", "bag\\x", "bag/",
                                    "bag/x y", "bag/\xe6\x96\x87", "");
  write_bytes(file, raw_zip({{name, "x"}}));
  INFO(name);
  CHECK(refusal(file).message == "byte 0: a file name that no package has");
}

TEST_CASE("a name that is too long is refused") {
  TemporaryDirectory directory;
  write_bytes(directory / "a.zip", raw_zip({{"bag/" + std::string(60'000, 'a'), "x"}}));
  CHECK(refusal(directory / "a.zip").message == "byte 0: a local header that no package has");
}

TEST_CASE("a name that is there twice is refused") {
  TemporaryDirectory directory;
  write_bytes(directory / "a.zip", raw_zip({{"bag/a", "x"}, {"bag/a", "y"}}));
  CHECK(refusal(directory / "a.zip").message.find("bag/a is there twice") != std::string::npos);
}

TEST_CASE("100,000 entries are refused at the 1,001st") {
  TemporaryDirectory directory;
  std::vector<std::pair<std::string, std::string>> files;
  for (int i = 0; i < 100'000; ++i) files.emplace_back(fmt::format("bag/{:06}", i), "");
  write_bytes(directory / "a.zip", raw_zip(files));
  CHECK(python("print(len(zipfile.ZipFile(sys.argv[1]).namelist()))", directory / "a.zip") == "100000\n");
  CHECK(refusal(directory / "a.zip").message.find("more than 1000 files") != std::string::npos);
  CHECK(value_of(verify_file(directory / "a.zip"), "structure") == "altered");
}

TEST_CASE("any difference between a local header, its central header and the end is refused") {
  TemporaryDirectory directory;
  const auto file = directory / "a.zip";
  const Bytes good = raw_zip({{"bag/a", "hello"}, {"bag/b", "world"}});
  write_bytes(file, good);
  REQUIRE(must(read(file)).size() == 2);
  const std::size_t central = 2 * (30 + 5 + 5);
  Bytes bad = good;
  const auto put = [&](std::size_t at, std::initializer_list<int> values) {
    for (const int value : values) bad[at++] = static_cast<std::uint8_t>(value);
  };
  SECTION("another name in the directory") {
    put(central + 46 + 4, {'c'});
  }
  SECTION("another size in the directory") {
    put(central + 24, {4});
  }
  SECTION("another CRC in the directory") {
    put(central + 16, {1, 2, 3, 4});
  }
  SECTION("overlapping: the second entry points at the first") {
    put(central + 51 + 42, {0});
  }
  SECTION("a symbolic link") {
    put(central + 41, {0xA1});
  }
  SECTION("an encrypted entry") {
    put(6, {1});
    put(central + 8, {1});
  }
  SECTION("a directory on another disk") {
    put(central + 34, {1});
  }
  SECTION("another count in the end") {
    put(central + 102 + 10, {1});
  }
  SECTION("another offset in the end") {
    put(central + 102 + 16, {1});
  }
  SECTION("a comment") {
    put(central + 102 + 20, {1, 0});
    bad.push_back('!');
  }
  SECTION("a comment of an entry") {
    put(central + 32, {1, 0});
    bad.insert(bad.begin() + static_cast<std::ptrdiff_t>(central + 51), '!');
    put(central + 103 + 12, {103});
  }
  SECTION("bytes between files and directory") {
    bad.insert(bad.begin() + static_cast<std::ptrdiff_t>(central), 4, 0);
  }
  SECTION("bytes between the two files") {
    bad.insert(bad.begin() + 40, 4, 0);
  }
  SECTION("the entries swapped in the directory") {
    std::swap_ranges(bad.begin() + static_cast<std::ptrdiff_t>(central),
                     bad.begin() + static_cast<std::ptrdiff_t>(central + 51),
                     bad.begin() + static_cast<std::ptrdiff_t>(central + 51));
  }
  REQUIRE(bad != good);
  write_bytes(file, bad);
  CHECK(refusal(file).kind == ErrorKind::kCorrupted);
}

TEST_CASE("sizes that lie are refused before anything is read") {
  TemporaryDirectory directory;
  const auto file = directory / "a.zip";
  Bytes bytes = raw_zip({{"bag/a", "hello"}});
  SECTION("4 GiB less 2") {
    for (const std::size_t at : {18u, 22u}) {
      bytes[at] = 0xFE;
      bytes[at + 1] = bytes[at + 2] = bytes[at + 3] = 0xFF;
    }
  }
  SECTION("2^64 - 1 in a zip64 field") {
    const ZipEntry huge{"bag/a", ~std::uint64_t{0}, 0, 0, 0};
    bytes = local_header(huge);
    put_bytes(bytes, to_bytes("hello"));
  }
  write_bytes(file, bytes);
  CHECK(refusal(file).message == "byte 0: bag/a claims more bytes than the file has");
}

TEST_CASE("files that are no zip are told as such") {
  TemporaryDirectory directory;
  for (const std::string text : {"", "P", "hello, I am a letter", "%PDF-1.7\n"}) {
    write_bytes(directory / "a", to_bytes(text));
    CHECK(refusal(directory / "a").message == "byte 0: this is not a package (no zip file begins here)");
  }
  write_bytes(directory / "a", to_bytes("PK\x03\x04"));
  CHECK(refusal(directory / "a").message == "byte 0: the file ends inside a local header");
}

TEST_CASE("a package's files stand in their order, in one bag") {
  TemporaryDirectory directory;
  const auto file = directory / "a.zip";
  const std::string bag = "evidence-0123456789abcdef/";
  std::vector<std::pair<std::string, std::string>> files = {{bag + "bagit.txt", ""},
                                                            {bag + "bag-info.txt", ""},
                                                            {bag + "manifest-sha256.txt", ""},
                                                            {bag + "tagmanifest-sha256.txt", ""},
                                                            {bag + "data/a", ""},
                                                            {bag + "proof/b", ""}};
  const auto index = [&] {
    write_bytes(file, raw_zip(files));
    return read_package_index(*must(posix_file_system().open(file, OpenMode::kRead)));
  };
  REQUIRE(index());
  SECTION("data behind proof") {
    std::swap(files[4], files[5]);
  }
  SECTION("the head out of order") {
    std::swap(files[0], files[1]);
  }
  SECTION("a head file missing") {
    files.erase(files.begin() + 1);
  }
  SECTION("a head file behind") {
    std::rotate(files.begin(), files.begin() + 1, files.end());
  }
  SECTION("a file of no kind") {
    files.emplace_back(bag + "zzz", "");
  }
  SECTION("a file outside the bag") {
    files.emplace_back("zzz", "");
  }
  SECTION("two bags") {
    files[5].first = "evidence-0123456789abcdee/proof/b";
  }
  SECTION("another name of the bag") {
    for (auto& one : files) one.first.replace(0, 8, "package_");
  }
  CHECK(index().error().kind == ErrorKind::kCorrupted);
}

TEST_CASE("one pass hashes the whole and all pieces") {
  TemporaryDirectory directory;
  const std::size_t size = GENERATE(0u, 1u, 1000u, (1u << 20) - 1, 1u << 20, (3u << 20) + 17);
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::uint8_t>(i * i >> 7);
  write_bytes(directory / "a", bytes);
  std::vector<Piece> thirds = {{0, size / 3}, {size / 3, 0}, {size / 3 + size % 3, size / 3}, {size, 0}};
  const std::vector<Piece> whole = {{0, size}};
  const auto file = must(posix_file_system().open(directory / "a", OpenMode::kRead));
  const auto hashed = must(hash_file(*file, thirds, whole));
  CHECK(hashed.size == size);
  CHECK(to_hex(hashed.sha256) == run_tool({"sha256sum", (directory / "a").string()}).substr(0, 64));
  CHECK(hashed.fragments == std::vector{hashed.sha256});
  for (std::size_t i = 0; i < thirds.size(); ++i) {
    const ByteView part = ByteView(bytes).subspan(thirds[i].offset, thirds[i].size);
    CHECK(hashed.entries[i].sha256 == sha256(part));
    CHECK(hashed.entries[i].crc32 == crc32(part));
  }
  const std::vector<Piece> beyond = {{size, 1}};
  CHECK(hash_file(*file, beyond, {}).error().kind == ErrorKind::kCorrupted);
}
