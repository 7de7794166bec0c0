// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/execute_arguments.hpp"

#include "linnet/coap/code.hpp"

namespace linnet::lwm2m {

using namespace std::string_view_literals;

namespace {

std::unexpected<Error> refuse(Errc code) noexcept {
  return fail(code, static_cast<std::uint8_t>(coap::Code::kBadRequest));
}

/// CHAR of the argument grammar: printable ASCII without blank, quotes and backslash.
constexpr bool is_argument_character(char c) noexcept {
  return c > ' ' && c < 0x7F && c != '"' && c != '\'' && c != '\\';
}

}  // namespace

Result<std::optional<ExecuteArgument>> ExecuteArgumentReader::next() noexcept {
  if (rest_.empty()) return std::nullopt;
  ExecuteArgument argument;
  if (const auto taken = take(argument); !taken) return std::unexpected(taken.error());
  return argument;
}

Result<void> ExecuteArgumentReader::take(ExecuteArgument& argument) noexcept {
  if (seen_ != 0) {
    if (rest_.front() != ',') return refuse(Errc::kMalformed);
    rest_.remove_prefix(1);
    if (rest_.empty()) return refuse(Errc::kTruncated);
  }
  const unsigned digit = static_cast<unsigned char>(rest_.front()) - unsigned{'0'};
  const auto bit = static_cast<std::uint16_t>(digit > 9 ? 0 : 1U << digit);
  if (bit == 0 || (seen_ & bit) != 0) return refuse(Errc::kMalformed);
  seen_ |= bit;
  argument.digit = static_cast<std::uint8_t>(digit);
  rest_.remove_prefix(1);
  if (rest_.empty() || rest_.front() != '=') return {};
  if (rest_.size() == 1) return refuse(Errc::kTruncated);
  const char quote = rest_[1];
  if (quote != '\'' && quote != '"') return refuse(Errc::kMalformed);
  constexpr std::size_t kValue = 2;  // behind the `=` and the quote
  std::size_t end = kValue;
  for (; end < rest_.size() && rest_[end] != quote; ++end) {
    if (static_cast<unsigned char>(rest_[end]) < ' ') return refuse(Errc::kMalformed);
  }
  if (end == rest_.size()) return refuse(Errc::kTruncated);
  argument.value = std::string_view(rest_.data() + kValue, end - kValue);
  rest_.remove_prefix(end + 1);
  return {};
}

Result<void> write_execute_argument(ByteWriter& out, const ExecuteArgument& argument, bool first) noexcept {
  if (argument.digit > 9) return fail(Errc::kInvalidArgument);
  for (const char c : argument.value.value_or("")) {
    if (!is_argument_character(c)) return fail(Errc::kInvalidArgument);
  }
  if (!first) out.u8(',');
  out.u8(static_cast<std::uint8_t>('0' + argument.digit));
  if (argument.value) {
    out.text("='"sv);
    out.text(*argument.value);
    out.u8('\'');
  }
  return {};
}

}  // namespace linnet::lwm2m
