// SPDX-License-Identifier: Apache-2.0
#include "linnet/coap/frame.hpp"

#include <array>
#include <cstring>

#include "linnet/coap/token.hpp"

namespace linnet::coap {

namespace {

constexpr std::size_t kDatagramHeader = 4;

/// A length nibble from 13 on says how many bytes hold the length, and what is to be added to them.
struct Extension {
  std::uint8_t bytes;
  std::uint32_t base;
};
constexpr unsigned kFirstExtended = 13;
constexpr std::array<Extension, 3> kExtensions{{{1, 13}, {2, 269}, {4, 65'805}}};

}  // namespace

Result<Frame> Frame::peek(ByteView bytes) noexcept {
  if (bytes.empty()) return fail(Errc::kTruncated);
  const unsigned nibble = bytes[0] >> 4U;
  Frame frame;
  frame.token = bytes[0] & 0x0FU;
  if (frame.token > Token::kMaxSize) return fail(Errc::kMalformed);
  std::uint64_t length = nibble;
  std::size_t extended = 0;
  if (nibble >= kFirstExtended) {
    const Extension& extension = kExtensions[nibble - kFirstExtended];
    extended = extension.bytes;
    const Result<std::uint64_t> value = ByteReader(bytes.subspan(1)).uint(extended);
    if (!value) return fail(Errc::kTruncated);
    length = *value + extension.base;
  }
  frame.header = static_cast<std::uint8_t>(2 + extended);
  frame.size = frame.header + frame.token + length;
  return frame;
}

std::size_t to_frame(ByteSpan message) noexcept {
  const unsigned token = message[0] & 0x0FU;
  const std::uint8_t code = message[1];
  const std::size_t length = message.size() - kDatagramHeader - token;
  // Up to 64 kB the header of a frame is no longer than that of a datagram: what follows moves forward.
  std::array<std::uint8_t, kDatagramHeader> header{};
  std::size_t size = 1;
  unsigned nibble = static_cast<unsigned>(length);
  if (length >= kExtensions[1].base) {
    nibble = kFirstExtended + 1;
    const std::size_t value = length - kExtensions[1].base;
    header[size++] = static_cast<std::uint8_t>(value >> 8U);
    header[size++] = static_cast<std::uint8_t>(value);
  } else if (length >= kExtensions[0].base) {
    nibble = kFirstExtended;
    header[size++] = static_cast<std::uint8_t>(length - kExtensions[0].base);
  }
  header[0] = static_cast<std::uint8_t>(nibble << 4U | token);
  header[size++] = code;
  std::memmove(message.data() + size, message.data() + kDatagramHeader, message.size() - kDatagramHeader);
  std::memcpy(message.data(), header.data(), size);
  return message.size() - kDatagramHeader + size;
}

}  // namespace linnet::coap
