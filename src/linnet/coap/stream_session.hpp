// SPDX-License-Identifier: Apache-2.0
// One connection of a reliable transport, without I/O (RFC 8323 §3 and §5): cuts the stream into frames,
// speaks the signalling messages, and knows when a peer that is slow, silent or wrong is to be given up.
// What is no signal goes to Endpoint::receive.
#pragma once

#include <array>
#include <cstdint>

#include "linnet/base/bytes.hpp"
#include "linnet/base/function_ref.hpp"
#include "linnet/base/time.hpp"
#include "linnet/coap/message.hpp"

namespace linnet::coap {

/// The limits of all connections of one kind.
struct StreamConfig {
  std::uint32_t max_message = 1152;  ///< bytes of a message that is taken: the peer is told so
  Millis csm_timeout{10'000};        ///< for the peer's first message
  Millis frame_timeout{30'000};      ///< from the first byte of a message to its last
  Millis idle_timeout{900'000};      ///< of silence before a Ping; zero: none is sent
  Millis pong_timeout{30'000};       ///< for anything to come after a Ping
  Millis linger{2'000};              ///< after the peer's Release, for answers that it still waits for
};

/// A signalling message to send, as a frame.
class Signal {
 public:
  static constexpr std::size_t kMaxSize = 64;

  [[nodiscard]] ByteView bytes() const noexcept { return ByteView(bytes_).first(size_); }

  [[nodiscard]] static Signal csm(std::uint32_t max_message) noexcept;
  [[nodiscard]] static Signal ping() noexcept;
  [[nodiscard]] static Signal pong(const Token& token) noexcept;
  [[nodiscard]] static Signal release() noexcept;
  /// `bad_option`: the number of the CSM option that is to blame, or 0. `why` is for people; what does
  /// not fit is cut off.
  [[nodiscard]] static Signal abort(std::string_view why, std::uint16_t bad_option = 0) noexcept;

 private:
  std::array<std::uint8_t, kMaxSize> bytes_{};
  std::size_t size_ = 0;
};

/// A plain value of some 60 bytes: it holds no buffer, and may go to another owner.
class StreamSession {
 public:
  enum class State : std::uint8_t {
    kOpening,  ///< the peer's CSM has not come
    kOpen,
    kReleased,  ///< the peer wants the end: it gets the answers that it still waits for
    kClosed,    ///< whoever owns the connection closes it
  };

  using Deliver = FunctionRef<bool(ByteView frame)>;
  using Send = FunctionRef<void(ByteView frame)>;

  /// The connection stands: sends the own CSM, first of all messages. `config` must outlive the session.
  void open(const StreamConfig& config, Instant now, Send send) noexcept;
  /// Takes whole frames from the front of the stream and returns how many bytes that were; the rest must
  /// come again in front of what arrives next, and is shorter than a message. Any bytes at all. Ends
  /// early, with `frame` as the rest, where `deliver` returns false. See `state` afterwards.
  [[nodiscard]] std::size_t receive(ByteView bytes, Instant now, Deliver deliver, Send send) noexcept;
  /// Does what is due.
  void step(Instant now, Send send) noexcept;
  /// When to call `step`; kNever when nothing waits.
  [[nodiscard]] Instant next_deadline() const noexcept;
  void close() noexcept { state_ = State::kClosed; }

  [[nodiscard]] State state() const noexcept { return state_; }
  /// Bytes of a message that the peer takes.
  [[nodiscard]] std::uint16_t peer_max_message() const noexcept { return peer_max_message_; }
  /// The peer takes several blocks in one message (RFC 8323 §6).
  [[nodiscard]] bool bert() const noexcept { return blockwise_ && peer_max_message_ > kBaseMaxMessage; }

 private:
  static constexpr std::uint16_t kBaseMaxMessage = 1152;

  void fail_with(std::string_view why, std::uint16_t bad_option, Send send) noexcept;
  [[nodiscard]] bool take(ByteView frame, Instant now, Deliver deliver, Send send) noexcept;
  void take_signal(const Message& message, Instant now, Send send) noexcept;
  void take_csm(const Message& message, Send send) noexcept;

  const StreamConfig* config_ = nullptr;
  Instant heard_{};    // the last whole message, or the beginning
  Instant waiting_{};  // since when there is a part of a message, a Ping without an answer, or a Release
  State state_ = State::kClosed;
  bool partial_ = false;
  bool pinged_ = false;
  bool blockwise_ = false;
  std::uint16_t peer_max_message_ = kBaseMaxMessage;
};

}  // namespace linnet::coap
