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
  if (started_) {
    if (rest_.front() != ',') return refuse(Errc::kMalformed);
    rest_.remove_prefix(1);
    if (rest_.empty()) return refuse(Errc::kTruncated);
  }
  const char c = rest_.front();
  if (c < '0' || c > '9') return refuse(Errc::kMalformed);
  ExecuteArgument argument;
  argument.digit = static_cast<std::uint8_t>(c - '0');
  const auto bit = static_cast<std::uint16_t>(1U << argument.digit);
  if ((seen_ & bit) != 0) return refuse(Errc::kMalformed);
  seen_ |= bit;
  rest_.remove_prefix(1);
  started_ = true;
  if (rest_.empty() || rest_.front() != '=') return argument;
  const auto given = value();
  if (!given) return std::unexpected(given.error());
  argument.value = *given;
  return argument;
}

Result<std::string_view> ExecuteArgumentReader::value() noexcept {
  rest_.remove_prefix(1);
  if (rest_.empty()) return refuse(Errc::kTruncated);
  const char quote = rest_.front();
  if (quote != '\'' && quote != '"') return refuse(Errc::kMalformed);
  for (std::size_t i = 1; i < rest_.size(); ++i) {
    if (rest_[i] == quote) {
      const std::string_view inside = rest_.substr(1, i - 1);
      rest_.remove_prefix(i + 1);
      return inside;
    }
    if (static_cast<unsigned char>(rest_[i]) < ' ') return refuse(Errc::kMalformed);
  }
  return refuse(Errc::kTruncated);
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
