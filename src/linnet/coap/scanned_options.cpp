// SPDX-License-Identifier: Apache-2.0
#include "linnet/coap/scanned_options.hpp"

#include <cstring>

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

void take(ScannedOptions& scanned, OptionUse use, const Option& option) noexcept {
  const std::uint32_t value = option.uint();
  switch (use) {
    case OptionUse::kList:
    case OptionUse::kRefused:
    case OptionUse::kSingle: break;
    case OptionUse::kEtag:
      if (scanned.etag.empty()) scanned.etag = option.value;
      break;
    case OptionUse::kProxy: scanned.proxy = true; break;
    case OptionUse::kEcho: scanned.echo = option.value; break;
    case OptionUse::kContentFormat: scanned.content_format = static_cast<std::uint16_t>(value); break;
    case OptionUse::kMaxAge: scanned.max_age = value; break;
    case OptionUse::kAccept: scanned.accept = static_cast<std::uint16_t>(value); break;
    case OptionUse::kObserve: scanned.observe = value; break;
    case OptionUse::kNoResponse: scanned.no_response = static_cast<std::uint8_t>(value); break;
    case OptionUse::kBlock2: scanned.blocks.block2 = value; break;
    case OptionUse::kBlock1: scanned.blocks.block1 = value; break;
    case OptionUse::kSize2: scanned.blocks.size2 = value; break;
    case OptionUse::kSize1: scanned.blocks.size1 = value; break;
  }
}

}  // namespace

void scan_options(Options options, Code code, ScannedOptions& scanned) noexcept {
  std::uint32_t key = mix(0, static_cast<std::uint32_t>(code));
  OptionNumber previous{};
  OptionTable table;
  for (const Option& option : options) {
    const OptionProperties* const row = table.next(option.number);
    const auto use = row != nullptr ? static_cast<OptionUse>(row->use) : OptionUse::kRefused;
    const std::size_t size = option.value.size();
    const bool legal = use != OptionUse::kRefused && size >= row->min_length && size <= row->max_length &&
                       (option.number != previous || use <= OptionUse::kEtag);
    if (legal)
      take(scanned, use, option);
    else
      scanned.bad_critical |= is_critical(option.number);
    const bool in_key =
        !is_no_cache_key(option.number) && (use < OptionUse::kObserve || use > OptionUse::kBlock1);
    if (in_key) key = mix(key, option);
    previous = option.number;
  }
  scanned.cache_key = key;
}

ScannedOptions scan_options(Options options, Code code) noexcept {
  ScannedOptions scanned;
  scan_options(options, code, scanned);
  return scanned;
}

}  // namespace linnet::coap
