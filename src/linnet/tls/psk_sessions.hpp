// SPDX-License-Identifier: Apache-2.0
// What sessions with pre-shared keys are resumed from: tickets that the client keeps (RFC 5077), and for
// clients without tickets a bounded table by session ID (RFC 5246 §F.1.4).
#pragma once

#include <optional>

#include "linnet/base/time.hpp"
#include "linnet/tls/association.hpp"
#include "linnet/tls/prf.hpp"
#include "linnet/tls/session_cache.hpp"
#include "linnet/tls/suites.hpp"

namespace linnet::tls {

/// A session that may be resumed.
struct PskSession {
  Suite suite{};
  bool extended_master_secret = false;
  bool encrypt_then_mac = false;
  UnixTime made;  ///< when its key was proved
  MasterSecret master;
  std::uint8_t identity_size = 0;
  std::array<std::uint8_t, kMaxIdentity> identity_bytes{};

  [[nodiscard]] ByteView identity() const noexcept { return ByteView(identity_bytes).first(identity_size); }
};

/// Calls may come from any thread.
class PskSessions {
 public:
  static constexpr std::size_t kSeed = 32;
  static constexpr Seconds kLife{SessionCache::kLifeSeconds};
  static constexpr std::size_t kMaxTicket = 256;

  /// Keys of tickets are made from `seed`, unpredictable bytes, each for a day: servers with the same seed
  /// take each other's.
  PskSessions(const std::array<std::uint8_t, kSeed>& seed, std::size_t most) noexcept;

  /// Writes a ticket, or nothing (0) where there are no random numbers. `out` holds kMaxTicket bytes.
  [[nodiscard]] std::size_t make_ticket(const PskSession& session, UnixTime now, ByteSpan out) const noexcept;
  /// What a ticket of ours, of any bytes at all, stands for; nothing for any other, and for one older than
  /// kLife.
  [[nodiscard]] std::optional<PskSession> open_ticket(ByteView ticket, UnixTime now) const noexcept;

  /// The table drops the oldest where it is full.
  void keep(ByteView id, const PskSession& session);
  [[nodiscard]] std::optional<PskSession> find(ByteView id, UnixTime now) const;

 private:
  FixedSecret<kSeed> seed_;
  SessionCache by_id_;
};

}  // namespace linnet::tls
