#include "firmware/http/curl_error.h"

#include <cerrno>
#include <system_error>

namespace shilu::http {
namespace {

std::string with_cause(std::string sentence, long os_error) {
  if (os_error == 0) return sentence;
  return sentence + ": " + std::generic_category().message(static_cast<int>(os_error));
}

Error connect_error(const std::string& peer, long os_error) {
  if (os_error == ECONNREFUSED) return {ErrorKind::kUnavailable, peer + " refused the connection"};
  return {ErrorKind::kUnavailable, with_cause(peer + " cannot be reached", os_error)};
}

Error cut_error(const std::string& peer, long os_error) {
  if (os_error == ETIMEDOUT) return {ErrorKind::kTimedOut, peer + " stopped acknowledging what was sent"};
  return {ErrorKind::kUnavailable, with_cause("the connection to " + peer + " was cut", os_error)};
}

}  // namespace

Error error_of(CURLcode code, long os_error, const std::string& peer, std::string detail) {
  if (detail.empty()) detail = curl_easy_strerror(code);
  switch (code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return {ErrorKind::kUnavailable, "the name of " + peer + " cannot be resolved"};
    case CURLE_COULDNT_RESOLVE_PROXY:
      return {ErrorKind::kUnavailable, "the proxy's name cannot be resolved"};
    case CURLE_COULDNT_CONNECT:
      return connect_error(peer, os_error);
    case CURLE_OPERATION_TIMEDOUT:
      return {ErrorKind::kTimedOut, peer + " could not be reached in time"};
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_FAIL_REWIND:
      return cut_error(peer, os_error);
    case CURLE_GOT_NOTHING:
      return {ErrorKind::kUnavailable, peer + " closed the connection without an answer"};
    case CURLE_PARTIAL_FILE:
      return {ErrorKind::kUnavailable, "the answer of " + peer + " was cut short"};
    case CURLE_PEER_FAILED_VERIFICATION:
      return {ErrorKind::kPermissionDenied,
              "the certificate of " + peer + " is not trusted (" + detail + ")"};
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
      return {ErrorKind::kPermissionDenied, "the key of " + peer + " is not the pinned one"};
    case CURLE_SSL_CACERT_BADFILE:
      return {ErrorKind::kPermissionDenied,
              "the file of trusted certificates cannot be used (" + detail + ")"};
    case CURLE_SSL_CERTPROBLEM:
      return {ErrorKind::kPermissionDenied, "our certificate cannot be used (" + detail + ")"};
    default:
      return {ErrorKind::kUnavailable, "the exchange with " + peer + " failed (" + detail + ")"};
  }
}

}  // namespace shilu::http
