#pragma once
// One request on one fresh easy handle: its options, its callbacks and what has come of it so far.
// Thread-bound.

#include <optional>
#include <string>

#include "firmware/http/client.h"
#include "firmware/http/curl_handles.h"
#include "firmware/http/socket_table.h"
#include "firmware/http/transfer_watch.h"

namespace shilu::http {

class Transfer {
 public:
  // Both are borrowed for the transfer's life. kInvalidArgument: a method, field or URL that cannot be sent.
  static Result<std::unique_ptr<Transfer>> prepare(const ClientRequest& request, const ClientOptions& options,
                                                   SocketTable& sockets);
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  CURL* easy() { return easy_.get(); }
  // Between two turns of libcurl: measures, tells the caller, and gives the error that ends the request, if
  // any.
  std::optional<Error> check();
  Result<ClientResponse> finish(CURLcode code);

 private:
  Transfer(const ClientRequest& request, const ClientOptions& options, SocketTable& sockets,
           std::string peer);
  void set_common(const ClientOptions& options);
  void set_trust(const ClientOptions& options);
  void set_method();
  void set_fields();
  void set_callbacks();
  bool is_upload() const { return static_cast<bool>(request_.source); }
  bool has_field(std::string_view name) const;
  std::uint64_t body_size() const { return is_upload() ? request_.source_size : request_.body.size(); }
  Result<std::size_t> read_source(std::span<std::uint8_t> buffer);
  void sample();
  std::optional<Error> tell_progress();
  Error sentence(TransferWatch::Verdict verdict) const;
  void take_header_line(std::string_view line);

  static std::size_t on_read(char* buffer, std::size_t size, std::size_t count, void* self);
  static std::size_t on_write(char* bytes, std::size_t size, std::size_t count, void* self);
  static std::size_t on_header(char* bytes, std::size_t size, std::size_t count, void* self);
  static int on_seek(void* self, curl_off_t offset, int origin);
  static int on_request(void* self, char* peer_ip, char* local_ip, int peer_port, int local_port);

  const ClientRequest& request_;
  SocketTable& sockets_;
  std::string peer_;
  EasyHandle easy_;
  FieldList fields_;
  TransferWatch watch_;
  ClientResponse response_;
  std::optional<Error> own_error_;  // why a callback of ours stopped libcurl
  int fd_ = -1;
  std::uint64_t source_read_ = 0;
  TransferWatch::Time next_progress_{};
  char detail_[CURL_ERROR_SIZE] = {};
};

}  // namespace shilu::http
