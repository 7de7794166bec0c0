// SPDX-License-Identifier: Apache-2.0
#include "linnet/coap/scanned_options.hpp"

#include <cstring>

#include "linnet/coap/features.hpp"

namespace linnet::coap {

namespace {

constexpr std::uint32_t mix(std::uint32_t hash, std::uint32_t value) noexcept {
  hash = (hash ^ value) * 0x9E3779B1U;
  return hash ^ hash >> 15;
}

std::uint32_t mix(std::uint32_t hash, const Option& option) noexcept {
  ByteView rest = option.value;
  hash = mix(hash, static_cast<std::uint32_t>(option.number) << 16 | static_cast<std::uint32_t>(rest.size()));
  for (; rest.size() >= 4; rest = rest.subspan(4)) {
    std::uint32_t word;
    std::memcpy(&word, rest.data(), sizeof word);
    hash = mix(hash, word);
  }
  for (const std::uint8_t byte : rest) hash = mix(hash, byte);
  return hash;
}

bool in_cache_key(OptionNumber number) noexcept {
  switch (number) {
    case OptionNumber::kObserve:
    case OptionNumber::kBlock1:
    case OptionNumber::kBlock2:
    case OptionNumber::kNoResponse: return false;
    default: return !is_no_cache_key(number);
  }
}

/// False when the option is not one that an endpoint understands.
bool take(ScannedOptions& scanned, const Option& option) noexcept {
  switch (option.number) {
    case OptionNumber::kEtag:
      if (kBlockwise && scanned.etag.empty()) scanned.etag = option.value;
      return true;
    case OptionNumber::kObserve: scanned.observe = option.uint(); return true;
    case OptionNumber::kContentFormat:
      scanned.content_format = static_cast<std::uint16_t>(option.uint());
      return true;
    case OptionNumber::kMaxAge: scanned.max_age = option.uint(); return true;
    case OptionNumber::kAccept: scanned.accept = static_cast<std::uint16_t>(option.uint()); return true;
    case OptionNumber::kBlock2:
      if constexpr (kBlockwise) scanned.block2 = option.uint();
      return kBlockwise;
    case OptionNumber::kBlock1:
      if constexpr (kBlockwise) scanned.block1 = option.uint();
      return kBlockwise;
    case OptionNumber::kSize1:
      if constexpr (kBlockwise) scanned.size1 = option.uint();
      return true;
    case OptionNumber::kSize2:
      if constexpr (kBlockwise) scanned.size2 = option.uint();
      return true;
    case OptionNumber::kEcho:
      if constexpr (kChallenges) scanned.echo = option.value;
      return true;
    case OptionNumber::kNoResponse:
      scanned.no_response = static_cast<std::uint8_t>(option.uint());
      return true;
    case OptionNumber::kProxyUri:
    case OptionNumber::kProxyScheme: scanned.proxy = true; return true;
    case OptionNumber::kIfMatch:
    case OptionNumber::kIfNoneMatch:
    case OptionNumber::kOscore: return false;
    default: return true;
  }
}

}  // namespace

ScannedOptions scan_options(Options options, Code code) noexcept {
  ScannedOptions scanned;
  std::uint32_t key = mix(0, static_cast<std::uint32_t>(code));
  OptionNumber previous{};
  for (const Option& option : options) {
    const OptionProperties* row = properties(option.number);
    const std::size_t size = option.value.size();
    const bool legal = row != nullptr && size >= row->min_length && size <= row->max_length &&
                       (row->repeatable || option.number != previous);
    if (!legal || !take(scanned, option)) scanned.bad_critical |= is_critical(option.number);
    if (in_cache_key(option.number)) key = mix(key, option);
    previous = option.number;
  }
  scanned.cache_key = key;
  return scanned;
}

}  // namespace linnet::coap
