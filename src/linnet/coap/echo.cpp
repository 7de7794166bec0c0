// SPDX-License-Identifier: Apache-2.0
#include "linnet/coap/echo.hpp"

namespace linnet::coap {

namespace {

std::uint32_t low_millis(Instant now) noexcept {
  return static_cast<std::uint32_t>(now.time_since_epoch().count());
}

}  // namespace

void EchoValues::init(Random& random) noexcept {
  for (std::uint64_t& word : key_) {
    word = random.next();
    word = word << 32 | random.next();
  }
}

EchoValues::Value EchoValues::make(LinkId link, Instant now) const noexcept {
  return at(link, low_millis(now));
}

bool EchoValues::fresh(ByteView value, LinkId link, Instant now) const noexcept {
  if (value.size() != kSize) return false;
  std::uint32_t millis = 0;
  for (const std::uint8_t byte : value.first(4)) millis = millis << 8 | byte;
  if (Millis(low_millis(now) - millis) > kFreshFor) return false;
  const Value expected = at(link, millis);
  std::uint8_t difference = 0;  // in constant time
  for (std::size_t i = 0; i < kSize; ++i) difference |= static_cast<std::uint8_t>(value[i] ^ expected[i]);
  return difference == 0;
}

EchoValues::Value EchoValues::at(LinkId link, std::uint32_t millis) const noexcept {
  Value value{};
  std::array<std::uint8_t, 8> message{};
  for (std::size_t i = 0; i < 4; ++i) {
    value[i] = message[i] = static_cast<std::uint8_t>(millis >> (24 - 8 * i));
    message[4 + i] = static_cast<std::uint8_t>(index(link) >> (24 - 8 * i));
  }
  const std::uint64_t hash = siphash(key_, message);
  for (std::size_t i = 0; i < 8; ++i) value[4 + i] = static_cast<std::uint8_t>(hash >> (56 - 8 * i));
  return value;
}

}  // namespace linnet::coap
