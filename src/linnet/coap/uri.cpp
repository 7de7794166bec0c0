// SPDX-License-Identifier: Apache-2.0
#include "linnet/coap/uri.hpp"

#include <algorithm>
#include <cstring>

namespace linnet::coap {

namespace {

constexpr std::string_view kAuthority = "://";

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

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}

/// More than 15 for what is none.
unsigned hex_digit(char c) noexcept {
  if (is_digit(c)) return static_cast<unsigned>(c - '0');
  const auto letter = static_cast<unsigned>(lower(c) - 'a');
  return letter < 6 ? letter + 10 : 16;
}

bool contains(std::string_view text, char c) noexcept {
  return !text.empty() && std::memchr(text.data(), c, text.size()) != nullptr;
}

/// Cuts off what stands before the first of `ends`, or all of it.
std::string_view take_until(std::string_view& text, std::string_view ends) noexcept {
  const char* const first = text.data();
  while (!text.empty() && !contains(ends, text.front())) text.remove_prefix(1);
  return {first, static_cast<std::size_t>(text.data() - first)};
}

/// Cuts `text` at each `divider`, and writes the pieces without their percent-encoding.
Result<std::uint8_t> split(std::string_view text, char divider, std::string_view* pieces,
                           ByteWriter& out) noexcept {
  std::uint8_t count = 0;
  for (std::size_t begin = out.size();; text.remove_prefix(1)) {
    if (text.empty() || text.front() == divider) {
      if (count == Uri::kMaxSegments || !out.ok()) return fail(Errc::kTooLarge);
      pieces[count++] = as_text(ByteView(out.written().data() + begin, out.size() - begin));
      if (text.empty()) return count;
      begin = out.size();
      continue;
    }
    unsigned byte = static_cast<std::uint8_t>(text.front());
    if (byte == '%') {
      const unsigned high = text.size() > 2 ? hex_digit(text[1]) : 16;
      const unsigned low = high < 16 ? hex_digit(text[2]) : 16;
      if (low > 15) return fail(Errc::kMalformed);
      byte = high << 4 | low;
      text.remove_prefix(2);
    }
    out.u8(static_cast<std::uint8_t>(byte));
  }
}

/// The scheme that `text` begins with, which is cut off with all before the authority; or null.
const SchemeRow* take_scheme(std::string_view& text) noexcept {
  std::string_view rest = text;
  const std::string_view name = take_until(rest, ":");
  if (!rest.starts_with(kAuthority)) return nullptr;
  for (const SchemeRow& row : kSchemes) {
    if (!std::ranges::equal(row.name, name, {}, {}, lower)) continue;
    text.remove_prefix(name.size() + kAuthority.size());
    return &row;
  }
  return nullptr;
}

}  // namespace

Result<Uri> Uri::parse(std::string_view text, ByteSpan room) noexcept {
  for (const char c : text) {
    // Not printable, or kept out of a URI by RFC 3986; a fragment is of no use to a server (RFC 7252 §6.4).
    if (c <= ' ' || c >= 0x7F || contains("\"#<>\\^`{|}", c)) return fail(Errc::kMalformed);
  }
  const SchemeRow* const row = take_scheme(text);
  if (row == nullptr)
    return fail(text.find(kAuthority) == std::string_view::npos ? Errc::kMalformed : Errc::kUnsupported);
  Uri uri;
  uri.scheme = row->scheme;
  uri.port = row->port;
  const bool literal = text.starts_with('[');
  if (literal) text.remove_prefix(1);
  uri.host = take_until(text, literal ? "]" : ":/?");
  if (uri.host.empty() || contains(uri.host, '@') || (literal && text.empty())) return fail(Errc::kMalformed);
  if (literal) text.remove_prefix(1);
  if (text.starts_with(':')) {
    text.remove_prefix(1);
    std::string_view digits = take_until(text, "/?");
    std::uint32_t number = digits.empty() ? row->port : 0;
    for (const char c : digits) {
      if (!is_digit(c)) return fail(Errc::kMalformed);
      number = number * 10 + static_cast<std::uint32_t>(c - '0');
      if (number > UINT16_MAX) return fail(Errc::kMalformed);
    }
    if (number == 0) return fail(Errc::kMalformed);
    uri.port = static_cast<std::uint16_t>(number);
  }
  ByteWriter out(room);
  const std::string_view path = take_until(text, "?");
  if (!path.empty() && path.front() != '/') return fail(Errc::kMalformed);
  if (path.size() > 1) {
    const auto count = split(path.substr(1), '/', uri.path_.data(), out);
    if (!count) return fail(count.error().code);
    uri.path_size_ = *count;
  }
  if (text.empty()) return uri;
  const auto count = split(text.substr(1), '&', uri.query_.data(), out);
  if (!count) return fail(count.error().code);
  uri.query_size_ = *count;
  return uri;
}

}  // namespace linnet::coap
