// SPDX-License-Identifier: Apache-2.0
#include "linnet/coap/uri.hpp"

#include <iterator>

namespace linnet::coap {

namespace {

struct SchemeRow {
  const char* name;
  Scheme scheme;
  std::uint16_t port;
};
constexpr SchemeRow kSchemes[]{{"coap", Scheme::kCoap, 5683},
                               {"coaps", Scheme::kCoaps, 5684},
                               {"coap+tcp", Scheme::kCoapTcp, 5683},
                               {"coaps+tcp", Scheme::kCoapsTcp, 5684}};

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// More than 15 for what is no hexadecimal digit.
unsigned digit(char c) noexcept {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  const auto letter = static_cast<unsigned>(lower(c) - 'a');
  return letter < 6 ? letter + 10 : 16;
}

bool among(char c, const char* these) noexcept {
  while (*these != '\0' && *these != c) ++these;
  return *these != '\0';
}

/// What is left of a text that is read from the front.
struct Rest {
  const char* at;
  const char* end;

  [[nodiscard]] bool take(char c) noexcept {
    const bool there = at != end && *at == c;
    if (there) ++at;
    return there;
  }
  /// Passes all of `text`, in lower case; or nothing.
  [[nodiscard]] bool take(const char* text) noexcept {
    const char* c = at;
    for (; *text != '\0'; ++text, ++c) {
      if (c == end || lower(*c) != *text) return false;
    }
    at = c;
    return true;
  }
  /// Where the first of these, or else the text, ends.
  [[nodiscard]] const char* find(const char* these) const noexcept {
    const char* c = at;
    while (c != end && !among(*c, these)) ++c;
    return c;
  }
};

/// Writes the pieces between `divider`s without their percent-encoding. Gives how many.
Result<std::uint8_t> split(Rest text, char divider, std::string_view* pieces, ByteWriter& out) noexcept {
  std::uint8_t count = 0;
  for (std::size_t begin = out.size();; ++text.at) {
    if (text.at == text.end || *text.at == divider) {
      if (count == Uri::kMaxSegments || !out.ok()) return fail(Errc::kTooLarge);
      pieces[count++] = as_text(ByteView(out.written().data() + begin, out.size() - begin));
      if (text.at == text.end) return count;
      begin = out.size();
      continue;
    }
    unsigned byte = static_cast<std::uint8_t>(*text.at);
    if (byte == '%') {
      if (text.end - text.at < 3) return fail(Errc::kMalformed);
      const unsigned high = digit(*++text.at);
      const unsigned low = digit(*++text.at);
      if (high > 15 || low > 15) return fail(Errc::kMalformed);
      byte = high << 4 | low;
    }
    out.u8(static_cast<std::uint8_t>(byte));
  }
}

}  // namespace

Result<Uri> Uri::parse(std::string_view text, ByteSpan room) noexcept {
  Rest rest{text.data(), text.data() + text.size()};
  for (const char* c = rest.at; c != rest.end; ++c) {
    // Not printable, or kept out of a URI by RFC 3986; a fragment is of no use to a server (RFC 7252 §6.4).
    if (*c <= ' ' || *c >= 0x7F || among(*c, "\"#<>\\^`{|}")) return fail(Errc::kMalformed);
  }
  const SchemeRow* row = kSchemes;
  for (; row != std::end(kSchemes); ++row) {
    Rest behind = rest;
    if (!behind.take(row->name) || !behind.take("://")) continue;
    rest = behind;
    break;
  }
  if (row == std::end(kSchemes)) {
    rest.at = rest.find(":");
    return fail(rest.take("://") ? Errc::kUnsupported : Errc::kMalformed);
  }
  Uri uri;
  uri.scheme = row->scheme;
  uri.port = row->port;
  const bool literal = rest.take('[');
  const char* const host_end = rest.find(literal ? "]" : ":/?");
  uri.host = {rest.at, static_cast<std::size_t>(host_end - rest.at)};
  rest.at = host_end;
  if (uri.host.empty() || uri.host.find('@') != std::string_view::npos || (literal && !rest.take(']')))
    return fail(Errc::kMalformed);
  const char* const port_end = rest.find("/?");
  if (rest.take(':') && rest.at != port_end) {
    std::uint32_t number = 0;
    for (; rest.at != port_end; ++rest.at) {
      const unsigned next = digit(*rest.at);
      number = number * 10 + next;
      if (next > 9 || number > UINT16_MAX) return fail(Errc::kMalformed);
    }
    if (number == 0) return fail(Errc::kMalformed);
    uri.port = static_cast<std::uint16_t>(number);
  }
  ByteWriter out(room);
  const char* const path_end = rest.find("?");
  if (rest.take('/') && rest.at != path_end) {
    const auto count = split({rest.at, path_end}, '/', uri.path_.data(), out);
    if (!count) return fail(count.error().code);
    uri.path_size_ = *count;
    rest.at = path_end;
  }
  if (rest.take('?')) {
    const auto count = split(rest, '&', uri.query_.data(), out);
    if (!count) return fail(count.error().code);
    uri.query_size_ = *count;
    return uri;
  }
  if (rest.at != rest.end) return fail(Errc::kMalformed);
  return uri;
}

}  // namespace linnet::coap
