// SPDX-License-Identifier: Apache-2.0
#include "linnet/coap/uri.hpp"

namespace linnet::coap {

namespace {

constexpr std::uint16_t kPort = 5683;  // and the one behind it where the transport is secured

char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// 16 for what is no hexadecimal digit.
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
  /// Passes what is in front of the first of these, or of the end.
  void pass(const char* these) noexcept {
    while (at != end && !among(*at, these)) ++at;
  }
  /// Writes the pieces in front of the first of `stops`, of which the first one divides them, without their
  /// percent-encoding.
  [[nodiscard]] Errc split(const char* stops, Uri::Pieces& pieces, ByteWriter& out) noexcept {
    do {
      const std::size_t begin = out.size();
      for (; at != end && !among(*at, stops); ++at) {
        unsigned byte = static_cast<std::uint8_t>(*at);
        if (byte == '%') {
          if (end - at < 3) return Errc::kMalformed;
          const unsigned high = digit(*++at);
          const unsigned low = digit(*++at);
          if ((high | low) > 15) return Errc::kMalformed;
          byte = high << 4 | low;
        }
        out.u8(static_cast<std::uint8_t>(byte));
      }
      if (pieces.size == Uri::kMaxSegments || !out.ok()) return Errc::kTooLarge;
      pieces.texts[pieces.size++] = as_text(ByteView(out.written().data() + begin, out.size() - begin));
    } while (take(*stops));
    return {};
  }
};

}  // namespace

Result<Uri> Uri::parse(std::string_view text, ByteSpan room) noexcept {
  Rest rest{text.data(), text.data() + text.size()};
  for (const char* c = rest.at; c != rest.end; ++c) {
    // Not printable, or kept out of a URI by RFC 3986; a fragment is of no use to a server (RFC 7252 §6.4).
    if (*c <= ' ' || *c >= 0x7F || among(*c, "\"#<>\\^`{|}")) return fail(Errc::kMalformed);
  }
  const bool coap = rest.take("coap");
  const bool secure = rest.take("s");
  const bool stream = rest.take("+tcp");
  if (!coap || !rest.take("://")) {
    rest.pass(":");
    return fail(rest.take("://") ? Errc::kUnsupported : Errc::kMalformed);
  }
  Uri uri;
  uri.scheme = static_cast<Scheme>((secure ? 1 : 0) | (stream ? 2 : 0));
  uri.port = static_cast<std::uint16_t>(kPort + (secure ? 1 : 0));
  const bool literal = rest.take('[');
  const char* const host = rest.at;
  rest.pass(literal ? "@]" : "@:/?");  // user information has no place here
  uri.host = {host, static_cast<std::size_t>(rest.at - host)};
  if (uri.host.empty() || (literal && !rest.take(']'))) return fail(Errc::kMalformed);
  if (rest.take(':')) {
    const char* const digits = rest.at;
    std::uint32_t number = 0;
    for (; rest.at != rest.end && digit(*rest.at) <= 9; ++rest.at) {
      number = number * 10 + digit(*rest.at);
      if (number > UINT16_MAX) return fail(Errc::kMalformed);
    }
    if (rest.at != digits) uri.port = static_cast<std::uint16_t>(number);
    if (uri.port == 0) return fail(Errc::kMalformed);
  }
  ByteWriter out(room);
  Errc wrong{};
  if (rest.take('/') && rest.at != rest.end && *rest.at != '?') wrong = rest.split("/?", uri.path_, out);
  if (wrong == Errc{} && rest.take('?')) wrong = rest.split("&", uri.query_, out);
  if (wrong == Errc{} && rest.at != rest.end) wrong = Errc::kMalformed;
  if (wrong != Errc{}) return fail(wrong);
  return uri;
}

}  // namespace linnet::coap
