#pragma once
// What the platform knows of the keys of its devices: which it has seen certified, by what they are held, and
// which do not count any more. docs/ref/signatures.md, docs/ref/platform-api.md.

#include <vector>

#include "firmware/base/certificate.h"
#include "upload/evidence/verify.h"
#include "upload/platform/context.h"

namespace shilu::platform {

// Takes what a certificate says of keys of this device. kPermissionDenied: the device key in it is none of
// the device's, nor endorsed by one that is; or one of its keys is revoked. kFailedPrecondition: a key says
// another level than it did.
Status register_certificate(const Context& context, const Device& device, const DsseEnvelope& envelope);

// The platform's list, signed now.
Result<evidence::RevocationList> revocation_list(const Context& context);

// The ids of the devices that hold, or held, one of these device keys.
Result<std::vector<std::string>> devices_of(const Context& context, const std::vector<PublicKey>& keys);

// Everything that verification must know of devices: the known keys, their levels, the revoked ones, the
// time.
Result<evidence::VerifyOptions> verify_options(const Context& context);

}  // namespace shilu::platform
