#pragma once
// Answers on recorder.sock. One thread accepts, two serve each client (one hears, one speaks), one tells the
// status every second and on change. Clients beyond 32 are turned away.

#include <list>
#include <memory>
#include <mutex>
#include <thread>

#include "capture/recorder/event_hub.h"
#include "firmware/base/unix_socket.h"

namespace shilu::recorder {

class ControlServer {
 public:
  // `listener` from listen_unix(control_socket(...)), taken before the recorder is opened: it keeps a second
  // one away. Recorder and hub outlive the server.
  ControlServer(UniqueFd listener, Recorder& recorder, EventHub& hub);
  ~ControlServer();  // ends all connections
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

 private:
  struct Client;
  void accept();
  void serve(Client& client);
  void tell_status();
  std::string answer(const Bytes& request, Client& client);
  Result<Json> handle(const std::string& operation, const Json& request, Client& client);
  Result<Json> handle_mark(const std::string& operation, const Json& request);
  Result<Json> handle_moment(const std::string& operation, const Json& request);
  void forget_ended();

  UniqueFd listener_;
  Recorder& recorder_;
  EventHub& hub_;
  std::mutex mutex_;
  std::list<std::unique_ptr<Client>> clients_;  // guarded by mutex_
  bool ending_ = false;                         // guarded by mutex_
  std::thread acceptor_;
  std::thread teller_;
};

}  // namespace shilu::recorder
