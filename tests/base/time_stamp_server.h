#pragma once
// A time stamp authority made of openssl (`openssl ts -reply`), with a root of its own.

#include <cstdlib>
#include <stdexcept>

#include "firmware/base/file_system.h"
#include "tests/base/temporary_directory.h"

namespace shilu::test {

class TimeStampServer {
 public:
  TimeStampServer() {
    const std::string configuration =
        "[t]\nserial = serial\ncrypto_device = builtin\nsigner_cert = tsa.pem\n"
        "certs = root.pem\nsigner_key = tsa.key\nsigner_digest = sha256\ndefault_policy = 1.2.3.4.1\n"
        "digests = sha256\naccuracy = secs:1, millisecs:500\nordering = no\ntsa_name = "
        "yes\ness_cert_id_chain = no\n"
        "ess_cert_id_alg = sha256\n[ext]\nextendedKeyUsage = critical,timeStamping\n";
    write("tsa.cnf", configuration);
    run("openssl req -x509 -newkey ed25519 -nodes -keyout root.key -out root.pem -subj '/CN=Test Root' -days "
        "3650");
    run("openssl req -new -newkey rsa:2048 -nodes -keyout tsa.key -out tsa.csr -subj '/CN=Test TSA'");
    run("openssl x509 -req -in tsa.csr -CA root.pem -CAkey root.key -CAcreateserial -out tsa.pem -days 3650 "
        "-extfile tsa.cnf -extensions ext");
    write("serial", "01\n");
  }

  const std::filesystem::path& path() const { return directory_.path(); }
  std::string root() const { return read_text_file(directory_ / "root.pem").value(); }
  Bytes reply_to(ByteView query) const {
    if (!write_file_atomic(directory_ / "in.tsq", query)) throw std::runtime_error("cannot write the query");
    run("openssl ts -reply -config tsa.cnf -section t -queryfile in.tsq -out out.tsr");
    return read_file(directory_ / "out.tsr").value();
  }

 private:
  void write(const std::string& name, const std::string& text) const {
    if (!write_file_atomic(directory_ / name, as_bytes(text)))
      throw std::runtime_error("cannot write " + name);
  }
  void run(const std::string& command) const {
    const auto line = "cd '" + directory_.path().string() + "' && " + command + " > log 2>&1";
    if (std::system(line.c_str()) != 0) throw std::runtime_error(command);
  }
  TemporaryDirectory directory_;
};

}  // namespace shilu::test
