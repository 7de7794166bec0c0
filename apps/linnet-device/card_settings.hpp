// SPDX-License-Identifier: Apache-2.0
// What the command line says of a smartcard.
#pragma once

#include <expected>
#include <optional>
#include <string>

#include "linnet/server/secret.hpp"

namespace linnet::device {

/// The static keys of the secure channel, SCP03.
struct CardKeys {
  server::SecretBytes enc;
  server::SecretBytes mac;
  std::uint8_t version = 0;

  /// The text of a file: Key-ENC and Key-MAC, and Key-DEK or not, each as 32, 48 or 64 hexadecimal digits,
  /// with blanks, colons or line ends between them. The error is a sentence.
  [[nodiscard]] static std::expected<CardKeys, std::string> parse(std::string_view text);
};

/// What opens files behind a PIN.
struct CardPin {
  server::SecretBytes value;      ///< 1 to card::Pin::kMaxSize bytes
  std::uint8_t reference = 0x01;  ///< which of the card's PINs
};

/// How to reach the card.
struct CardSettings {
  std::string reader;            ///< of PC/SC, or how its name begins; empty: the first there is
  std::optional<CardKeys> keys;  ///< nothing is read without the secure channel where there are keys
  std::optional<CardPin> pin;    ///< given to a card that asks for it, and to none after it was wrong
};

}  // namespace linnet::device
