// shilu submit --to tus+https://…: any tus 1.0 server. It gives no receipt and most check no digest, so what
// it has is read back where it lets us; else the answer says in words that nobody has checked.

#include <algorithm>

#include "firmware/app/shilu/command.h"
#include "firmware/app/shilu/submit_arguments.h"
#include "firmware/base/json_io.h"
#include "upload/sender/read_back.h"
#include "upload/sender/tus_transport.h"

namespace shilu::cli {
namespace {

using sender::CallResult;
using Kind = sender::CallError::Kind;

Status check_server(const sender::TusServer& server, const sender::Parcel& parcel) {
  if (!server.has("creation"))
    return fail(ErrorKind::kFailedPrecondition,
                "the server does not let uploads be created (tus \"creation\")");
  if (server.max_size != 0 && parcel.size > server.max_size) {
    return fail(
        ErrorKind::kFailedPrecondition,
        fmt::format("the server takes at most {} bytes, and this file has {}", server.max_size, parcel.size));
  }
  return {};
}

// `call` until it succeeds or another try does not help.
template <typename T>
Result<T> insist(Persistence& persistence, const std::function<CallResult<T>()>& call) {
  for (;;) {
    CallResult<T> result = call();
    if (result) return std::move(*result);
    SHILU_CHECK(persistence.after(result.error()));
  }
}

// -> the upload's address, once the server has all of it.
Result<std::string> carry(sender::TusTransport& transport, const sender::Parcel& parcel,
                          const sender::UploadWatch& watch, Persistence& persistence) {
  for (;;) {
    SHILU_TRY(const std::string handle,
              insist<std::string>(persistence, [&] { return transport.begin(parcel); }));
    for (;;) {
      const auto end = transport.send_rest(handle, parcel, watch);
      if (end) return handle;
      SHILU_CHECK(persistence.after(end.error()));
      if (end.error().kind == Kind::kGone) break;  // its time was over: from the start
    }
  }
}

int tell(const SubmitArguments& arguments, const std::string& url, const sender::Parcel& parcel,
         const sender::TusServer& server, sender::ReadBack found) {
  const bool damaged = found == sender::ReadBack::kDifferent;
  if (arguments.json) {
    print_json({{"upload_url", url},
                {"size_bytes", parcel.size},
                {"receipt", nullptr},
                {"extensions", server.extensions},
                {"integrity", to_string(found)}});
  } else if (damaged) {
    fmt::print(stderr, "\nshilu: {} has other bytes than were sent. Send it again.\n", url);
  } else {
    fmt::print("\n{} has {} bytes. {} It gives no receipt.\n", url, parcel.size,
               found == sender::ReadBack::kSame
                   ? "Read back, they are the same (SHA-256)."
                   : "It does not let them be read back: nobody has checked that they arrived unchanged.");
  }
  return damaged ? kFailed : kGood;
}

}  // namespace

Result<int> submit_to_tus(const SubmitArguments& arguments, const sender::Parcel& parcel) {
  SHILU_TRY(const config::UploadSettings settings, upload_settings(arguments));
  http::Client client(sender::client_options(settings));
  sender::TusTransport transport(client, arguments.tus, {});
  Persistence persistence(arguments.tries);
  SHILU_TRY(const sender::TusServer server,
            insist<sender::TusServer>(persistence, [&] { return transport.tus().probe(arguments.tus); }));
  SHILU_CHECK(check_server(server, parcel));
  Watching watching(settings, parcel.size, persistence);
  SHILU_TRY(const std::string url, carry(transport, parcel, watching.watch(), persistence));
  SHILU_TRY(const auto found, insist<sender::ReadBack>(
                                  persistence, [&] { return sender::read_back(client, url, {}, parcel); }));
  return tell(arguments, url, parcel, server, found);
}

}  // namespace shilu::cli
