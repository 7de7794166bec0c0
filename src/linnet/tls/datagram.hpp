// SPDX-License-Identifier: Apache-2.0
// What can be said of a datagram of DTLS 1.2 before a library sees it (RFC 6347 §4.1).
#pragma once

#include <optional>

#include "linnet/base/bytes.hpp"
#include "linnet/client/alerts.hpp"

namespace linnet::tls {

/// The records that are whole in a datagram. A library may keep a piece of one and take the next datagram for
/// its end.
[[nodiscard]] constexpr ByteView whole_records(ByteView datagram) noexcept {
  constexpr std::size_t kHeader = 13;
  std::size_t whole = 0;
  while (datagram.size() - whole >= kHeader) {
    const std::size_t length = static_cast<std::size_t>(datagram[whole + 11]) << 8 | datagram[whole + 12];
    if (datagram.size() - whole - kHeader < length) break;
    whole += kHeader + length;
  }
  return datagram.first(whole);
}

/// An alert in clear, alone in its datagram.
[[nodiscard]] constexpr std::optional<client::Alert> plain_alert(ByteView datagram) noexcept {
  constexpr std::size_t kSize = 15;
  constexpr std::uint8_t kAlertType = 21;
  if (datagram.size() != kSize || datagram[0] != kAlertType) return std::nullopt;
  if (datagram[3] != 0 || datagram[4] != 0 || datagram[11] != 0 || datagram[12] != 2) return std::nullopt;
  return static_cast<client::Alert>(datagram[14]);
}

}  // namespace linnet::tls
