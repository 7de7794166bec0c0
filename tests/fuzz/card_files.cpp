// SPDX-License-Identifier: Apache-2.0
// What a hostile card says. Input: a flag byte (bit 0: the device has keys for a secure channel), then
// responses of one byte length and that many bytes, given out one after the other; the same bytes as each of
// its files.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>

#include "linnet/card/pkcs15.hpp"
#include "linnet/card/read_bootstrap.hpp"
#include "tests/support/dice.hpp"

namespace {

using namespace linnet;

class HostileCard final : public card::Transport {
 public:
  explicit HostileCard(ByteView script) noexcept : in_(script) {}

  Result<std::size_t> transmit(ByteView command, ByteSpan response) noexcept override {
    if (command.size() < 4 || command.size() > card::kMaxCommand) std::abort();
    if (response.size() < card::kMaxResponse) std::abort();
    const auto size = in_.u8();
    if (!size) return fail(Errc::kClosed);
    const auto bytes = in_.bytes(std::min<std::size_t>(*size, in_.remaining()));
    std::copy(bytes->begin(), bytes->end(), response.begin());
    return bytes->size();
  }

 private:
  ByteReader in_;
};

/// No cryptography: a channel that opens with any cryptogram would have to be guessed.
class Xor final : public card::Cipher {
 public:
  void cmac(ByteView, std::span<const ByteView>, card::Block& out) noexcept override { out.fill(0); }
  void encrypt(ByteView, const card::Block&, ByteSpan) noexcept override {}
  void decrypt(ByteView, const card::Block&, ByteSpan) noexcept override {}
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const ByteView input(data + 1, size - 1);
  const auto any = [](ByteView) { return Result<void>(); };
  (void)card::find_application(input);
  (void)card::for_each_data_directory(input, any);
  (void)card::find_bootstrap_object(input);
  std::size_t bytes = 0;
  const auto file = card::for_each_object(input, [&](const card::StoredObject& object) -> Result<void> {
    bytes += object.instances.size();
    return {};
  });
  if (file && bytes > input.size()) std::abort();

  static const auto kRoom = std::make_unique<std::array<std::uint8_t, card::kMaxBootstrapFile>>();
  static constexpr std::array<std::uint8_t, 16> kKey{};
  HostileCard card(input);
  Xor cipher;
  testing::Dice dice;
  std::optional<card::Protection> protection;
  if ((data[0] & 1U) != 0) protection = card::Protection{&cipher, &dice, {kKey, kKey, 0}};
  std::optional<card::Pin> pin;
  if ((data[0] & 2U) != 0) pin = card::Pin{.value = kKey};
  const auto read = card::read_bootstrap(card, protection, pin, *kRoom);
  if (read && *read > card::kMaxBootstrapFile) std::abort();
  return 0;
}
