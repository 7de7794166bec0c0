// SPDX-License-Identifier: Apache-2.0
// An IP address with a port, as UDP sockets know it, and its text forms.
#pragma once

#include <netinet/in.h>

#include <array>
#include <compare>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace linnet::net {

inline constexpr std::uint16_t kCoapPort = 5683;   ///< RFC 7252 §6.1
inline constexpr std::uint16_t kCoapsPort = 5684;  ///< RFC 7252 §6.2

/// A plain value. IPv4 is kept as ::ffff:a.b.c.d, so that both families compare and hash alike.
class Address {
 public:
  using Ip = std::array<std::uint8_t, 16>;

  constexpr Address() noexcept = default;
  constexpr Address(const Ip& ip, std::uint16_t port, std::uint32_t scope = 0) noexcept
      : ip_(ip), scope_(scope), port_(port) {}
  /// `ip` in host order: 0x7F000001 is 127.0.0.1.
  [[nodiscard]] static constexpr Address v4(std::uint32_t ip, std::uint16_t port) noexcept {
    return {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, static_cast<std::uint8_t>(ip >> 24),
             static_cast<std::uint8_t>(ip >> 16), static_cast<std::uint8_t>(ip >> 8),
             static_cast<std::uint8_t>(ip)},
            port};
  }
  /// Any family but the two of IP gives the default address.
  [[nodiscard]] static Address from(const sockaddr_storage& socket_address) noexcept;

  [[nodiscard]] constexpr const Ip& ip() const noexcept { return ip_; }
  [[nodiscard]] constexpr std::uint16_t port() const noexcept { return port_; }
  /// The interface of a link-local IPv6 address, or 0.
  [[nodiscard]] constexpr std::uint32_t scope() const noexcept { return scope_; }
  [[nodiscard]] constexpr bool is_v4() const noexcept {
    for (std::size_t i = 0; i < 10; ++i) {
      if (ip_[i] != 0) return false;
    }
    return ip_[10] == 0xFF && ip_[11] == 0xFF;
  }
  /// 0.0.0.0 or ::.
  [[nodiscard]] constexpr bool is_wildcard() const noexcept {
    return *this == Address({}, port_) || *this == v4(0, port_);
  }

  /// Fills a socket address and returns its length.
  [[nodiscard]] socklen_t to(sockaddr_storage& socket_address) const noexcept;
  /// "192.0.2.1:5683", "[2001:db8::1]:5683", "[fe80::1%2]:5683".
  [[nodiscard]] std::string text() const;

  friend constexpr auto operator<=>(const Address&, const Address&) = default;

 private:
  Ip ip_{};
  std::uint32_t scope_ = 0;
  std::uint16_t port_ = 0;
};

/// Either an address or a sentence for people that says what is wrong with which text.
using ParsedAddress = std::expected<Address, std::string>;

/// "HOST", "HOST:PORT", "[V6]", "[V6]:PORT", each also behind "coap://" and before "/". HOST is a
/// number; without a port it gets `default_port`.
[[nodiscard]] ParsedAddress parse_address(std::string_view text, std::uint16_t default_port = kCoapPort);

/// The same, and HOST may be a name: asks the resolver, which may take seconds. The first address
/// it gives is taken.
[[nodiscard]] ParsedAddress resolve_address(std::string_view text, std::uint16_t default_port = kCoapPort);

}  // namespace linnet::net
