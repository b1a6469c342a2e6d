// shilu-link-emulator: a line between two network namespaces, as bad as one likes. Makes a TUN device in
// each; the addresses are the caller's matter. One JSON line on stdout once both devices are there, then one
// for each command on stdin: "counters", "out" (the line loses everything), "back". Ends with stdin.

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <iostream>

#include "firmware/base/log.h"
#include "tests/net/line.h"
#include "tests/net/tun_device.h"

namespace {

using namespace shilu;  // a main, not a header

struct Arguments {
  std::string near_network, far_network, near_device = "line0", far_device = "line0";
  std::int64_t rate_bps = 0;
  double delay_ms = 0, jitter_ms = 0, loss = 0;
  std::size_t queue_bytes = 256 << 10;
  std::uint64_t seed = 1;

  net::LineConditions conditions() const {
    const auto ms = [](double value) { return Nanoseconds(static_cast<std::int64_t>(value * 1e6)); };
    return {rate_bps, ms(delay_ms), ms(jitter_ms), loss, queue_bytes};
  }
};

void declare(CLI::App& app, Arguments& arguments) {
  app.add_option("--near", arguments.near_network, "file of the device's network namespace")->required();
  app.add_option("--far", arguments.far_network, "file of the platform's network namespace")->required();
  app.add_option("--near-device", arguments.near_device, "name of the TUN device there")
      ->capture_default_str();
  app.add_option("--far-device", arguments.far_device, "name of the TUN device there")->capture_default_str();
  app.add_option("--rate-bps", arguments.rate_bps, "bits a second of IP packets, each way; 0: endless");
  app.add_option("--delay-ms", arguments.delay_ms, "each way");
  app.add_option("--jitter-ms", arguments.jitter_ms, "around the delay, each way");
  app.add_option("--loss", arguments.loss, "share of the packets, each way")->check(CLI::Range(0.0, 1.0));
  app.add_option("--queue-bytes", arguments.queue_bytes, "waiting for the rate; more is dropped")
      ->capture_default_str();
  app.add_option("--seed", arguments.seed, "of what is left to chance")->capture_default_str();
}

class Emulator {
 public:
  Emulator(net::TunDevice near, net::TunDevice far, const Arguments& arguments)
      : near_(std::move(near)),
        far_(std::move(far)),
        up_(arguments.conditions(), arguments.seed),
        down_(arguments.conditions(), arguments.seed + 1) {}

  Status run() {
    while (true) {
      SHILU_CHECK(carry(near_, up_, far_));
      SHILU_CHECK(carry(far_, down_, near_));
      if (!wait()) return {};
    }
  }

 private:
  Status carry(net::TunDevice& from, net::Line& line, net::TunDevice& to) {
    while (true) {
      SHILU_TRY(auto packet, from.read_packet());
      if (!packet) break;
      line.offer(clock_.monotonic(), std::move(*packet));
    }
    while (const auto packet = line.take_due(clock_.monotonic())) to.write_packet(*packet);
    return {};
  }

  // Until there is a packet or one is due; false when stdin has ended.
  bool wait() {
    std::array<pollfd, 3> watched{
        {{near_.fd(), POLLIN, 0}, {far_.fd(), POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}}};
    std::int64_t wait_ns = 60'000'000'000;
    for (const auto& due : {up_.next_due(), down_.next_due()}) {
      if (due) wait_ns = std::min(wait_ns, std::max<std::int64_t>(0, (*due - clock_.monotonic()).count()));
    }
    const timespec timeout{wait_ns / 1'000'000'000, wait_ns % 1'000'000'000};
    ::ppoll(watched.data(), watched.size(), &timeout, nullptr);
    return watched[2].revents == 0 || obey();
  }

  bool obey() {
    std::string command;
    if (!std::getline(std::cin, command)) return false;
    if (command == "out" || command == "back") {
      up_.set_out(command == "out");
      down_.set_out(command == "out");
    }
    std::cout << fmt::format("{{\"up\":{},\"down\":{}}}", told(up_), told(down_)) << std::endl;
    return true;
  }

  static std::string told(const net::Line& line) {
    const net::LineCounters& c = line.counters();
    return fmt::format(R"({{"packets":{},"bytes":{},"tcp_payload":{},"lost":{},"overflowed":{},"cut":{}}})",
                       c.packets, c.bytes, c.tcp_payload, c.lost, c.overflowed, c.cut);
  }

  net::TunDevice near_, far_;
  net::Line up_, down_;
  SystemClock clock_;
};

Status run(const Arguments& arguments) {
  SHILU_TRY(net::TunDevice near, net::TunDevice::open(arguments.near_network, arguments.near_device));
  SHILU_TRY(net::TunDevice far, net::TunDevice::open(arguments.far_network, arguments.far_device));
  std::cout << R"({"ready":true})" << std::endl;
  return Emulator(std::move(near), std::move(far), arguments).run();
}

}  // namespace

int main(int argc, char** argv) {
  set_log_identity("shilu-link-emulator", LogLevel::kInfo);
  CLI::App app("A bad line between two network namespaces.", "shilu-link-emulator");
  Arguments arguments;
  declare(app, arguments);
  CLI11_PARSE(app, argc, argv);
  const auto ended = run(arguments);
  if (!ended) std::cerr << ended.error().message << "\n";
  return ended ? 0 : 1;
}
