// SPDX-License-Identifier: Apache-2.0
#include "linnet/coap/uri.hpp"

#include <algorithm>

namespace linnet::coap {

namespace {

struct SchemeRow {
  std::string_view name;
  Scheme scheme;
  std::uint16_t port;
};
constexpr std::array<SchemeRow, 4> kSchemes{{{"coap", Scheme::kCoap, 5683},
                                             {"coaps", Scheme::kCoaps, 5684},
                                             {"coap+tcp", Scheme::kCoapTcp, 5683},
                                             {"coaps+tcp", Scheme::kCoapsTcp, 5684}}};

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

int hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  const char small = lower(c);
  return small >= 'a' && small <= 'f' ? small - 'a' + 10 : -1;
}

/// Printable ASCII without what RFC 3986 keeps out of a URI.
bool allowed(char c) noexcept {
  return c > ' ' && c < 0x7F && std::string_view("\"<>\\^`{|}").find(c) == std::string_view::npos;
}

/// The text without its percent-encoding, in `room`, which moves on.
Result<std::string_view> decode(std::string_view text, ByteSpan& room) noexcept {
  std::size_t size = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (size == room.size()) return fail(Errc::kTooLarge);
    auto byte = static_cast<std::uint8_t>(text[i]);
    if (text[i] == '%') {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
      if (low < 0) return fail(Errc::kMalformed);
      byte = static_cast<std::uint8_t>(high * 16 + low);
      i += 2;
    }
    room[size++] = byte;
  }
  const std::string_view decoded = as_text(room.first(size));
  room = room.subspan(size);
  return decoded;
}

/// Cuts `text` at each `divider` and decodes the pieces.
Result<std::size_t> split(std::string_view text, char divider,
                          std::array<std::string_view, Uri::kMaxSegments>& out, ByteSpan& room) noexcept {
  std::size_t count = 0;
  for (;;) {
    const std::size_t end = text.find(divider);
    const auto segment = decode(text.substr(0, end), room);
    if (!segment) return std::unexpected(segment.error());
    if (count == out.size()) return fail(Errc::kTooLarge);
    out[count++] = *segment;
    if (end == std::string_view::npos) return count;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

Result<void> Uri::take_authority(std::string_view authority) noexcept {
  if (authority.find('@') != std::string_view::npos) return fail(Errc::kMalformed);
  std::string_view rest;
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    if (end == std::string_view::npos) return fail(Errc::kMalformed);
    host = authority.substr(1, end - 1);
    rest = authority.substr(end + 1);
  } else {
    const std::size_t end = std::min(authority.find(':'), authority.size());
    host = authority.substr(0, end);
    rest = authority.substr(end);
  }
  if (host.empty() || (!rest.empty() && rest.front() != ':')) return fail(Errc::kMalformed);
  if (rest.size() <= 1) return {};
  std::uint32_t number = 0;
  for (const char c : rest.substr(1)) {
    if (c < '0' || c > '9' || number > UINT16_MAX) return fail(Errc::kMalformed);
    number = number * 10 + static_cast<std::uint32_t>(c - '0');
  }
  if (number == 0 || number > UINT16_MAX) return fail(Errc::kMalformed);
  port = static_cast<std::uint16_t>(number);
  return {};
}

Result<Uri> Uri::parse(std::string_view text, ByteSpan room) noexcept {
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos || !std::ranges::all_of(text, allowed)) return fail(Errc::kMalformed);
  const std::string_view name = text.substr(0, colon);
  const auto row = std::ranges::find_if(
      kSchemes, [&](const SchemeRow& r) { return std::ranges::equal(r.name, name, {}, {}, lower); });
  if (row == kSchemes.end()) return fail(Errc::kUnsupported);
  // A fragment is of no use to a server and not allowed (RFC 7252 §6.4).
  if (text.find('#') != std::string_view::npos) return fail(Errc::kMalformed);
  Uri uri;
  uri.scheme = row->scheme;
  uri.port = row->port;
  std::string_view rest = text.substr(colon + 3);
  const std::size_t end = std::min(rest.find_first_of("/?"), rest.size());
  if (const auto taken = uri.take_authority(rest.substr(0, end)); !taken)
    return std::unexpected(taken.error());
  rest.remove_prefix(end);
  const std::size_t question = std::min(rest.find('?'), rest.size());
  if (const std::string_view path = rest.substr(0, question); path.size() > 1) {
    const auto count = split(path.substr(1), '/', uri.path_, room);
    if (!count) return std::unexpected(count.error());
    uri.path_size_ = *count;
  }
  if (question == rest.size()) return uri;
  const auto count = split(rest.substr(question + 1), '&', uri.query_, room);
  if (!count) return std::unexpected(count.error());
  uri.query_size_ = *count;
  return uri;
}

}  // namespace linnet::coap
