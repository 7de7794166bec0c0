// SPDX-License-Identifier: Apache-2.0
#include "card_settings.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "linnet/store/secret_source.hpp"

namespace linnet::device {

std::expected<CardKeys, std::string> CardKeys::parse(std::string_view text) {
  constexpr std::string_view kBetween = " \t\r\n:";
  std::vector<server::SecretBytes> keys;
  bool good = true;
  while (good) {
    text.remove_prefix(std::min(text.find_first_not_of(kBetween), text.size()));
    if (text.empty()) break;
    const std::string_view digits = text.substr(0, text.find_first_of(kBetween));
    text.remove_prefix(digits.size());
    auto key = store::from_hex(as_bytes(digits));
    const std::size_t size = key ? key->size() : 0;
    good = (size == 16 || size == 24 || size == 32) && (keys.empty() || size == keys.front().size());
    if (good) keys.push_back(*std::move(key));
  }
  if (good && (keys.size() == 2 || keys.size() == 3)) return CardKeys{std::move(keys[0]), std::move(keys[1])};
  return std::unexpected<std::string>(
      "holds no keys of SCP03: these are Key-ENC and Key-MAC, and Key-DEK or not, each as 32, 48 or 64 "
      "hexadecimal digits");
}

}  // namespace linnet::device
