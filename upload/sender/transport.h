#pragma once
// One way to carry a file to a server: tus today, parts of an object store beside it. What the outbox and the
// command line know of an upload is its handle, a text that the transport made and that stands in the store.

#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "firmware/base/digest.h"
#include "upload/sender/platform_client.h"

namespace shilu::sender {

// What is carried: a file that does not change any more.
struct Parcel {
  std::filesystem::path file;
  std::uint64_t size = 0;
  Digest sha256{};
};

struct UploadWatch {
  // The server has made everything up to `offset` its own. An error ends the upload.
  std::function<Status(std::uint64_t offset)> on_offset;
  // Bytes of the file that the peer has acknowledged so far, at most 4 times a second; false cancels.
  std::function<bool(std::uint64_t acked)> on_acked;
  // Asked between two requests: true ends this go, since something else is more urgent. Empty: never.
  std::function<bool()> should_yield;
  // See http::ClientRequest.
  std::function<std::size_t(std::size_t wanted)> allowance;
  std::function<void(const http::LineSample&)> on_line;
};

enum class UploadEnd {
  kComplete,   // every byte is the server's
  kCancelled,  // on_acked said so
  kYielded,    // should_yield said so
};

class UploadTransport {
 public:
  virtual ~UploadTransport() = default;
  // Announces the file; -> the upload's handle. Nothing of the file is sent.
  virtual CallResult<std::string> begin(const Parcel& parcel) = 0;
  // Asks what the server has of it, and sends the rest. Survives what another request cures; any other
  // failure ends it, and a later call with the same handle goes on. kGone: the handle is worth nothing any
  // more, begin anew.
  virtual CallResult<UploadEnd> send_rest(const std::string& handle, const Parcel& parcel,
                                          const UploadWatch& watch) = 0;
  // Tells the server that no more comes. Gone already is good.
  virtual CallResult<void> abandon(const std::string& handle) = 0;
};

}  // namespace shilu::sender
