// SPDX-License-Identifier: Apache-2.0
#include "linnet/coap/echo.hpp"

#include <cstring>

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
  std::uint32_t millis;
  std::memcpy(&millis, value.data(), sizeof millis);
  if (low_millis(now) - millis > kFreshFor.count()) return false;
  const Value expected = at(link, millis);
  std::uint8_t difference = 0;  // in constant time
  for (std::size_t i = 0; i < kSize; ++i) difference |= static_cast<std::uint8_t>(value[i] ^ expected[i]);
  return difference == 0;
}

/// Nobody else looks into it: the numbers are there as the processor has them.
EchoValues::Value EchoValues::at(LinkId link, std::uint32_t millis) const noexcept {
  const std::uint64_t hash = siphash(key_, std::uint64_t{millis} << 32 | index(link));
  Value value;
  std::memcpy(value.data(), &millis, sizeof millis);
  std::memcpy(value.data() + sizeof millis, &hash, sizeof hash);
  return value;
}

}  // namespace linnet::coap
