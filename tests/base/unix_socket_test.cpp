#include "firmware/base/unix_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <thread>

#include "firmware/base/file_system.h"
#include "tests/base/temporary_directory.h"

using namespace shilu;
using namespace std::chrono_literals;

namespace {

struct Pair {
  UniqueFd raw;  // one end, to write bytes as they are
  MessageChannel channel;
};

Pair make_pair_of_ends() {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  return {UniqueFd(ends[0]), MessageChannel(UniqueFd(ends[1]))};
}

void write_raw(const UniqueFd& fd, std::string_view bytes) {
  REQUIRE(::write(fd.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
}

std::string text_of(const Result<std::optional<Bytes>>& message) {
  return std::string(as_text(message.value().value()));
}

}  // namespace

TEST_CASE("a message is its length in four bytes, highest first, and its bytes") {
  auto [raw, channel] = make_pair_of_ends();
  REQUIRE(channel.send("hello"));
  char buffer[64];
  REQUIRE(::read(raw.get(), buffer, sizeof(buffer)) == 9);
  CHECK(std::string(buffer, 9) == std::string("\0\0\0\5hello", 9));
  write_raw(raw, std::string("\0\0\0\2hi\0\0\0\0\0\0\0\1!", 15));
  CHECK(text_of(channel.receive()) == "hi");
  CHECK(text_of(channel.receive()).empty());
  CHECK(text_of(channel.receive(Nanoseconds::max())) == "!");
}

TEST_CASE("a message that came in part is kept for the next call") {
  auto [raw, channel] = make_pair_of_ends();
  const std::string whole("\0\0\0\5hello", 9);
  for (std::size_t i = 0; i + 1 < whole.size(); ++i) {
    write_raw(raw, whole.substr(i, 1));
    REQUIRE(channel.receive(0ns).error().kind == ErrorKind::kTimedOut);
  }
  write_raw(raw, whole.substr(8));
  CHECK(text_of(channel.receive(0ns)) == "hello");
}

TEST_CASE("waiting ends at the timeout") {
  auto [raw, channel] = make_pair_of_ends();
  const SystemClock clock;
  const auto start = clock.monotonic();
  CHECK(channel.receive(50ms).error().kind == ErrorKind::kTimedOut);
  CHECK(clock.monotonic() - start >= 50ms);
}

TEST_CASE("a peer that closes between messages ends the stream in good order, within one it does not") {
  auto [raw, channel] = make_pair_of_ends();
  write_raw(raw, std::string("\0\0\0\1x", 5));
  raw.reset();
  CHECK(text_of(channel.receive()) == "x");
  CHECK_FALSE(channel.receive().value().has_value());
  CHECK_FALSE(channel.receive(1s).value().has_value());

  const auto rest = GENERATE(std::string("\0\0", 2), std::string("\0\0\0\5hel", 7));
  auto [other, cut] = make_pair_of_ends();
  write_raw(other, rest);
  other.reset();
  CHECK(cut.receive().error().kind == ErrorKind::kUnavailable);
}

TEST_CASE("sending to a peer that is gone is an error, not a signal") {
  auto [raw, channel] = make_pair_of_ends();
  raw.reset();
  CHECK(channel.send("x").error().kind == ErrorKind::kUnavailable);
}

TEST_CASE("a length beyond the limit is refused on both sides") {
  auto [raw, channel] = make_pair_of_ends();
  CHECK(channel.send(Bytes(kMaxMessage + 1)).error().kind == ErrorKind::kInvalidArgument);
  write_raw(raw, std::string("\x02\x00\x00\x01", 4));  // 32 MiB and one byte
  CHECK(channel.receive(1s).error().kind == ErrorKind::kCorrupted);
}

TEST_CASE("large messages pass in both directions at once") {
  const test::TemporaryDirectory directory;
  const auto listener = listen_unix(directory / "s").value();
  MessageChannel client(connect_unix(directory / "s").value());
  MessageChannel server(accept_unix(listener.get()).value());
  Bytes large(kMaxMessage);
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<std::uint8_t>(i * 7 + i / 251);

  std::thread sender([&] { (void)client.send(large); });
  std::thread echo([&] { (void)server.send(*server.receive().value()); });
  const auto back = client.receive(30s);
  sender.join();
  echo.join();
  CHECK(back.value().value() == large);
}

TEST_CASE("messages sent together arrive one by one, however many and however long") {
  auto [raw, channel] = make_pair_of_ends();
  std::vector<Bytes> sent;
  for (std::size_t i = 0; i < 300; ++i)
    sent.emplace_back(i == 100 ? 3'000'000 : i % 7, static_cast<std::uint8_t>(i));
  MessageChannel receiver(std::move(raw));
  std::thread sender([&channel = channel, &sent] { CHECK(channel.send_all(sent)); });
  std::vector<Bytes> got;
  while (got.size() < sent.size()) got.push_back(receiver.receive().value().value());
  sender.join();
  CHECK(got == sent);
}

TEST_CASE("shutting down ends a receive that waits in another thread") {
  auto [raw, channel] = make_pair_of_ends();
  std::thread stopper([&channel = channel] { channel.shutdown(); });
  CHECK_FALSE(channel.receive().value().has_value());
  stopper.join();
}

TEST_CASE("a listening socket is for its user only") {
  const test::TemporaryDirectory directory;
  const auto listener = listen_unix(directory / "s").value();
  struct stat info {};
  REQUIRE(::stat((directory / "s").c_str(), &info) == 0);
  CHECK(S_ISSOCK(info.st_mode));
  CHECK((info.st_mode & 0777) == 0600);
}

TEST_CASE("the socket of a dead process is replaced, of a living one it is not") {
  const test::TemporaryDirectory directory;
  auto first = listen_unix(directory / "s").value();
  CHECK(listen_unix(directory / "s").error().kind == ErrorKind::kAlreadyExists);
  first.reset();
  CHECK(connect_unix(directory / "s").error().kind == ErrorKind::kUnavailable);
  const auto second = listen_unix(directory / "s").value();
  CHECK(connect_unix(directory / "s"));
}

TEST_CASE("a file that is no socket is never replaced") {
  const test::TemporaryDirectory directory;
  REQUIRE(write_file_atomic(directory / "s", as_bytes("data")));
  CHECK(listen_unix(directory / "s").error().kind == ErrorKind::kAlreadyExists);
  CHECK(read_text_file(directory / "s").value() == "data");
}

TEST_CASE("a path that does not fit or is not there is said") {
  CHECK(listen_unix("/tmp/" + std::string(120, 'x')).error().kind == ErrorKind::kInvalidArgument);
  CHECK(connect_unix("/tmp/shilu-none/s").error().kind == ErrorKind::kNotFound);
}
