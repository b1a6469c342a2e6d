#include "firmware/base/time_stamp.h"

#include <fmt/format.h>
#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ts.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include <ctime>

#include "firmware/base/openssl_owners.h"

namespace shilu {
namespace {

template <auto Free>
struct Deleter {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using QueryOwner = std::unique_ptr<TS_REQ, Deleter<TS_REQ_free>>;
using ReplyOwner = std::unique_ptr<TS_RESP, Deleter<TS_RESP_free>>;
using ImprintOwner = std::unique_ptr<TS_MSG_IMPRINT, Deleter<TS_MSG_IMPRINT_free>>;
using AlgorithmOwner = std::unique_ptr<X509_ALGOR, Deleter<X509_ALGOR_free>>;
using IntegerOwner = std::unique_ptr<ASN1_INTEGER, Deleter<ASN1_INTEGER_free>>;
using StoreOwner = std::unique_ptr<X509_STORE, Deleter<X509_STORE_free>>;
using CertificateOwner = std::unique_ptr<X509, Deleter<X509_free>>;
using VerifyOwner = std::unique_ptr<TS_VERIFY_CTX, Deleter<TS_VERIFY_CTX_free>>;

tl::unexpected<Error> corrupted(std::string_view what) {
  const unsigned long code = ERR_peek_last_error();
  const char* reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  std::string message = fmt::format("the time stamp {}", what);
  if (reason != nullptr) message += fmt::format(": {}", reason);
  ERR_clear_error();
  return fail(ErrorKind::kCorrupted, std::move(message));
}

Result<ReplyOwner> parse_reply(ByteView der) {
  const unsigned char* cursor = der.data();
  ReplyOwner reply(d2i_TS_RESP(nullptr, &cursor, static_cast<long>(der.size())));
  if (!reply || cursor != der.data() + der.size()) return corrupted("is no RFC 3161 reply");
  if (TS_RESP_get_tst_info(reply.get()) == nullptr) {
    ERR_clear_error();
    return fail(ErrorKind::kPermissionDenied, "the time stamp server refused");
  }
  return reply;
}

Result<StoreOwner> store_of(std::string_view roots, std::time_t at) {
  StoreOwner store(X509_STORE_new());
  must(store != nullptr);
  const auto bio = bio_over(roots);
  int count = 0;
  while (const CertificateOwner root{PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr)}) {
    must(X509_STORE_add_cert(store.get(), root.get()) == 1);
    ++count;
  }
  ERR_clear_error();  // the end of the text
  if (count == 0)
    return fail(ErrorKind::kInvalidArgument, "no certificate of a time stamp server is given (PEM)");
  X509_VERIFY_PARAM_set_time(X509_STORE_get0_param(store.get()), at);
  return store;
}

Result<std::time_t> time_of(const TS_TST_INFO* info) {
  std::tm parts{};
  if (ASN1_TIME_to_tm(TS_TST_INFO_get_time(info), &parts) != 1) return corrupted("tells no time");
  return ::timegm(&parts);
}

std::int64_t accuracy_of(const TS_TST_INFO* info) {
  const TS_ACCURACY* accuracy = TS_TST_INFO_get_accuracy(const_cast<TS_TST_INFO*>(info));
  if (accuracy == nullptr) return 0;
  const auto number = [](const ASN1_INTEGER* value) {
    return value == nullptr ? 0L : ASN1_INTEGER_get(value);
  };
  return number(TS_ACCURACY_get_seconds(accuracy)) * 1000 + number(TS_ACCURACY_get_millis(accuracy));
}

std::string server_of(TS_RESP* reply) {
  const GENERAL_NAME* name = TS_TST_INFO_get_tsa(TS_RESP_get_tst_info(reply));
  if (name == nullptr || name->type != GEN_DIRNAME) return "";
  const auto bio = empty_bio();
  X509_NAME_print_ex(bio.get(), name->d.directoryName, 0, XN_FLAG_RFC2253 & ~ASN1_STRFLGS_ESC_MSB);
  return text_of(bio.get());
}

}  // namespace

Bytes make_time_stamp_query(const Digest& digest) {
  const QueryOwner query(TS_REQ_new());
  const ImprintOwner imprint(TS_MSG_IMPRINT_new());
  const AlgorithmOwner algorithm(X509_ALGOR_new());
  const IntegerOwner nonce(ASN1_INTEGER_new());
  must(query && imprint && algorithm && nonce);
  must(X509_ALGOR_set0(algorithm.get(), OBJ_nid2obj(NID_sha256), V_ASN1_NULL, nullptr) == 1);
  must(TS_MSG_IMPRINT_set_algo(imprint.get(), algorithm.get()) == 1);
  auto bytes = Bytes(digest.begin(), digest.end());
  must(TS_MSG_IMPRINT_set_msg(imprint.get(), bytes.data(), static_cast<int>(bytes.size())) == 1);
  const auto random = random_bytes(8);
  std::uint64_t number = ByteReader(random).u64();
  must(ASN1_INTEGER_set_uint64(nonce.get(), number) == 1);
  must(TS_REQ_set_version(query.get(), 1) == 1 && TS_REQ_set_msg_imprint(query.get(), imprint.get()) == 1 &&
       TS_REQ_set_nonce(query.get(), nonce.get()) == 1 && TS_REQ_set_cert_req(query.get(), 1) == 1);
  unsigned char* raw = nullptr;
  const int size = i2d_TS_REQ(query.get(), &raw);
  must(size > 0);
  Bytes der(raw, raw + size);
  OPENSSL_free(raw);
  return der;
}

Status check_time_stamp_reply(ByteView reply, ByteView query) {
  SHILU_TRY(const auto parsed, parse_reply(reply));
  const unsigned char* cursor = query.data();
  const QueryOwner request(d2i_TS_REQ(nullptr, &cursor, static_cast<long>(query.size())));
  if (!request) return corrupted("has no query that it answers");
  const VerifyOwner verify(TS_REQ_to_TS_VERIFY_CTX(request.get(), nullptr));
  must(verify != nullptr);
  TS_VERIFY_CTX_set_flags(verify.get(), TS_VFY_VERSION | TS_VFY_IMPRINT | TS_VFY_NONCE);
  if (TS_RESP_verify_response(verify.get(), parsed.get()) != 1)
    return corrupted("is not the answer to this query");
  return {};
}

Result<TimeStamp> read_time_stamp(ByteView reply, const Digest& digest, std::string_view roots) {
  SHILU_TRY(const auto parsed, parse_reply(reply));
  const TS_TST_INFO* info = TS_RESP_get_tst_info(parsed.get());
  SHILU_TRY(const std::time_t at, time_of(info));
  SHILU_TRY(auto store, store_of(roots, at));
  const VerifyOwner verify(TS_VERIFY_CTX_new());
  auto* imprint = static_cast<unsigned char*>(OPENSSL_memdup(digest.data(), digest.size()));
  must(verify && imprint != nullptr);
  TS_VERIFY_CTX_set_flags(verify.get(), TS_VFY_VERSION | TS_VFY_IMPRINT | TS_VFY_SIGNATURE);
  TS_VERIFY_CTX_set_imprint(verify.get(), imprint, static_cast<long>(digest.size()));
  TS_VERIFY_CTX_set_store(verify.get(), store.release());
  if (TS_RESP_verify_response(verify.get(), parsed.get()) != 1) return corrupted("does not hold");
  return TimeStamp{WallTime{static_cast<std::int64_t>(at) * 1'000'000'000}, accuracy_of(info),
                   server_of(parsed.get())};
}

}  // namespace shilu
