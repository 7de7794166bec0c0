// SPDX-License-Identifier: Apache-2.0
// What objects ask of the board they run on.
#pragma once

#include <optional>

#include "linnet/base/time.hpp"

namespace linnet::client {

class Platform {
 public:
  /// Calendar time, nothing while it is not known.
  [[nodiscard]] virtual std::optional<UnixTime> unix_time() noexcept { return std::nullopt; }
  /// A server set the clock. False: it cannot be set.
  virtual bool set_unix_time(UnixTime) noexcept { return false; }
  /// Starts a reboot or a factory reset, once what the links still hold has been sent: the answer to
  /// the Execute is among it. False: this board cannot.
  virtual bool reboot() noexcept { return false; }
  virtual bool factory_reset() noexcept { return false; }

 protected:
  ~Platform() = default;
};

}  // namespace linnet::client
