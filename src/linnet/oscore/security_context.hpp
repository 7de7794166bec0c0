// SPDX-License-Identifier: Apache-2.0
// One security context: what it was made from, the keys that stand, and where its numbers are.
#pragma once

#include "linnet/coap/link.hpp"
#include "linnet/oscore/derivation.hpp"
#include "linnet/oscore/replay_window.hpp"

namespace linnet::oscore {

/// What makes the first message under a context safe from replay and from a nonce that was used before.
enum class FirstUse : std::uint8_t {
  kRederive,  ///< both sides give random bytes for an ID Context that was never used (RFC 8613 appendix B.2)
  kStored,    ///< Sender Sequence Numbers outlive restarts, Echo proves the first request (appendix B.1)
};

/// Where a context stands.
enum class Phase : std::uint8_t {
  kNone,     ///< no keys yet
  kFirst,    ///< request #1 of appendix B.2 is under way: ID Context R1
  kOffered,  ///< request #2 is under way: ID Context R2 || R3, which the peer may not have yet
  kSettled,
};

/// Sender Sequence Numbers: `next` is the next one, below `limit`.
struct Sequence {
  PartialIv next = 0;
  PartialIv limit = 0;
  bool asked = false;  ///< for a higher limit
};

struct SecurityContext {
  static constexpr std::size_t kSecretSize = 16;

  InputParameters input;
  Keys keys;
  std::optional<ShortBytes<kMaxIdContext>> id_context;  ///< of `keys`
  ReplayWindow window;
  Sequence stored;                                 ///< of the keys that `input` alone gives
  Sequence derived;                                ///< of those that appendix B.2 gave
  std::array<std::uint8_t, kSecretSize> secret{};  ///< K_HMAC of appendix B.2.1
  std::uint32_t epoch = 0;                         ///< counts sets of keys
  std::uint32_t next = 0;                          ///< of the same hash, index plus one
  std::uint32_t links = 0;                         ///< that are secured by it
  coap::LinkId link = coap::kNoLink;               ///< the one that was secured last
  FirstUse first_use = FirstUse::kRederive;
  Phase phase = Phase::kNone;
  bool rederived = false;   ///< `keys` are by appendix B.2
  bool proven = false;      ///< `window` may be trusted
  bool has_secret = false;  ///< a run of appendix B.2 that the peer began is open
  bool used = false;

  [[nodiscard]] Sequence& sequence() noexcept { return rederived ? derived : stored; }
};

/// What must be written down of a context to go on with it after a restart.
struct ContextState {
  PartialIv stored_limit = 0;                           ///< of the keys that the input parameters alone give
  PartialIv derived_limit = 0;                          ///< of those under `id_context`
  std::optional<ShortBytes<kMaxIdContext>> id_context;  ///< where appendix B.2 gave the keys that stand
  std::uint32_t epoch = 0;
  std::uint32_t links = 0;            ///< that are secured by it
  coap::LinkId link = coap::kNoLink;  ///< the one that was secured last
  bool exhausted = false;             ///< no number is left for a message of its own
};

/// The keys of response #1 of appendix B.2, which serve for it alone.
struct Interim {
  Keys keys;
  ShortBytes<kMaxIdContext> r2;
  std::uint32_t context = 0;  ///< index plus one
};

}  // namespace linnet::oscore
