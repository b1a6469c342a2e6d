#include <catch2/catch.hpp>

#include "config/appliance.h"
#include "config/doctor.h"
#include "firmware/base/file_system.h"
#include "tests/base/temporary_directory.h"

using namespace shilu;
using namespace shilu::config;

namespace {

struct Folder {
  test::TemporaryDirectory directory;
  Result<ApplianceSettings> load(const std::string& upload) {
    const std::string text = "data_directory = \"" + directory.path().string() +
                             "\"\nruntime_directory = \"" + directory.path().string() + "\"\n[upload]\n" +
                             upload;
    REQUIRE(write_file_atomic(directory / "appliance.toml", as_bytes(text)));
    return load_appliance(directory / "appliance.toml");
  }
  std::string refusal(const std::string& upload) {
    const auto settings = load(upload);
    REQUIRE_FALSE(settings);
    CHECK(settings.error().kind == ErrorKind::kInvalidArgument);
    CHECK(settings.error().message.find("appliance.toml:4") != std::string::npos);  // the line
    return settings.error().message;
  }
};

constexpr const char* kPin = "sha256//YhKJKSzoTt2b5FP18fvpHo7fJYqQCjAa3HWY3tvRMwE=";

}  // namespace

TEST_CASE("without [upload] the manners are these") {
  Folder folder;
  const auto upload = folder.load("").value().upload;
  CHECK(upload.limit.empty());
  CHECK(upload.while_recording == 1u << 20);
  CHECK(upload.yield_to_others);
  CHECK(upload.forbidden_hours.empty());
}

TEST_CASE("all of [upload] is read") {
  Folder folder;
  const auto upload =
      folder
          .load(
              "proxy = \"socks5h://p:1080\"\nproxy_user = \"u\"\nproxy_password_file = \"/x\"\n"
              "ca_file = \"/ca\"\npinned_keys = [\"" +
              std::string(kPin) +
              "\"]\nclient_certificate = \"/c\"\nclient_key = \"/k\"\nlimit = \"08:00,512k 18:00,off\"\n"
              "while_recording = \"off\"\nyield_to_others = false\nforbidden_hours = [\"07:00-08:00\"]\n"
              "metered_interfaces = [\"wwan0\"]\n")
          .value()
          .upload;
  CHECK(upload.proxy == "socks5h://p:1080");
  CHECK(upload.proxy_user == "u");
  CHECK(upload.ca_file == "/ca");
  CHECK(upload.pinned_keys == std::vector<std::string>{kPin});
  CHECK(upload.client_key == "/k");
  CHECK(upload.limit.rate_at(9 * 60) == 512u << 10);
  CHECK_FALSE(upload.while_recording);
  CHECK_FALSE(upload.yield_to_others);
  CHECK(upload.forbidden_hours.contains(7 * 60));
  CHECK(upload.metered_interfaces == std::vector<std::string>{"wwan0"});
}

TEST_CASE("what is wrong in [upload] is told with its line and what would be right") {
  Folder folder;
  CHECK(folder.refusal("limit = \"08:00,fast\"").find("\"fast\" is no rate") != std::string::npos);
  CHECK(folder.refusal("proxy = \"proxy.lan:3128\"").find("http://host:port") != std::string::npos);
  CHECK(folder.refusal("pac = \"http://w/p.pac\"\nproxy = \"direct\"").find("not both") != std::string::npos);
  CHECK(folder.refusal("proxy_user = \"u\"").find("belong together") != std::string::npos);
  CHECK(folder.refusal("pinned_keys = [\"sha256//abc\"]").find("44 characters") != std::string::npos);
  CHECK(folder.refusal("client_certificate = \"/c\"").find("belong together") != std::string::npos);
  CHECK(folder.refusal("forbidden_hours = [\"mornings\"]").find("07:30-12:00") != std::string::npos);
  CHECK(folder.refusal("limits = \"1M\"").find("did you mean \"limit\"") != std::string::npos);
}

TEST_CASE("the doctor tells of an upload that cannot work") {
  Folder folder;
  const auto told = [&](const std::string& upload) {
    const auto settings = folder.load(upload).value();
    for (const auto& check : examine(settings, ManualClock())) {
      if (check.id == "upload") return check;
    }
    return HealthCheck{};
  };
  CHECK(told("").health == Health::kOk);
  CHECK(told("ca_file = \"/nowhere/ca.pem\"").health == Health::kCritical);
  CHECK(told("ca_file = \"/nowhere/ca.pem\"").text.find("/nowhere/ca.pem") != std::string::npos);
  CHECK(told("pinned_keys = [\"" + std::string(kPin) + "\"]").health == Health::kWarning);
  CHECK(told("forbidden_hours = [\"00:00-24:00\"]").health == Health::kWarning);
}
