// shilu submit --to https://…: offer, send, wait for the verification, keep the receipt. Every failure leads
// back to the offer: the platform says what it has.

#include <cstdlib>

#include "firmware/app/shilu/command.h"
#include "firmware/app/shilu/submit_arguments.h"
#include "firmware/base/certificate.h"
#include "firmware/base/file_system.h"
#include "firmware/base/json_io.h"
#include "upload/evidence/receipt.h"
#include "upload/sender/backoff.h"
#include "upload/sender/block_hashes.h"
#include "upload/sender/call.h"
#include "upload/sender/enrolment.h"
#include "upload/sender/parts_transport.h"
#include "upload/sender/tus_transport.h"

namespace shilu::cli {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using sender::CallError;
using sender::CallResult;
using Kind = CallError::Kind;
using State = sender::PackageState;

constexpr auto kPoll = 300ms;

fs::path default_keys() {
  if (const char* data = std::getenv("XDG_DATA_HOME")) return fs::path(data) / "shilu/keys";
  if (const char* home = std::getenv("HOME")) return fs::path(home) / ".local/share/shilu/keys";
  return "shilu-keys";
}

fs::path keys_of(const SubmitArguments& arguments) {
  return arguments.keys.empty() ? default_keys() : fs::path(arguments.keys);
}

class Submitting {
 public:
  Submitting(const SubmitArguments& arguments, const sender::Parcel& parcel,
             const config::UploadSettings& settings)
      : arguments_(arguments),
        parcel_(parcel),
        keys_(keys_of(arguments)),
        platform_(http::Client(sender::client_options(settings)), arguments.platform),
        persistence_(arguments.tries),
        watching_(settings, parcel.size, persistence_),
        object_store_(sender::store_client_options(settings)) {}

  Result<State> run();
  const sender::Enrolled& enrolled() const { return *enrolled_; }

 private:
  Status load_enrolment();
  CallResult<void> enrol();
  CallResult<State> once();
  CallResult<State> deliver();
  CallResult<State> wait_for_result();
  CallResult<sender::UploadEnd> carry(const sender::OfferAnswer& answer);
  CallResult<sender::UploadEnd> carry_parts(const sender::OfferAnswer& answer);

