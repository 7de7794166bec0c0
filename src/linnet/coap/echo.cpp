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
  for (std::uint32_t& word : key_) word = random.next();
}

EchoValues::Value EchoValues::make(LinkId link, Instant now) const noexcept {
  const Words words = at(link, low_millis(now));
  Value value;
  std::memcpy(value.data(), words.data(), sizeof words);
  return value;
}

bool EchoValues::fresh(ByteView value, LinkId link, Instant now) const noexcept {
  if (value.size() != kSize) return false;
  Words words;
  std::memcpy(words.data(), value.data(), sizeof words);
  if (low_millis(now) - words[0] > kFreshFor.count()) return false;
  const Words expected = at(link, words[0]);
  return ((words[1] ^ expected[1]) | (words[2] ^ expected[2])) == 0;  // in constant time
}

/// The key goes in before the permutation and behind it, which is a hash for one block (Even and Mansour).
/// Nobody else looks into it: the numbers are there as the processor has them.
EchoValues::Words EchoValues::at(LinkId link, std::uint32_t millis) const noexcept {
  ChaskeyBlock block = key_;
  block[0] ^= millis;
  block[1] ^= index(link);
  chaskey_permute(block);
  return {millis, block[0] ^ key_[0], block[1] ^ key_[1]};
}

}  // namespace linnet::coap
