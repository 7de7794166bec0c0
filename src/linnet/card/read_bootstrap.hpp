// SPDX-License-Identifier: Apache-2.0
// Takes the bootstrap data off a card (Core 1.1, appendices G.2.5 and H): EF(DIR) names the PKCS#15
// application, which is selected over a logical channel of its own; the secure channel is opened where the
// device has keys for one; EF(ODF) leads to EF(DODF-bootstrap) and that to EF(LwM2M_Bootstrap).
#pragma once

#include <expected>
#include <optional>

#include "linnet/card/bootstrap_file.hpp"
#include "linnet/card/secure_channel.hpp"

namespace linnet::card {

/// What was being done when it went wrong.
enum class Step : std::uint8_t {
  kChannel,          ///< MANAGE CHANNEL
  kApplication,      ///< selecting PKCS#15
  kSecureChannel,    ///< INITIALIZE UPDATE, EXTERNAL AUTHENTICATE
  kObjectDirectory,  ///< EF(ODF)
  kDataDirectory,    ///< EF(DODF-bootstrap): kNotFound where none names the bootstrap data
  kFile,             ///< EF(LwM2M_Bootstrap)
  kPin,              ///< VERIFY, for a file that is behind it
};

struct ReadFailure {
  Step step;
  Errc why;
  std::uint16_t status = 0;  ///< what the card said, 0 where it is not that
};

/// A secure channel, where one is asked for: then nothing is read without it.
struct Protection {
  Cipher* cipher = nullptr;
  Random* random = nullptr;
  ChannelKeys keys{};
};

/// What opens files that are read behind a PIN (ISO/IEC 7816-4 §7.5.6, ETSI TS 102 221 §11.1.9). A card
/// counts wrong ones and locks itself: it is asked first how many tries it has left, is given the PIN once at
/// most, and only while there are kFewestTries, so that a wrong one is not tried again by whoever starts
/// anew.
struct Pin {
  static constexpr std::size_t kMaxSize = 8;
  static constexpr unsigned kFewestTries = 3;

  ByteView value;                 ///< 1 to kMaxSize bytes, digits as a rule
  std::uint8_t reference = 0x01;  ///< which of the card's: 01 is the first application's
};

/// The bytes of EF(LwM2M_Bootstrap), header included, at the front of `out`, which has kMaxBootstrapFile
/// bytes: directories stand there on the way. The file is whole as its header has it; what is in it is not
/// looked at. A file that the card shows nobody (6982) is read once the PIN has been verified. The logical
/// channel is closed again however it ends.
[[nodiscard]] std::expected<std::size_t, ReadFailure> read_bootstrap(
    Transport& transport, const std::optional<Protection>& protection, const std::optional<Pin>& pin,
    ByteSpan out) noexcept;

/// The failure is that of a PIN which the card has refused: it is not to be given another time.
[[nodiscard]] constexpr bool is_wrong_pin(const ReadFailure& failure) noexcept {
  return failure.step == Step::kPin && failure.why == Errc::kUnauthorized;
}

}  // namespace linnet::card
