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

/// Where the options of format uint go, in the order of OptionUse.
constexpr OptionalNumber ScannedOptions::* kNumbers[] = {
    &ScannedOptions::content_format, &ScannedOptions::max_age,     &ScannedOptions::accept,
    &ScannedOptions::observe,        &ScannedOptions::no_response, &ScannedOptions::block2,
    &ScannedOptions::block1,         &ScannedOptions::size2,       &ScannedOptions::size1};

void take(ScannedOptions& scanned, OptionUse use, const Option& option) noexcept {
  if (use >= OptionUse::kContentFormat)
    scanned.*kNumbers[static_cast<unsigned>(use) - static_cast<unsigned>(OptionUse::kContentFormat)] =
        option.uint();
  else if (use == OptionUse::kEcho)
    scanned.echo = option.value;
  else if (use == OptionUse::kEtag && scanned.etag.empty())
    scanned.etag = option.value;
  else if (use == OptionUse::kProxy)
    scanned.proxy = true;
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
