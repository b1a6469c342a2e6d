#include "firmware/http/curl_error.h"

#include <cerrno>
#include <string_view>
#include <system_error>

namespace shilu::http {
namespace {

bool says(const CurlFailure& failure, std::string_view words) {
  return failure.detail.find(words) != std::string::npos;
}

// OpenSSL's texts of X509_V_ERR_CERT_NOT_YET_VALID and _HAS_EXPIRED.
bool is_about_time(const CurlFailure& failure) {
  return says(failure, "not yet valid") || says(failure, "has expired");
}

// With TLS 1.3 the refusal of our certificate comes after the handshake, as an alert in the middle of the
// exchange.
bool is_certificate_alert(const CurlFailure& failure) {
  return says(failure, "certificate required") || says(failure, "alert bad certificate") ||
         says(failure, "alert unknown ca") || says(failure, "alert certificate");
}

bool is_proxy_refusal(const CurlFailure& failure) {
  return failure.proxy_status >= 300 || failure.code == CURLE_PROXY;
}

std::string with_cause(std::string sentence, long os_error) {
  if (os_error == 0) return sentence;
  return sentence + ": " + std::generic_category().message(static_cast<int>(os_error));
}

Cause cause_of_cut(const CurlFailure& failure) {
  if (is_certificate_alert(failure)) return Cause::kOurCertificate;
  return failure.os_error == ETIMEDOUT ? Cause::kSilent : Cause::kCut;
}

Error in_words(Cause cause, const CurlFailure& failure, const std::string& peer) {
  const std::string& detail = failure.detail;
  switch (cause) {
    case Cause::kName:
      return {ErrorKind::kUnavailable, "the name of " + peer + " cannot be resolved"};
    case Cause::kRefused:
      return {ErrorKind::kUnavailable, peer + " refused the connection"};
    case Cause::kUnreachable:
      if (failure.code == CURLE_OPERATION_TIMEDOUT)
        return {ErrorKind::kTimedOut, peer + " could not be reached in time"};
      return {ErrorKind::kUnavailable, with_cause(peer + " cannot be reached", failure.os_error)};
    case Cause::kSilent:
      return {ErrorKind::kTimedOut, peer + " stopped acknowledging what was sent"};
    case Cause::kUntrusted:
      if (failure.code == CURLE_SSL_CACERT_BADFILE)
        return {ErrorKind::kPermissionDenied,
                "the file of trusted certificates cannot be used (" + detail + ")"};
      return {ErrorKind::kPermissionDenied,
              "the certificate of " + peer + " is not trusted (" + detail + ")"};
    case Cause::kClock:
      return {ErrorKind::kPermissionDenied, "the certificate of " + peer +
                                                " is not valid at this device's time (" + detail +
                                                "); is the clock of this device right?"};
    case Cause::kWrongPin:
      return {ErrorKind::kPermissionDenied, "the key of " + peer + " is not the pinned one"};
    case Cause::kOurCertificate:
      return {ErrorKind::kPermissionDenied,
              peer + " does not take this device's certificate (" + detail + ")"};
    case Cause::kProxySignIn:
      return {ErrorKind::kPermissionDenied,
              "the proxy does not take the name and password that are set for it"};
    case Cause::kProxy:
      return {ErrorKind::kUnavailable, "the proxy does not let " + peer + " be reached (" + detail + ")"};
    default:
      break;
  }
  return {ErrorKind::kUnavailable, "the exchange with " + peer + " failed (" + detail + ")"};
}

Error cut_in_words(const CurlFailure& failure, const std::string& peer) {
  if (failure.code == CURLE_GOT_NOTHING)
    return {ErrorKind::kUnavailable, peer + " closed the connection without an answer"};
  if (failure.code == CURLE_PARTIAL_FILE)
    return {ErrorKind::kUnavailable, "the answer of " + peer + " was cut short"};
  return {ErrorKind::kUnavailable, with_cause("the connection to " + peer + " was cut", failure.os_error)};
}

}  // namespace

Cause cause_of(const CurlFailure& failure) {
  if (failure.proxy_status == 407) return Cause::kProxySignIn;
  if (is_proxy_refusal(failure)) return Cause::kProxy;
  switch (failure.code) {
    case CURLE_COULDNT_RESOLVE_HOST:
      return Cause::kName;
    case CURLE_COULDNT_RESOLVE_PROXY:
      return Cause::kProxy;
    case CURLE_COULDNT_CONNECT:
      return failure.os_error == ECONNREFUSED ? Cause::kRefused : Cause::kUnreachable;
    case CURLE_OPERATION_TIMEDOUT:
      return Cause::kUnreachable;
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_FAIL_REWIND:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
      return cause_of_cut(failure);
    case CURLE_PEER_FAILED_VERIFICATION:
      return is_about_time(failure) ? Cause::kClock : Cause::kUntrusted;
    case CURLE_SSL_CACERT_BADFILE:
      return Cause::kUntrusted;
    case CURLE_SSL_PINNEDPUBKEYNOTMATCH:
      return Cause::kWrongPin;
    case CURLE_SSL_CERTPROBLEM:
      return Cause::kOurCertificate;
    case CURLE_SSL_CONNECT_ERROR:
      return is_certificate_alert(failure) ? Cause::kOurCertificate : Cause::kOther;
    default:
      return Cause::kOther;
  }
}

Error error_of(const CurlFailure& given, const std::string& peer) {
  CurlFailure failure = given;
  if (failure.detail.empty()) failure.detail = curl_easy_strerror(failure.code);
  const Cause cause = cause_of(failure);
  return cause == Cause::kCut ? cut_in_words(failure, peer) : in_words(cause, failure, peer);
}

}  // namespace shilu::http
