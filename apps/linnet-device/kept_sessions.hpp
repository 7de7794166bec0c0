// SPDX-License-Identifier: Apache-2.0
// The sessions with servers that can be resumed, kept with the state of the device: secrets, as the keys
// beside them.
//
//   part = 1 (server{2} account{32} size{2} session{size})*
#pragma once

#include <array>
#include <map>

#include "linnet/client/persistence.hpp"
#include "linnet/client/security_parameters.hpp"
#include "linnet/tls/keys.hpp"

namespace linnet::device {

/// SHA-256 over who a server is and by what it is known: a session of other keys is not to be resumed.
using AccountHash = std::array<std::uint8_t, 32>;
[[nodiscard]] AccountHash hash_of(const client::SecurityParameters& parameters);

class KeptSessions final : public client::Persistent {
 public:
  static constexpr std::size_t kMaxSession = 4096;  ///< bytes; a longer one is not kept
  static constexpr std::size_t kMaxSessions = 17;

  void keep(lwm2m::ShortServerId server, const AccountHash& account, ByteView session);
  void forget(lwm2m::ShortServerId server) { rows_.erase(server); }
  void clear() { rows_.clear(); }
  /// Empty where there is none of this account. Good until the next call that changes them.
  [[nodiscard]] ByteView find(lwm2m::ShortServerId server, const AccountHash& account) const;

  [[nodiscard]] std::uint16_t part_id() const noexcept override { return 0x8001; }
  void save(ByteWriter& out) const noexcept override;
  void load(ByteView state) noexcept override;

 private:
  struct Row {
    AccountHash account{};
    tls::OwnedBytes session;
  };
  std::map<lwm2m::ShortServerId, Row> rows_;
};

}  // namespace linnet::device
