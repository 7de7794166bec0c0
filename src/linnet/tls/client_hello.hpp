// SPDX-License-Identifier: Apache-2.0
// A ClientHello of DTLS 1.2 taken apart (RFC 6347 §4.2.1, RFC 5246 §7.4.1.2), as far as a handshake with a
// pre-shared key asks, and the header of handshake messages (RFC 6347 §4.2.2).
#pragma once

#include <optional>

#include "linnet/base/bytes.hpp"

namespace linnet::tls {

enum class HandshakeType : std::uint8_t {
  kClientHello = 1,
  kServerHello = 2,
  kHelloVerifyRequest = 3,
  kNewSessionTicket = 4,
  kServerHelloDone = 14,
  kClientKeyExchange = 16,
  kFinished = 20,
};

inline constexpr std::size_t kMessageHeader = 12;
inline constexpr std::size_t kRandomSize = 32;
inline constexpr std::size_t kMaxSessionId = 32;

/// One fragment of a handshake message; a whole message is its only fragment.
struct MessageFragment {
  HandshakeType type{};
  std::uint32_t length = 0;  ///< of the message
  std::uint16_t number = 0;  ///< message_seq
  std::uint32_t offset = 0;
  ByteView bytes;

  [[nodiscard]] bool whole() const noexcept { return offset == 0 && bytes.size() == length; }
};

/// Takes the first fragment off a record's content. kTruncated, or kMalformed for one that ends behind its
/// message.
[[nodiscard]] Result<MessageFragment> take_fragment(ByteView& content) noexcept;

/// Views of the message.
struct ClientHello {
  std::uint16_t version = 0;  ///< fe fd is DTLS 1.2
  ByteView random;
  ByteView session_id;
  ByteView cookie;
  ByteView suites;  ///< numbers of two bytes, in the client's order
  bool null_compression = false;
  bool renegotiation_info = false;      ///< RFC 5746, as an extension or as a suite
  bool extended_master_secret = false;  ///< RFC 7627
  bool encrypt_then_mac = false;        ///< RFC 7366
  std::optional<ByteView> ticket;       ///< RFC 5077; empty: it has none and would take one
};

/// kTruncated; kMalformed for lengths that do not fit, an extension that is there twice, or a renegotiation
/// in the first handshake.
[[nodiscard]] Result<ClientHello> decode_client_hello(ByteView body) noexcept;

}  // namespace linnet::tls
