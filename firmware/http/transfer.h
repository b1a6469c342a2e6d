#pragma once
// One request on one fresh easy handle: its options, its callbacks and what has come of it so far.
// Thread-bound.

#include <optional>
#include <string>

#include "firmware/http/attempt.h"
#include "firmware/http/client.h"
#include "firmware/http/curl_handles.h"
#include "firmware/http/socket_table.h"
#include "firmware/http/transfer_watch.h"

namespace shilu::http {

class Transfer {
 public:
  // All are borrowed for the transfer's life. kInvalidArgument: a method, field or URL that cannot be sent.
  static Result<std::unique_ptr<Transfer>> prepare(const ClientRequest& request, const ClientOptions& options,
                                                   const AttemptPlan& plan, SocketTable& sockets);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  CURL* easy() { return easy_.get(); }
  // Between two turns of libcurl: measures, tells the caller, and gives the error that ends the request, if
  // any.
  std::optional<Error> check();
  Result<ClientResponse> finish(CURLcode code);
  // How long until the next turn at the latest: short while a limit holds the body back.
  std::chrono::milliseconds next_turn() const;
  Cause cause() const { return cause_; }
  bool name_is_late() const { return name_is_late_; }  // no answer of a name server came in its time
  bool made_progress() const { return watch_.acked() > 0 || response_.status != 0; }
  // The request went out on a connection of an earlier one, whose end was on its way already.
  bool kept_connection_was_dead() const;
  // The connection stood, and then nothing of any size got through it.
  bool stuck_from_the_start() const;
  std::string address() const;  // of the peer that answered; "" if none did

 private:
  Transfer(const ClientRequest& request, const ClientOptions& options, const AttemptPlan& plan,
           SocketTable& sockets, std::string peer);
  void set_common(const ClientOptions& options);
  void set_trust(const ClientOptions& options);
  void set_way(const ClientOptions& options, const AttemptPlan& plan);
  void set_method();
  void set_fields();
  void set_callbacks();
  bool is_upload() const { return static_cast<bool>(request_.source); }
  bool has_field(std::string_view name) const;
  std::uint64_t body_size() const { return is_upload() ? request_.source_size : request_.body.size(); }
  Result<std::size_t> read_source(std::span<std::uint8_t> buffer);
  std::optional<Error> check_beginning();
  void sample();
  void sample_line();
  std::optional<Error> tell_progress();
  void ask_again();
  Error sentence(TransferWatch::Verdict verdict) const;
  void take_header_line(std::string_view line);

  static std::size_t on_read(char* buffer, std::size_t size, std::size_t count, void* self);
  static std::size_t on_write(char* bytes, std::size_t size, std::size_t count, void* self);
  static std::size_t on_header(char* bytes, std::size_t size, std::size_t count, void* self);
  static int on_seek(void* self, curl_off_t offset, int origin);
  static int on_request(void* self, char* peer_ip, char* local_ip, int peer_port, int local_port);

  const ClientRequest& request_;
  const ClientOptions& options_;
  SocketTable& sockets_;
  std::string peer_;
  EasyHandle easy_;
  FieldList fields_;
  FieldList addresses_;
  TransferWatch watch_;
  ClientResponse response_;
  std::optional<Error> own_error_;  // why a callback of ours stopped libcurl
  int fd_ = -1;
  std::uint64_t source_read_ = 0;
  const TransferWatch::Time begun_;
  SocketTable::Opener opener_;
  const std::chrono::milliseconds name_timeout_;
  bool name_is_late_ = false;
  std::optional<TransferWatch::Time> dialled_;  // the first socket of this request
  bool request_out_ = false;
  bool held_back_ = false;
  TransferWatch::Time next_asking_{};
  Cause cause_ = Cause::kNone;
  TransferWatch::Time next_progress_{};
  char detail_[CURL_ERROR_SIZE] = {};
};

}  // namespace shilu::http
