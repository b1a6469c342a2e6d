#include "firmware/http/client.h"

namespace shilu::http {

std::string_view to_string(Cause cause) {
  switch (cause) {
    case Cause::kNone:
      return "";
    case Cause::kName:
      return "no-name";
    case Cause::kRefused:
      return "refused";
    case Cause::kUnreachable:
      return "unreachable";
    case Cause::kCut:
      return "cut";
    case Cause::kSilent:
      return "silent";
    case Cause::kNoAnswer:
      return "no-answer";
    case Cause::kUntrusted:
      return "untrusted";
    case Cause::kClock:
      return "clock";
    case Cause::kWrongPin:
      return "wrong-pin";
    case Cause::kOurCertificate:
      return "our-certificate";
    case Cause::kProxy:
      return "proxy";
    case Cause::kProxySignIn:
      return "proxy-sign-in";
    case Cause::kCancelled:
      return "cancelled";
    case Cause::kOther:
      break;
  }
  return "other";
}

}  // namespace shilu::http
