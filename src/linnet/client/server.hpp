// SPDX-License-Identifier: Apache-2.0
// What the device engine keeps of one server.
//
//              connect                 2.01                  due, changed
//   kOffline ───────────▶ kRegistering ──────▶ kRegistered ◀──────────────▶ kUpdating
//                         ▲ ▲      │ failed        │ deregister, Disable       │ 4.04, no answer
//                         │ │delay ▼               ▼                           ▼
//              connect    │kWaiting ──▶ kFailed   kDeregistering ──▶      kRegistering
//                         │        exhausted        kDeregistered, kDisabled
// With a Connector an attempt begins without a link:
//   kPending ──▶ kRegistering ──▶ kConnecting ──▶ kRegistering   (or kWaiting, kFailed: unreachable)
//        its turn            due             connect
#pragma once

#include <array>
#include <string_view>

#include "linnet/client/accounts.hpp"
#include "linnet/coap/endpoint.hpp"

namespace linnet::client {

enum class RegistrationState : std::uint8_t {
  kOffline,      ///< no link, or the application says that there is none
  kPending,      ///< waits for its turn in the order of servers
  kConnecting,   ///< the Connector was asked for a link
  kRegistering,  ///< a Register is to be sent or under way
  kRegistered,
  kUpdating,  ///< registered, an Update is under way
  kDeregistering,
  kDeregistered,  ///< at the application's wish
  kDisabled,      ///< at the server's wish, for the Disable Timeout
  kWaiting,       ///< an attempt failed, the next one comes after a delay
  kFailed,        ///< all attempts failed
};

/// The location of a registration: segments one behind the other, each with its length before it.
class Location {
 public:
  static constexpr std::size_t kMaxSize = 48;  ///< bytes, one for each segment included

  /// False where it does not fit or has more than Reply::kMaxLocation segments.
  bool assign(coap::Options options) noexcept;
  /// What `bytes` gave; false, and empty, where they are no segments.
  bool restore(ByteView bytes) noexcept;
  void clear() noexcept { size_ = 0; }
  [[nodiscard]] ByteView bytes() const noexcept { return {bytes_.data(), size_}; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
  /// The segments as views into this; returns how many.
  std::size_t segments(std::array<std::string_view, coap::Reply::kMaxLocation>& out) const noexcept;
  /// Appends "/rd/5a3f".
  void write(ByteWriter& out) const noexcept;

 private:
  std::array<std::uint8_t, kMaxSize> bytes_{};
  std::uint8_t size_ = 0;
};

/// One server account that the engine serves; a table of these comes from the arena. All zero is a
/// free row; the defaults are those of one in use.
struct Server {
  /// A row as it is at first, of this server.
  static void renew(Server& row, ShortServerId server) noexcept;

  ShortServerId id = 0;  ///< 0: the row is free
  coap::LinkId link = coap::kNoLink;
  RegistrationState state = RegistrationState::kOffline;
  bool update_wanted = false;    ///< an Update is to be sent
  bool objects_changed = false;  ///< ... with the object list
  bool deregister_wanted = false;
  bool disable_wanted = false;             ///< ... and away for the Disable Timeout
  bool settled = false;                    ///< the order of servers need not wait for this one any more
  bool closing = false;                    ///< the Connector's link is no longer needed
  lwm2m::Binding transport{};              ///< of the Connector's link, also while it is being opened
  lwm2m::Binding tried{};                  ///< those that failed since the last success
  lwm2m::Binding wanted{};                 ///< to change to, as the server asked
  lwm2m::Binding preferred{};              ///< Preferred Transport as it was obeyed
  lwm2m::Binding sent_binding{};           ///< what the server knows
  std::uint32_t attempts = 0;              ///< of this sequence
  std::uint32_t sequences = 0;             ///< that failed
  std::uint32_t sent_lifetime = 0;         ///< what the server knows, seconds
  std::optional<coap::RequestId> request;  ///< Register, Update or De-register under way
  Instant sent = kNever;                   ///< when that was sent
  Instant refreshed{};                     ///< when the last one was sent that renewed the registration
  Instant awake_until = Instant::min();    ///< queue mode: the end of the awake window
  bool awake = false;                      ///< ... as the listener was told
  Instant due = kNever;                    ///< the next thing this state does by itself
  Location location;                       ///< empty where there is no registration

  [[nodiscard]] bool registered() const noexcept {
    return state == RegistrationState::kRegistered || state == RegistrationState::kUpdating;
  }
  /// The server has not forgotten the registration yet, whether it can be reached or not.
  [[nodiscard]] bool standing(Instant now) const noexcept {
    return !location.empty() && now - refreshed < Seconds(sent_lifetime);
  }
};

}  // namespace linnet::client
