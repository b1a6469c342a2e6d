#pragma once
// The appliance's HTTP API and pages, put together. One object per process. start() serves until stop().

#include <memory>

#include "config/appliance.h"
#include "firmware/base/json.h"
#include "firmware/base/result.h"

namespace shilu::portal {

class Portal {
 public:
  // Opens store, keys and catalogue; imports the accounts' file if one is given
  // ({"teachers":[{"id","name","pin"}]}).
  static Result<std::unique_ptr<Portal>> open(config::ApplianceSettings settings,
                                              const std::string& accounts_file);
  ~Portal();
  Status start();
  std::uint16_t port() const;
  void stop();

 private:
  struct Impl;
  explicit Portal(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace shilu::portal
