// SPDX-License-Identifier: Apache-2.0
// A coap URI taken apart into what a request needs (RFC 7252 §6, RFC 8323 §8).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "linnet/base/bytes.hpp"
#include "linnet/base/result.hpp"

namespace linnet::coap {

enum class Scheme : std::uint8_t { kCoap, kCoaps, kCoapTcp, kCoapsTcp };  // bits: secured, a stream

struct Uri {
  static constexpr std::size_t kMaxSegments = 16;  ///< of the path, and of the query

  Scheme scheme{};
  std::string_view host;   ///< an IPv6 address without its brackets
  std::uint16_t port = 0;  ///< the scheme's own where the URI names none

  struct Pieces {
    std::array<std::string_view, kMaxSegments> texts;
    std::uint8_t size = 0;
  };
  [[nodiscard]] std::span<const std::string_view> path() const noexcept {
    return std::span(path_.texts).first(path_.size);
  }
  [[nodiscard]] std::span<const std::string_view> query() const noexcept {
    return std::span(query_.texts).first(query_.size);
  }

  /// `room` takes what is percent-encoded, and must have `text.size()` bytes; views are of both.
  /// kUnsupported: another scheme; kTooLarge: too many segments; kMalformed: all else.
  [[nodiscard]] static Result<Uri> parse(std::string_view text, ByteSpan room) noexcept;

 private:
  Pieces path_;
  Pieces query_;
};

}  // namespace linnet::coap
