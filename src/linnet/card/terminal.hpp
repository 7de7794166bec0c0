// SPDX-License-Identifier: Apache-2.0
// One conversation with a card over one logical channel: commands are encoded, protected where a secure
// channel is open, and what a card of T=0 leaves to the terminal (61xx, 6Cxx) is done here.
#pragma once

#include "linnet/card/apdu.hpp"

namespace linnet::card {

class SecureChannel;

class Terminal {
 public:
  explicit Terminal(Transport& transport) noexcept : transport_(&transport) {}
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  /// 0 to 3: what commands without a channel of their own go over from now on.
  void use_channel(std::uint8_t number) noexcept { channel_ = number; }
  [[nodiscard]] std::uint8_t channel() const noexcept { return channel_; }
  /// Commands are protected by it, and responses opened, until it is taken away by null.
  void protect_by(SecureChannel* secure) noexcept { secure_ = secure; }
  [[nodiscard]] bool secured() const noexcept { return secure_ != nullptr; }

  /// The card's response, good until the next call. kMalformed: it is none; kUnauthorized: it is not what the
  /// secure channel lets through; errors of the transport.
  [[nodiscard]] Result<Response> exchange(const Command& command) noexcept;
  /// A command that is protected already, or must not be, as its bytes.
  [[nodiscard]] Result<Response> exchange_as_is(ByteView command) noexcept;

 private:
  [[nodiscard]] Result<Response> transmit(ByteView command) noexcept;

  Transport* transport_;
  SecureChannel* secure_ = nullptr;
  std::uint8_t channel_ = 0;
  std::array<std::uint8_t, kMaxCommand> command_{};
  std::array<std::uint8_t, kMaxResponse> response_{};
};

}  // namespace linnet::card
