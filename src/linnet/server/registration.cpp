// SPDX-License-Identifier: Apache-2.0
#include "linnet/server/registration.hpp"

namespace linnet::server {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint8_t kNoDigit = 0xFF;

constexpr std::array<std::uint8_t, 256> kDigits = [] {
  std::array<std::uint8_t, 256> digits{};
  digits.fill(kNoDigit);
  for (std::uint8_t i = 0; i < 64; ++i) digits[static_cast<std::uint8_t>(kAlphabet[i])] = i;
  return digits;
}();

}  // namespace

std::optional<RegistrationId> RegistrationId::parse(std::string_view text) noexcept {
  if (text.size() != kTextSize) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    const std::uint8_t digit = kDigits[static_cast<std::uint8_t>(c)];
    if (digit == kNoDigit) return std::nullopt;
    value = value << 6U | digit;
  }
  return from_value(value);
}

RegistrationId::Text RegistrationId::text() const noexcept {
  Text text;
  for (std::size_t i = 0; i < kTextSize; ++i) text[i] = kAlphabet[value_ >> (6 * (kTextSize - 1 - i)) & 63U];
  return text;
}

void ExtraParameters::for_each(
    FunctionRef<void(std::string_view name, std::string_view value)> visit) const noexcept {
  ByteReader in(encoded_);
  while (!in.empty()) {
    const auto size = in.u8();
    const auto bytes = in.bytes(*size);
    if (!bytes) return;
    const std::string_view text = as_text(*bytes);
    const std::size_t split = text.find('=');
    visit(text.substr(0, split),
          split == std::string_view::npos ? std::string_view{} : text.substr(split + 1));
  }
}

std::optional<std::string_view> ExtraParameters::find(std::string_view name) const noexcept {
  std::optional<std::string_view> found;
  for_each([&](std::string_view candidate, std::string_view value) {
    if (!found && candidate == name) found = value;
  });
  return found;
}

}  // namespace linnet::server
