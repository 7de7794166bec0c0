// SPDX-License-Identifier: Apache-2.0
#include "linnet/tls/client_hello.hpp"

#include <algorithm>

namespace linnet::tls {

namespace {

constexpr std::uint64_t kEncryptThenMac = 22;
constexpr std::uint64_t kExtendedMasterSecret = 23;
constexpr std::uint64_t kSessionTicket = 35;
constexpr std::uint64_t kRenegotiationInfo = 0xFF01;
constexpr std::uint8_t kRenegotiationSuite[] = {0x00, 0xFF};

Result<ByteView> vector(ByteReader& reader, std::size_t width) noexcept {
  const auto size = reader.uint(width);
  if (!size) return std::unexpected(size.error());
  return reader.bytes(static_cast<std::size_t>(*size));
}

// Sets what an extension without content says; false where it has one, or was there before.
bool set(bool& flag, ByteView content) noexcept {
  if (flag || !content.empty()) return false;
  flag = true;
  return true;
}

bool take_extension(ClientHello& hello, bool& renegotiation, std::uint64_t type, ByteView content) noexcept {
  switch (type) {
    case kExtendedMasterSecret: return set(hello.extended_master_secret, content);
    case kEncryptThenMac: return set(hello.encrypt_then_mac, content);
    case kSessionTicket:
      if (hello.ticket) return false;
      hello.ticket = content;
      return true;
    case kRenegotiationInfo:
      // Of a first handshake: an empty vector behind its length.
      return content.size() == 1 && content[0] == 0 && set(renegotiation, {});
    default: return true;
  }
}

}  // namespace

Result<MessageFragment> take_fragment(ByteView& content) noexcept {
  if (content.size() < kMessageHeader) return fail(Errc::kTruncated);
  ByteReader reader(content);
  MessageFragment fragment;
  fragment.type = static_cast<HandshakeType>(*reader.u8());
  fragment.length = static_cast<std::uint32_t>(*reader.uint(3));
  fragment.number = static_cast<std::uint16_t>(*reader.uint(2));
  fragment.offset = static_cast<std::uint32_t>(*reader.uint(3));
  const auto bytes = vector(reader, 3);
  if (!bytes) return std::unexpected(bytes.error());
  if (fragment.offset + bytes->size() > fragment.length) return fail(Errc::kMalformed);
  fragment.bytes = *bytes;
  content = reader.rest();
  return fragment;
}

Result<ClientHello> decode_client_hello(ByteView body) noexcept {
  ByteReader reader(body);
  const auto version = reader.uint(2);
  const auto random = reader.bytes(kRandomSize);
  const auto session_id = vector(reader, 1);
  const auto cookie = vector(reader, 1);
  const auto suites = vector(reader, 2);
  const auto compressions = vector(reader, 1);
  if (!version || !random || !session_id || !cookie || !suites || !compressions)
    return fail(Errc::kTruncated);
  if (session_id->size() > kMaxSessionId || suites->empty() || suites->size() % 2 != 0)
    return fail(Errc::kMalformed);
  ClientHello hello{.version = static_cast<std::uint16_t>(*version),
                    .random = *random,
                    .session_id = *session_id,
                    .cookie = *cookie,
                    .suites = *suites,
                    .null_compression = std::ranges::find(*compressions, 0) != compressions->end(),
                    .ticket = {}};
  bool renegotiation = false;
  if (!reader.empty()) {
    const auto extensions = vector(reader, 2);
    if (!extensions) return fail(Errc::kTruncated);
    if (!reader.empty()) return fail(Errc::kMalformed);
    ByteReader list(*extensions);
    while (!list.empty()) {
      const auto type = list.uint(2);
      const auto content = vector(list, 2);
      if (!type || !content) return fail(Errc::kTruncated);
      if (!take_extension(hello, renegotiation, *type, *content)) return fail(Errc::kMalformed);
    }
  }
  for (std::size_t i = 0; i < suites->size(); i += 2)
    renegotiation = renegotiation || equal(suites->subspan(i, 2), kRenegotiationSuite);
  hello.renegotiation_info = renegotiation;
  return hello;
}

}  // namespace linnet::tls
