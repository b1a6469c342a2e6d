#include "upload/evidence/device_history.h"

#include <fmt/format.h>

#include <algorithm>

namespace shilu::evidence {
namespace {

constexpr std::string_view kNothing = "no certificate says which keys signed";

std::string name_of(const SignedAct& act) {
  return fmt::format("the {} key", to_string(act.certificate.role));
}

// A revoked key behind an act: what it did, and when.
struct Revoked {
  std::string what;  // "the seal key signed"
  WallTime at;
  Revocation revocation;

  bool before_it_signed() const { return revocation.revoked <= at; }
};

// The working key and the device key sign at the act's time; an older device key did its part when it
// endorsed the newer.
std::vector<Revoked> revoked_behind(const SignedAct& act, const RevocationList& list) {
  std::vector<Revoked> all;
  const auto& certificate = act.certificate;
  const auto look = [&](const PublicKey& key, std::string what, WallTime at) {
    if (const auto* found = list.find(key)) all.push_back({std::move(what), at, *found});
  };
  look(certificate.key, name_of(act) + " signed", act.at);
  look(certificate.device_key, fmt::format("a key of device {} signed", certificate.device_id), act.at);
  for (const auto& one : certificate.endorsements) {
    look(one.previous_device_key,
         fmt::format("device {} endorsed its new key", device_id_of(one.previous_device_key)),
         wall_from_rfc3339(one.endorsed_utc).value_or(WallTime{}));
  }
  return all;
}

std::string revoked_sentence(const Revoked& one) {
  if (one.before_it_signed()) {
    return fmt::format("{} at {}; it had been revoked at {}: {}", one.what, to_rfc3339(one.at),
                       to_rfc3339(one.revocation.revoked), one.revocation.reason);
  }
  return fmt::format("{} at {}, before it was revoked at {}: {}", one.what, to_rfc3339(one.at),
                     to_rfc3339(one.revocation.revoked), one.revocation.reason);
}

}  // namespace

void add_certificate_fact(FactList& facts, const std::vector<SignedAct>& acts, WallTime now) {
  if (acts.empty()) return facts.add("certificate", "cannot-check", std::string(kNothing));
  WallTime until = acts.front().certificate.not_after();
  for (const SignedAct& act : acts) {
    const auto& certificate = act.certificate;
    until = std::min(until, certificate.not_after());
    if (act.at > certificate.not_after()) {
      return facts.add("certificate", "expired",
                       fmt::format("{} signed at {}; its certificate had expired at {}", name_of(act),
                                   to_rfc3339(act.at), certificate.not_after_utc));
    }
    if (act.at >= certificate.not_before()) continue;
    if (!act.synchronised) {
      return facts.add(
          "certificate", "cannot-check",
          fmt::format("{} signed at {} by a clock that was not synchronised, and was certified at {}",
                      name_of(act), to_rfc3339(act.at), certificate.not_before_utc));
    }
    return facts.add(
        "certificate", "not-yet",
        fmt::format("{} signed at {}, before it was certified at {}: the device's clock was set back",
                    name_of(act), to_rfc3339(act.at), certificate.not_before_utc));
  }
  if (now > until) {
    return facts.add(
        "certificate", "valid-then",
        fmt::format("every key was certified when it signed; the certificate expired since, at {}",
                    to_rfc3339(until)));
  }
  facts.add("certificate", "valid",
            fmt::format("every key was certified when it signed, until {}", to_rfc3339(until)));
}

void add_revocation_fact(FactList& facts, const std::vector<SignedAct>& acts, const VerifyOptions& options,
                         std::optional<WallTime> proven_before) {
  if (!options.revocations) return facts.add("revocation", "not-asked", "no list of revoked keys was given");
  if (acts.empty()) return facts.add("revocation", "cannot-check", std::string(kNothing));
  std::optional<Revoked> earliest;
  for (const SignedAct& act : acts) {
    for (auto& one : revoked_behind(act, *options.revocations)) {
      if (one.before_it_signed()) return facts.add("revocation", "revoked", revoked_sentence(one));
      if (!earliest || one.revocation.revoked < earliest->revocation.revoked) earliest = std::move(one);
    }
  }
  if (!earliest) {
    return facts.add("revocation", "not-revoked",
                     fmt::format("no key stands in the list of revoked keys of {}, made at {}",
                                 options.revocations->platform, options.revocations->issued_utc));
  }
  if (proven_before && *proven_before < earliest->revocation.revoked) {
    return facts.add("revocation", "before-revocation",
                     fmt::format("{}; it is proven to have been there by {}", revoked_sentence(*earliest),
                                 to_rfc3339(*proven_before)));
  }
  facts.add("revocation", "before-revocation-asserted",
            revoked_sentence(*earliest) + "; but only its own clock says so");
}

void add_key_level_fact(FactList& facts, const std::vector<SignedAct>& acts, const VerifyOptions& options) {
  if (acts.empty()) return facts.add("key-level", "cannot-check", std::string(kNothing));
  const std::string& level = acts.front().certificate.key_level;
  for (const SignedAct& act : acts) {
    const auto& certificate = act.certificate;
    const auto enrolled = options.enrolled_levels.find(certificate.device_key.id());
    if (enrolled != options.enrolled_levels.end() && enrolled->second != certificate.key_level) {
      return facts.add(
          "key-level", "altered",
          fmt::format("the certificate of {} says {}, and device {} is enrolled with keys in {}",
                      name_of(act), certificate.key_level, certificate.device_id, enrolled->second));
    }
    if (certificate.key_level != level && certificate.device_key == acts.front().certificate.device_key) {
      return facts.add("key-level", "altered",
                       fmt::format("the certificates of one device key do not agree: {} says {}, {} says {}",
                                   name_of(acts.front()), level, name_of(act), certificate.key_level));
    }
  }
  const bool hardware = std::all_of(acts.begin(), acts.end(), [](const SignedAct& act) {
    return act.certificate.key_level == to_string(KeyLevel::kHardware);
  });
  if (hardware) return facts.add("key-level", "hardware", "the device says that its keys are in a TPM");
  facts.add("key-level", "software", "the device's keys are files: whoever has its disk has them");
}

}  // namespace shilu::evidence
