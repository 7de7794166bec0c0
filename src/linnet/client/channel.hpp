// SPDX-License-Identifier: Apache-2.0
// A channel: the secured way to one server (TS 5.2), as the device sees it. An implementation does the
// handshake and the records of DTLS or TLS 1.2; who owns the socket carries the bytes. No I/O here, no
// clock, and one interface for every library behind it.
//
//             start                 done
//   kClosed ────────▶ kHandshaking ──────▶ kOpen
//      ▲                    │ an alert, no answer │ close_notify, an alert, close
//      └────────────────────┴─────────────────────┘
#pragma once

#include <optional>

#include "linnet/base/function_ref.hpp"
#include "linnet/base/time.hpp"
#include "linnet/client/alerts.hpp"
#include "linnet/client/security_parameters.hpp"

namespace linnet::client {

enum class ChannelState : std::uint8_t { kClosed, kHandshaking, kOpen };

/// Why a channel is closed.
struct ChannelEnd {
  /// kClosed: it was closed, here or there, or may be tried again; kUnauthorized: trying again would be in
  /// vain (TS 5.2.9, "Fail"), as Engine::unreachable takes it; kTimeout: no answer; kInvalidArgument: the
  /// keys are none that can be used.
  Errc why = Errc::kClosed;
  std::optional<Alert> alert{};  ///< that ended it, or that the server was told
  bool by_peer = false;          ///< the alert is the server's
};

/// Carries what a channel makes.
class Wire {
 public:
  /// One datagram, or the next bytes of a connection. What is not taken counts as lost; on a connection
  /// the owner buffers, or closes it.
  virtual void transmit(ByteView bytes) noexcept = 0;

 protected:
  ~Wire() = default;
};

class Channel {
 public:
  using Deliver = FunctionRef<void(ByteView plaintext)>;

  /// Begins a handshake, whatever was before. `session` is what `export_session` gave once, or empty: the
  /// handshake resumes it where the server still knows it. Everything is copied. kInvalidArgument: keys
  /// or suites that cannot be used; the channel stays closed.
  virtual Result<void> start(const SecurityParameters& parameters, ByteView session,
                             Instant now) noexcept = 0;
  /// What came from the server: one datagram, or the next bytes of a connection. Any bytes at all. `deliver`
  /// gets the content of each record, which must not call the channel but for `send`.
  virtual void receive(ByteView bytes, Deliver deliver, Instant now) noexcept = 0;
  /// Seals and transmits: one record of a datagram, or the next bytes of a connection. kClosed while it is
  /// not open, kTooLarge.
  virtual Result<void> send(ByteView plaintext) noexcept = 0;
  /// Repeats a flight that got no answer; returns when to call again, kNever where nothing waits.
  virtual Instant step(Instant now) noexcept = 0;
  /// Tells the server that it ends (close_notify).
  virtual void close() noexcept = 0;

  [[nodiscard]] virtual ChannelState state() const noexcept = 0;
  /// While it is closed: why.
  [[nodiscard]] virtual ChannelEnd end() const noexcept = 0;
  /// The handshake resumed an earlier session: the server's registration of this device may still stand
  /// (Session::kKept).
  [[nodiscard]] virtual bool resumed() const noexcept = 0;
  /// What a later handshake needs to resume this session, into `out`; a secret. Call while it is open, as
  /// late as can be: a ticket comes with the handshake. kNotFound: it cannot be resumed; kNoSpace.
  [[nodiscard]] virtual Result<std::size_t> export_session(ByteSpan out) const noexcept = 0;

  virtual ~Channel() = default;
};

}  // namespace linnet::client
