// SPDX-License-Identifier: Apache-2.0
// A CoAP message as a test case writes it down, and its bytes by an encoder of our own that shares
// nothing with linnet (RFC 7252 §3): what the engines send is held against it byte by byte.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace linnet::conformance {

using Bytes = std::vector<std::uint8_t>;

/// Numbers of the content formats (digest §3).
enum Format : std::uint32_t {
  kText = 0,
  kLinkFormat = 40,
  kOpaque = 42,
  kCbor = 60,
  kSenmlJson = 110,
  kSenmlCbor = 112,
  kTlv = 11542,
  kJson = 11543,
};

enum class Kind : std::uint8_t { kConfirmable = 0, kNonConfirmable = 1, kAcknowledgement = 2, kReset = 3 };

inline constexpr unsigned kLocationPath = 8, kUriPath = 11;

/// Stands for the segment of a location that the server chooses.
inline constexpr std::string_view kAnyLocation = "*";

struct Message {
  std::uint8_t code = 0;
  std::vector<std::pair<unsigned, std::string>> options;  ///< ascending by number when encoded
  std::string body;
  std::optional<Kind> kind;  ///< where the case says it; requests are confirmable otherwise

  Message& option(unsigned number, std::string value) {
    options.emplace_back(number, std::move(value));
    return *this;
  }
  Message& option(unsigned number, std::uint32_t value) {
    std::string bytes;
    for (; value != 0; value >>= 8U) bytes.insert(bytes.begin(), static_cast<char>(value & 0xFFU));
    return option(number, std::move(bytes));
  }
  Message& path(unsigned number, std::string_view text) {
    while (!text.empty()) {
      text.remove_prefix(1);
      const std::string_view segment = text.substr(0, text.find('/'));
      if (!segment.empty()) option(number, std::string(segment));
      text.remove_prefix(segment.size());
    }
    return *this;
  }

  Message& accept(Format format) { return option(17, format); }
  Message& query(std::string text) { return option(15, std::move(text)); }
  Message& observe(std::uint32_t value) { return option(6, value); }
  Message& location(std::string_view text) { return path(kLocationPath, text); }
  Message& payload(std::uint32_t format, std::string bytes) {
    option(12, format);
    body = std::move(bytes);
    return *this;
  }
  Message& plain(std::string bytes) {
    body = std::move(bytes);
    return *this;
  }
  Message& non() {
    kind = Kind::kNonConfirmable;
    return *this;
  }
  Message& con() {
    kind = Kind::kConfirmable;
    return *this;
  }

  [[nodiscard]] std::optional<std::uint32_t> find(unsigned number) const {
    for (const auto& [at, value] : options) {
      if (at != number) continue;
      std::uint32_t result = 0;
      for (const char byte : value) result = result << 8U | static_cast<std::uint8_t>(byte);
      return result;
    }
    return std::nullopt;
  }

  /// The datagram. `place` replaces kAnyLocation.
  [[nodiscard]] Bytes encode(Kind type, std::uint16_t id, const Bytes& token,
                             const std::string& place) const {
    Bytes out{static_cast<std::uint8_t>(0x40U | static_cast<unsigned>(type) << 4U | token.size()), code,
              static_cast<std::uint8_t>(id >> 8U), static_cast<std::uint8_t>(id)};
    out.insert(out.end(), token.begin(), token.end());
    auto sorted = options;
    std::ranges::stable_sort(sorted, {}, [](const auto& option) { return option.first; });
    unsigned last = 0;
    for (const auto& [number, text] : sorted) {
      const bool segment = number == kLocationPath || number == kUriPath;
      const std::string& value = segment && text == kAnyLocation ? place : text;
      const auto size = static_cast<unsigned>(value.size());
      out.push_back(static_cast<std::uint8_t>(nibble(number - last) << 4U | nibble(size)));
      extend(out, number - last);
      extend(out, size);
      out.insert(out.end(), value.begin(), value.end());
      last = number;
    }
    if (!body.empty()) {
      out.push_back(0xFF);
      out.insert(out.end(), body.begin(), body.end());
    }
    return out;
  }

 private:
  static unsigned nibble(unsigned value) { return value < 13 ? value : value < 269 ? 13 : 14; }
  static void extend(Bytes& out, unsigned value) {
    if (value >= 269) {
      out.push_back(static_cast<std::uint8_t>((value - 269) >> 8U));
      out.push_back(static_cast<std::uint8_t>(value - 269));
    } else if (value >= 13) {
      out.push_back(static_cast<std::uint8_t>(value - 13));
    }
  }
};

// Requests, by method and path.

[[nodiscard]] inline Message request(std::uint8_t method, std::string_view path) {
  Message message;
  message.code = method;
  return message.path(kUriPath, path);
}
[[nodiscard]] inline Message get(std::string_view path) {
  return request(0x01, path);
}
[[nodiscard]] inline Message post(std::string_view path) {
  return request(0x02, path);
}
[[nodiscard]] inline Message put(std::string_view path) {
  return request(0x03, path);
}
[[nodiscard]] inline Message remove(std::string_view path) {
  return request(0x04, path);
}
[[nodiscard]] inline Message fetch(std::string_view path = "") {
  return request(0x05, path);
}
[[nodiscard]] inline Message ipatch(std::string_view path = "") {
  return request(0x07, path);
}

// Responses, by code: `answer(2, 5)` is 2.05.

[[nodiscard]] inline Message answer(unsigned major, unsigned minor) {
  Message message;
  message.code = static_cast<std::uint8_t>(major << 5U | minor);
  return message;
}
[[nodiscard]] inline Message created() {
  return answer(2, 1);
}
[[nodiscard]] inline Message deleted() {
  return answer(2, 2);
}
[[nodiscard]] inline Message changed() {
  return answer(2, 4);
}
[[nodiscard]] inline Message content(std::uint32_t format, std::string bytes) {
  Message message = answer(2, 5);
  return message.payload(format, std::move(bytes));
}

/// Bytes from hexadecimal digits; blanks are passed over.
[[nodiscard]] inline std::string hex(std::string_view digits) {
  std::string bytes;
  int high = -1;
  for (const char digit : digits) {
    if (digit == ' ' || digit == '\n') continue;
    const int value = digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
    if (high < 0) {
      high = value;
    } else {
      bytes.push_back(static_cast<char>(high << 4 | value));
      high = -1;
    }
  }
  return bytes;
}

[[nodiscard]] inline std::string show(const Bytes& bytes) {
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes) {
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 15U];
  }
  text += "  ";
  for (const std::uint8_t byte : bytes) text += byte >= 0x20 && byte < 0x7F ? static_cast<char>(byte) : '.';
  return text;
}

}  // namespace linnet::conformance
