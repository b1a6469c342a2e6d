#pragma once
// shilud.sock: the queue for `shilu queue`, for whoever may open the runtime directory (mode 0700).
// docs/ref/processes.md.

#include <thread>

#include "firmware/base/unix_socket.h"
#include "firmware/portal/context.h"
#include "firmware/portal/packer.h"

namespace shilu::portal {

class QueueSocket {
 public:
  // `packer` is borrowed for the socket's life.
  QueueSocket(const Context& context, Packer& packer) : context_(context), packer_(packer) {}
  ~QueueSocket();
  Status start();  // kAlreadyExists: another shilud runs

 private:
  void serve();
  void serve_one(MessageChannel& channel);
  std::string answer(const Bytes& request);
  Status take_receipt(const std::string& text);
  Result<Json> handle(const Json& request);
  Result<Json> queue();

  const Context context_;
  Packer& packer_;
  UniqueFd listener_;
  std::thread thread_;
};

}  // namespace shilu::portal
