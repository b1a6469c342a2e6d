#pragma once
// What `shilu submit` was asked to do, and what both of its ways share.

#include <fmt/format.h>

#include <filesystem>
#include <functional>
#include <random>
#include <string>
#include <thread>

#include "config/upload_settings.h"
#include "upload/sender/client_options.h"
#include "upload/sender/enrolment.h"
#include "upload/sender/line_health.h"
#include "upload/sender/pace.h"
#include "upload/sender/transport.h"

namespace shilu::cli {

struct SubmitArguments {
  std::string package;
  std::string platform;
  std::string tus;
  std::string claim;
  std::string keys;
  std::string tpm;
  std::string programme = "cn-moe-2.0";
  std::string point;
  std::string limit;
  std::string proxy;
  std::string ca_file;
  std::string s3_endpoint;
  std::string s3_region = "us-east-1";
  int tries = 200;
  bool json = false;
};

Result<int> submit_to_platform(const SubmitArguments& arguments, const sender::Parcel& parcel);
// What this machine knows of that platform; nullopt: it is not enrolled there.
Result<std::optional<sender::Enrolled>> enrolment_of(const SubmitArguments& arguments);
Result<int> submit_to_tus(const SubmitArguments& arguments, const sender::Parcel& parcel);
// Into a school's own S3-compatible store: `platform` is "s3://bucket/folder", the key the folder and the
// package's digest, so that the same package is never there twice. The store's keys come from the
// environment, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. `<package>.s3-upload.json` remembers an upload
// that was begun, until it is done.
Result<int> submit_to_s3(const SubmitArguments& arguments, const sender::Parcel& parcel);

// Into an existing folder, for somebody to carry (`shilu carry`).
Result<int> submit_to_folder(const SubmitArguments& arguments, const sender::Parcel& parcel);

// Between two tries that failed: counts them, tells them, waits. Progress begins the count anew.
class Persistence {
 public:
  explicit Persistence(int tries) : tries_(tries) {}
  void on_progress();
  // Waits and returns; or gives the error that ends the command.
  Status after(const sender::CallError& error);

 private:
  const int tries_;
  int failures_ = 0;
  SystemClock clock_;
  sender::LineHealth line_;
  std::mt19937_64 random_{std::random_device{}()};
};

// The limit of --limit, and progress on stderr.
class Watching {
 public:
  Watching(const config::UploadSettings& settings, std::uint64_t size, Persistence& persistence);
  sender::UploadWatch watch();

 private:
  SystemClock clock_;
  sender::Pace pace_;
  const std::uint64_t size_;
  Persistence& persistence_;
};

Result<config::UploadSettings> upload_settings(const SubmitArguments& arguments);

}  // namespace shilu::cli
