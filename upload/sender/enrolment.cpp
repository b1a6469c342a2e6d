#include "upload/sender/enrolment.h"

#include "firmware/base/file_system.h"
#include "firmware/base/json_io.h"
#include "upload/evidence/enrolment_proof.h"
#include "upload/evidence/time_window.h"
#include "upload/sender/call.h"

namespace shilu::sender {

Result<std::optional<Enrolled>> load_enrolment(const std::filesystem::path& file,
                                               const std::string& platform_url) {
  const auto text = read_text_file(file);
  if (!text && text.error().kind == ErrorKind::kNotFound) return std::optional<Enrolled>();
  if (!text) return fail(text.error());
  SHILU_TRY(const Json json, parse_json(*text));
  Enrolled enrolled;
  SHILU_TRY(enrolled.platform_url, json_string(json, "platform_url"));
  if (enrolled.platform_url != platform_url) return std::optional<Enrolled>();
  SHILU_TRY(enrolled.device_id, json_string(json, "device_id"));
  SHILU_TRY(enrolled.token, json_string(json, "token"));
  SHILU_TRY(enrolled.upload_endpoint, json_string(json, "upload_endpoint"));
  SHILU_TRY(enrolled.receipt_key_pem, json_string(json, "receipt_key_pem"));
  SHILU_TRY(const std::string identity_key, json_string(json, "identity_key"));
  SHILU_TRY(enrolled.identity_key, from_base64(identity_key));
  return std::optional(std::move(enrolled));
}

Status save_enrolment(const std::filesystem::path& file, const Enrolled& enrolled) {
  const Json json = {{"platform_url", enrolled.platform_url},
                     {"device_id", enrolled.device_id},
                     {"token", enrolled.token},
                     {"upload_endpoint", enrolled.upload_endpoint},
                     {"receipt_key_pem", enrolled.receipt_key_pem},
                     {"identity_key", to_base64(enrolled.identity_key)}};
  return write_file_atomic(file, as_bytes(canonical_json(json)), 0600);
}

CallResult<Enrolled> enrol(PlatformClient& client, const std::string& platform_url, const CertifiedKey& key,
                           const std::string& device_name, const std::string& claim,
                           const std::optional<Enrolled>& known) {
  SHILU_CALL(PlatformInfo info, client.info());
  const bool same =
      !known || (known->receipt_key_pem == info.receipt_key_pem && known->identity_key == info.identity_key);
  if (!same) {
    return tl::make_unexpected(CallError{CallError::Kind::kTrust,
                                         "the platform shows other keys than when this device was enrolled",
                                         std::nullopt, "not-believed"});
  }
  SHILU_CALL(DsseEnvelope nonce, client.nonce());
  const auto platform_key = PublicKey::from_pem(info.receipt_key_pem);
  if (!platform_key || !evidence::open_nonce(nonce, *platform_key)) {
    return tl::make_unexpected(CallError{CallError::Kind::kTrust,
                                         "the platform's nonce is not signed by the key that it shows",
                                         std::nullopt, "not-believed"});
  }
  auto proof =
      evidence::sign_enrolment({key.certificate.device_id, device_name, claim, std::move(nonce)}, key.key);
  if (!proof) {
    return tl::make_unexpected(
        CallError{CallError::Kind::kLocal, proof.error().message, std::nullopt, "local"});
  }
  SHILU_CALL(Enrolment enrolment, client.enrol({device_name, claim, key.certificate, std::move(*proof)}));
  return Enrolled{platform_url,         enrolment.device_id,  enrolment.token,
                  info.upload_endpoint, info.receipt_key_pem, info.identity_key};
}

}  // namespace shilu::sender
