#pragma once
// SOAP 1.2 envelopes for ONVIF; pugixml's home. Prefixes of answers are the camera's choice, so names are
// compared without them. Answers come from the network: sizes are bounded by the HTTP client, depth by us.

#include <pugixml.hpp>

#include <memory>
#include <optional>
#include <string>

#include "firmware/base/result.h"

namespace shilu::live {

struct SoapCredentials {
  std::string user;
  std::string password;
  std::string created_utc;  // by the camera's clock, "2026-11-27T14:00:00Z"
};

// `body`: XML of the body's one child, with the prefixes tds, trt and tt.
std::string soap_envelope(const std::string& body, const std::optional<SoapCredentials>& credentials);

// base64(SHA-1(nonce + created + password)), WSS Username Token Profile 1.0 section 3.1. `nonce`: raw bytes.
std::string password_digest(const std::string& nonce, const std::string& created_utc,
                            const std::string& password);

std::string_view local_name(const pugi::xml_node& node);
// The first descendant of this name, itself excluded; empty: none within 12 levels.
pugi::xml_node descendant(const pugi::xml_node& node, std::string_view name);
std::string text_of(const pugi::xml_node& node, std::string_view name);

// The body's child of an answer. kPermissionDenied: a fault that says so; kFailedPrecondition: another fault,
// with the camera's reason; kCorrupted: no SOAP.
struct SoapAnswer {
  std::unique_ptr<pugi::xml_document> document;
  pugi::xml_node body;  // of the document
};
Result<SoapAnswer> parse_soap(const std::string& text);

// The node's copy with the prefix tt on every element, as `name`.
std::string copied_as(const pugi::xml_node& node, const std::string& name);

std::string xml_escaped(const std::string& text);

}  // namespace shilu::live
