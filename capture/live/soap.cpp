#include "capture/live/soap.h"

#include <fmt/format.h>
#include <glib.h>

#include <memory>
#include <sstream>

namespace shilu::live {
namespace {

constexpr int kDeepest = 12;
constexpr const char* kNamespaces =
    "xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" "
    "xmlns:tds=\"http://www.onvif.org/ver10/device/wsdl\" "
    "xmlns:trt=\"http://www.onvif.org/ver10/media/wsdl\" xmlns:tt=\"http://www.onvif.org/ver10/schema\"";
constexpr const char* kSecurity =
    "<s:Header><Security s:mustUnderstand=\"1\" "
    "xmlns=\"http://docs.oasis-open.org/wss/2004/01/"
    "oasis-200401-wss-wssecurity-secext-1.0.xsd\"><UsernameToken>"
    "<Username>{}</Username><Password "
    "Type=\"http://docs.oasis-open.org/wss/2004/01/"
    "oasis-200401-wss-username-token-profile-1.0#PasswordDigest\">{}"
    "</Password><Nonce "
    "EncodingType=\"http://docs.oasis-open.org/wss/2004/01/"
    "oasis-200401-wss-soap-message-security-1.0#Base64Binary\">{}"
    "</Nonce><Created "
    "xmlns=\"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd\">{}</"
    "Created>"
    "</UsernameToken></Security></s:Header>";

struct GTextFree {
  void operator()(gchar* text) const { g_free(text); }
};

std::string base64(const void* bytes, std::size_t size) {
  const std::unique_ptr<gchar, GTextFree> text(g_base64_encode(static_cast<const guchar*>(bytes), size));
  return text.get();
}

std::string new_nonce() {
  std::string nonce;
  for (int i = 0; i < 4; ++i) {
    const guint32 random = g_random_int();
    nonce.append(reinterpret_cast<const char*>(&random), sizeof random);
  }
  return nonce;
}

pugi::xml_node find(const pugi::xml_node& node, std::string_view name, int depth) {
  if (depth > kDeepest) return {};
  for (const auto& child : node.children()) {
    if (local_name(child) == name) return child;
    if (const auto deeper = find(child, name, depth + 1)) return deeper;
  }
  return {};
}

void copy(const pugi::xml_node& from, pugi::xml_node to, int depth) {
  for (const auto& attribute : from.attributes()) {
    if (!std::string_view(attribute.name()).starts_with("xmlns"))
      to.append_attribute(attribute.name()) = attribute.value();
  }
  for (const auto& child : from.children()) {
    if (child.type() == pugi::node_pcdata) to.append_child(pugi::node_pcdata).set_value(child.value());
    if (child.type() != pugi::node_element || depth > kDeepest) continue;
    copy(child, to.append_child(("tt:" + std::string(local_name(child))).c_str()), depth + 1);
  }
}

}  // namespace

std::string password_digest(const std::string& nonce, const std::string& created_utc,
                            const std::string& password) {
  const auto input = nonce + created_utc + password;
  const std::unique_ptr<GChecksum, decltype(&g_checksum_free)> sum(g_checksum_new(G_CHECKSUM_SHA1),
                                                                   g_checksum_free);
  g_checksum_update(sum.get(), reinterpret_cast<const guchar*>(input.data()),
                    static_cast<gssize>(input.size()));
  guint8 digest[20];
  gsize size = sizeof digest;
  g_checksum_get_digest(sum.get(), digest, &size);
  return base64(digest, size);
}

std::string xml_escaped(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '<':
        escaped += "&lt;";
        break;
      case '&':
        escaped += "&amp;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string soap_envelope(const std::string& body, const std::optional<SoapCredentials>& credentials) {
  std::string header;
  if (credentials) {
    const auto nonce = new_nonce();
    const auto digest = password_digest(nonce, credentials->created_utc, credentials->password);
    header = fmt::format(fmt::runtime(kSecurity), xml_escaped(credentials->user), digest,
                         base64(nonce.data(), nonce.size()), credentials->created_utc);
  }
  return fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?><s:Envelope {}>{}<s:Body>{}</s:Body></s:Envelope>",
      kNamespaces, header, body);
}

std::string_view local_name(const pugi::xml_node& node) {
  const std::string_view name(node.name());
  const auto colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

pugi::xml_node descendant(const pugi::xml_node& node, std::string_view name) {
  return find(node, name, 0);
}

std::string text_of(const pugi::xml_node& node, std::string_view name) {
  return descendant(node, name).text().as_string();
}

Result<SoapAnswer> parse_soap(const std::string& text) {
  SoapAnswer answer{std::make_unique<pugi::xml_document>(), {}};
  const auto parsed = answer.document->load_buffer(text.data(), text.size());
  answer.body = descendant(*answer.document, "Body");
  if (!parsed || !answer.body) return fail(ErrorKind::kCorrupted, "it answers, but not in ONVIF's language");
  const auto fault = descendant(answer.body, "Fault");
  if (!fault) return answer;
  std::ostringstream whole;
  fault.print(whole);
  const bool refused = whole.str().find("NotAuthorized") != std::string::npos;
  if (refused) return fail(ErrorKind::kPermissionDenied, "it refuses the user name or the password");
  return fail(ErrorKind::kFailedPrecondition, "it says: " + text_of(fault, "Text"));
}

std::string copied_as(const pugi::xml_node& node, const std::string& name) {
  pugi::xml_document document;
  copy(node, document.append_child(name.c_str()), 0);
  std::ostringstream text;
  document.first_child().print(text, "", pugi::format_raw);
  return text.str();
}

}  // namespace shilu::live