  const SubmitArguments& arguments_;
  const sender::Parcel& parcel_;
  const fs::path keys_;
  sender::PlatformClient platform_;
  Persistence persistence_;
  Watching watching_;
  SystemClock clock_;
  http::Client object_store_;  // the platform's, if it has one
  s3::Lanes lanes_{1};         // to it
  sender::StoreReach reach_;
  sender::Offer offer_;
  std::optional<sender::Enrolled> enrolled_;
  bool token_is_fresh_ = false;
};

Status Submitting::load_enrolment() {
  SHILU_TRY(enrolled_, enrolment_of(arguments_));
  if (enrolled_) platform_.set_token(enrolled_->token);
  return {};
}

CallResult<void> Submitting::enrol() {
  const auto local = [](const Error& error) {
    return tl::make_unexpected(CallError{Kind::kLocal, error.message, std::nullopt, "local"});
  };
  const auto seal = load_or_create_certified(keys_, KeyRole::kSeal, {arguments_.tpm});
  if (!seal) return local(seal.error());
  SHILU_CALL(auto fresh,
             sender::enrol(platform_, arguments_.platform, *seal, "shilu", arguments_.claim, enrolled_));
  if (const auto saved = sender::save_enrolment(keys_ / "enrolment.json", fresh); !saved)
    return local(saved.error());
  enrolled_ = std::move(fresh);
  platform_.set_token(enrolled_->token);
  token_is_fresh_ = true;
  return {};
}

Result<State> Submitting::run() {
  SHILU_TRY(const auto blocks, sender::block_hashes(parcel_.file, parcel_.size));
  offer_ = {parcel_.sha256, parcel_.size, blocks, arguments_.programme, arguments_.point};
  SHILU_CHECK(load_enrolment());
  for (;;) {
    const auto state = once();
    if (state) return *state;
    const bool token_is_old =
        state.error().kind == Kind::kAuth && !token_is_fresh_ && !arguments_.claim.empty();
    if (token_is_old && enrol()) continue;
    SHILU_CHECK(persistence_.after(state.error()));
  }
}

CallResult<State> Submitting::once() {
  if (!enrolled_) {
    if (const auto done = enrol(); !done) return tl::make_unexpected(done.error());
  }
  return deliver();
}

CallResult<State> Submitting::deliver() {
  using Answer = sender::OfferAnswer::Kind;
  SHILU_CALL(const sender::OfferAnswer answer, platform_.offer(offer_));
  token_is_fresh_ = false;
  if (answer.kind == Answer::kSend || answer.kind == Answer::kResume) {
    SHILU_CALL(std::ignore, answer.transport == "parts" ? carry_parts(answer) : carry(answer));
  }
  return wait_for_result();
}

CallResult<sender::UploadEnd> Submitting::carry(const sender::OfferAnswer& answer) {
  const bool resumed = answer.kind == sender::OfferAnswer::Kind::kResume;
  sender::TusTransport transport(platform_.client(), enrolled_->upload_endpoint,
                                 {{"Authorization", "Bearer " + enrolled_->token}});
  std::string handle = answer.upload_url;
  if (!resumed) {
    SHILU_CALL(handle, transport.begin(parcel_));
  }
  auto end = transport.send_rest(handle, parcel_, watching_.watch());
  // The platform offered to go on with an upload whose time is over.
  if (!end && end.error().kind == Kind::kGone && resumed) {
    SHILU_CALL(handle, transport.begin(parcel_));
    end = transport.send_rest(handle, parcel_, watching_.watch());
  }
  return end;
}

CallResult<sender::UploadEnd> Submitting::carry_parts(const sender::OfferAnswer& answer) {
  const auto tell = [this](bool reached) {
    if (!reached) reach_.on_failure(clock_.monotonic());
    if (reached) reach_.on_part();
    offer_.takes_parts = reach_.is_worth_trying(clock_.monotonic());
  };
  sender::PartsTransport transport(
      object_store_, lanes_, answer, [this] { return platform_.offer(offer_); }, tell);
  return transport.send_rest("", parcel_, watching_.watch());
}

CallResult<State> Submitting::wait_for_result() {
  for (const MonotonicTime since = clock_.monotonic();;) {
    SHILU_CALL(State state, platform_.state(parcel_.sha256));
    if (state.kind == State::Kind::kAcknowledged || state.kind == State::Kind::kRejected) return state;
    if (state.kind == State::Kind::kReceiving) {
      return tl::make_unexpected(
          CallError{Kind::kConflict, "the platform says that not all has come", std::nullopt, "conflict"});
    }
    std::this_thread::sleep_for(sender::question_pause(clock_.monotonic() - since, kPoll));
  }
}

Result<int> tell_result(const SubmitArguments& arguments, const sender::Parcel& parcel,
                        const sender::Enrolled& enrolled, const State& state) {
  if (state.kind == State::Kind::kRejected) {
    std::string reasons;
    for (const auto& reason : state.reasons) reasons += " " + reason.text;
    return fail(ErrorKind::kFailedPrecondition, "the platform refuses the package:" + reasons);
  }
  if (!state.receipt)
    return fail(ErrorKind::kCorrupted, "the platform acknowledged the package without a receipt");
  SHILU_TRY(const PublicKey key, enrolled.receipt_key());
  SHILU_TRY(const evidence::Receipt receipt, evidence::open_receipt(*state.receipt, key));
  if (receipt.package_sha256 != parcel.sha256)
    return fail(ErrorKind::kCorrupted, "the receipt speaks of another package");
  const fs::path file = parcel.file.string() + ".receipt.json";
  SHILU_CHECK(write_file_atomic(file, as_bytes(state.receipt->to_json())));
  if (arguments.json) {
    print_json({{"receipt", receipt.number},
                {"received_utc", receipt.received_utc},
                {"receipt_file", file.string()}});
  } else {
    fmt::print("\nReceived: {} at {}. The receipt is {}.\n", receipt.number, receipt.received_utc,
               file.string());
  }
  return kGood;
}

}  // namespace

Result<std::optional<sender::Enrolled>> enrolment_of(const SubmitArguments& arguments) {
  return sender::load_enrolment(keys_of(arguments) / "enrolment.json", arguments.platform);
}

Result<int> submit_to_platform(const SubmitArguments& arguments, const sender::Parcel& parcel) {
  SHILU_TRY(const config::UploadSettings settings, upload_settings(arguments));
  Submitting submitting(arguments, parcel, settings);
  SHILU_TRY(const State state, submitting.run());
  return tell_result(arguments, parcel, submitting.enrolled(), state);
}

}  // namespace shilu::cli
