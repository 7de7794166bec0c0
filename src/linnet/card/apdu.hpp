// SPDX-License-Identifier: Apache-2.0
// Commands and responses of a card, and who carries them (ISO/IEC 7816-4, ETSI TS 102 221 §10).
#pragma once

#include <array>

#include "linnet/base/bytes.hpp"

namespace linnet::card {

inline constexpr std::size_t kMaxCommandData = 255;
inline constexpr std::size_t kMaxCommand = 5 + kMaxCommandData + 1;  ///< bytes of a short command
inline constexpr std::size_t kMaxResponse = 256 + 2;                 ///< ... of a response with its status

inline constexpr std::uint16_t kOk = 0x9000;

/// A command of the short form. `expected` is Le: 0 for no answer but the status, 256 for all there is.
struct Command {
  std::uint8_t cla = 0;
  std::uint8_t ins = 0;
  std::uint8_t p1 = 0;
  std::uint8_t p2 = 0;
  ByteView data{};
  std::uint16_t expected = 0;
};

struct Response {
  ByteView data;
  std::uint16_t status = 0;  ///< SW1 SW2

  [[nodiscard]] bool ok() const noexcept { return status == kOk; }
  /// Something was done, and there is something to be said of it (62xx, 63xx).
  [[nodiscard]] bool warns() const noexcept { return status >> 8 == 0x62 || status >> 8 == 0x63; }
};

/// The way to a card: a reader, a modem.
class Transport {
 public:
  /// Sends a command and writes what comes back, status included, into `response`, which has room for
  /// kMaxResponse bytes. Returns its size. kClosed: the card is gone; kIo, kTimeout: the reader failed.
  [[nodiscard]] virtual Result<std::size_t> transmit(ByteView command, ByteSpan response) noexcept = 0;

 protected:
  ~Transport() = default;
};

}  // namespace linnet::card
