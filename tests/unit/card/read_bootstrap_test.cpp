// SPDX-License-Identifier: Apache-2.0
// Taking the bootstrap data off a card (Core 1.1, appendices G.2 and H).
// Shows: SE-13
#include "linnet/card/read_bootstrap.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "card_double.hpp"
#include "tests/support/dice.hpp"

namespace linnet::card::test {
namespace {

const Bytes kEnc = hex("404142434445464748494A4B4C4D4E4F");
const Bytes kMac = hex("505152535455565758595A5B5C5D5E5F");

Bytes two_objects() {
  return bootstrap_file({security_bytes(0, "coap://192.0.2.1", 1), server_bytes(0, 1)});
}

class ReadBootstrap : public ::testing::Test {
 protected:
  /// The file, or nothing where it fails as `failure` then says.
  Bytes read() {
    Bytes out(kMaxBootstrapFile);
    const auto size = read_bootstrap(card, protection, pin, out);
    if (!size) {
      failure = size.error();
      return {};
    }
    failure = {};
    out.resize(*size);
    return out;
  }
  void expect_failure(Step step, Errc why, std::uint16_t status = 0) {
    EXPECT_TRUE(read().empty());
    EXPECT_EQ(failure.step, step);
    EXPECT_EQ(failure.why, why);
    EXPECT_EQ(failure.status, status);
    EXPECT_EQ(card.open_channels, 0U);
  }
  void secure(std::uint8_t version = 0) {
    card.key_enc = kEnc;
    card.key_mac = kMac;
    protection = Protection{&cipher, &dice, {kEnc, kMac, version}};
  }

  CardDouble card{two_objects()};
  tls::NettleCipher cipher;
  testing::Dice dice;
  std::optional<Protection> protection;
  std::optional<Pin> pin;
  ReadFailure failure{};
};

// The steps of appendix G.2.5, as bytes.
TEST_F(ReadBootstrap, goes_by_the_directories_over_a_channel_of_its_own) {
  EXPECT_EQ(read(), two_objects());
  const std::vector<Bytes> steps{hex("00A40804 02 2F00 00"),  // EF(DIR)
                                 hex("00B20104 00"),          // another application
                                 hex("00B20204 00"),          // PKCS#15
                                 hex("00700000 01"),          // MANAGE CHANNEL: open
                                 hex("01A40404 0C A000000063504B43532D3135 00"),
                                 hex("01A40804 04 7FFF5031 00"),  // EF(ODF)
                                 hex("01B00000 0B"),
                                 hex("01A40804 04 7FFF6430 00"),  // EF(DODF-bootstrap)
                                 hex("01B00000 23"),
                                 hex("01A40804 04 7FFF6432 00"),  // EF(LwM2M_Bootstrap)
                                 hex("01B00000 04"),
                                 hex("01B00004") + Bytes{static_cast<std::uint8_t>(two_objects().size() - 4)},
                                 hex("00708001")};  // MANAGE CHANNEL: close
  EXPECT_EQ(card.commands, steps);
  EXPECT_EQ(card.open_channels, 0U);
}

TEST_F(ReadBootstrap, takes_the_application_identifier_of_the_directory) {
  card.aid = hex("A000000063504B43532D3135 01");
  card.directory = {hex("61 0F 4F 0D A000000063504B43532D3135 01")};
  EXPECT_EQ(read(), two_objects());
  // Without a directory it is the one of PKCS#15.
  card.directory.clear();
  expect_failure(Step::kApplication, Errc::kNotFound, 0x6A82);
  card.aid = hex("A000000063504B43532D3135");
  EXPECT_EQ(read(), two_objects());
}

TEST_F(ReadBootstrap, reads_large_files_piece_by_piece) {
  Bytes large = bootstrap_file({{3, Bytes(20'000, 0xAB)}});
  card.files["6432"] = large + Bytes(500, 0xFF);
  EXPECT_EQ(read(), large);
  secure();
  EXPECT_EQ(read(), large);
}

TEST_F(ReadBootstrap, follows_an_offset_into_the_file) {
  card.files["6430"] = hex("30 1A 3000 300A 0C026F6B 0604672B0901 A10A 3008 04026432 02020102");
  card.files["6432"] = Bytes(0x102, 0xEE) + two_objects();
  EXPECT_EQ(read(), two_objects());
}

TEST_F(ReadBootstrap, looks_into_every_data_directory) {
  card.files["5031"] = hex("A7 06 3004 0402 6431  A7 06 3004 0402 6430");
  card.files["6431"] = hex("30 1A 3000 300A 0C026F6B 0604672B0902 A10A 3008 04026499 02020102");
  EXPECT_EQ(read(), two_objects());
  card.files["6430"] = Bytes(16, 0xFF);
  expect_failure(Step::kDataDirectory, Errc::kNotFound);
}

TEST_F(ReadBootstrap, does_what_T_0_leaves_to_the_terminal) {
  card.asks_for_length = true;
  EXPECT_EQ(read(), two_objects());
}

TEST_F(ReadBootstrap, says_what_is_missing) {
  card.has_channels = false;
  expect_failure(Step::kChannel, Errc::kUnsupported, 0x6881);
  card.has_channels = true;
  card.aid = hex("A0000000871002");
  expect_failure(Step::kApplication, Errc::kNotFound, 0x6A82);
  card.aid = hex("A000000063504B43532D3135");
  card.files["6432"] = hex("0001 7FFF 0000 00");
  expect_failure(Step::kFile, Errc::kTooLarge);
  card.files["6432"] = hex("0001 0020 0000 00");
  expect_failure(Step::kFile, Errc::kTruncated);
  card.files.erase("6432");
  expect_failure(Step::kFile, Errc::kNotFound, 0x6A82);
  card.files.erase("6430");
  expect_failure(Step::kDataDirectory, Errc::kNotFound, 0x6A82);
  card.files["5031"] = Bytes(8'000, 0xA7);
  expect_failure(Step::kObjectDirectory, Errc::kTooLarge);
  card.gone = true;
  card.open_channels = 0;
  expect_failure(Step::kChannel, Errc::kClosed);
}

TEST_F(ReadBootstrap, reads_over_the_secure_channel_alone_where_there_are_keys) {
  secure(0x30);
  EXPECT_EQ(read(), two_objects());
  // From EXTERNAL AUTHENTICATE on all is protected, and no byte of the file goes in clear.
  const auto authenticated = std::ranges::find_if(card.commands, [](const Bytes& c) { return c[1] == 0x82; });
  ASSERT_NE(authenticated, card.commands.end());
  EXPECT_EQ((*authenticated)[0], 0x85);  // on channel 1
  EXPECT_EQ((*authenticated)[2], 0x33);
  EXPECT_EQ((*(authenticated - 1))[0], 0x81);
  EXPECT_EQ((*(authenticated - 1))[2], 0x30);
  for (auto at = authenticated + 1; at != card.commands.end() - 1; ++at) EXPECT_EQ((*at)[0], 0x05);
  const std::string_view uri = "192.0.2.1";
  for (const Bytes& response : card.responses) {
    EXPECT_EQ(as_text(response).find(uri), std::string_view::npos);
  }
}

TEST_F(ReadBootstrap, reads_nothing_of_a_card_that_does_not_prove_itself) {
  secure();
  card.key_mac = hex("00000000000000000000000000000000");
  expect_failure(Step::kSecureChannel, Errc::kUnauthorized);
  EXPECT_EQ(std::ranges::count_if(card.commands, [](const Bytes& c) { return c[1] == 0x82; }), 0);
  // A card without a secure channel is not read in clear.
  card.key_enc.reset();
  expect_failure(Step::kSecureChannel, Errc::kUnsupported);
  // Nor is one that cannot protect its responses.
  card.key_enc = kEnc;
  card.key_mac = kMac;
  card.options = 0x00;
  expect_failure(Step::kSecureChannel, Errc::kUnsupported);
}

TEST_F(ReadBootstrap, a_card_may_insist_on_the_secure_channel) {
  card.key_enc = kEnc;
  card.key_mac = kMac;
  expect_failure(Step::kObjectDirectory, Errc::kUnauthorized, 0x6982);
}

TEST_F(ReadBootstrap, a_response_that_was_changed_ends_it) {
  secure();
  ASSERT_EQ(read(), two_objects());
  const std::size_t all = card.responses.size();
  std::size_t first = 0;
  while (card.commands[first][1] != 0x82) ++first;
  for (std::size_t spoilt = first + 2; spoilt < all; ++spoilt) {
    card.responses.clear();
    card.commands.clear();
    card.spoilt = spoilt;
    EXPECT_TRUE(read().empty());
    EXPECT_EQ(failure.why, Errc::kUnauthorized) << spoilt;
    EXPECT_EQ(card.open_channels, 0U);
  }
}

const Bytes kDigits = hex("31323334");
const Bytes kPadded = hex("31323334FFFFFFFF");

// ETSI TS 102 221 §11.1.9: eight bytes, padded with FF; how many tries are left is asked before.
TEST_F(ReadBootstrap, a_file_behind_a_pin_is_read_once_it_was_verified) {
  card.pin = kPadded;
  pin = Pin{.value = kDigits};
  EXPECT_EQ(read(), two_objects());
  EXPECT_EQ(card.pins_given, 1U);
  const auto asked = std::ranges::find(card.commands, hex("01200001"));
  ASSERT_NE(asked, card.commands.end());
  EXPECT_EQ(*(asked + 1), hex("01200001 08") + kPadded);
}

TEST_F(ReadBootstrap, a_pin_goes_over_the_secure_channel_alone) {
  secure();
  card.pin = kPadded;
  pin = Pin{.value = kDigits};
  EXPECT_EQ(read(), two_objects());
  for (const Bytes& command : card.commands) {
    EXPECT_TRUE(std::ranges::search(command, kDigits).empty());
  }
}

TEST_F(ReadBootstrap, no_pin_is_given_to_a_card_that_asks_for_none) {
  pin = Pin{.value = kDigits};
  EXPECT_EQ(read(), two_objects());
  EXPECT_EQ(card.pins_given, 0U);
}

TEST_F(ReadBootstrap, without_a_pin_the_file_stays_closed) {
  card.pin = kPadded;
  expect_failure(Step::kObjectDirectory, Errc::kUnauthorized, 0x6982);
}

// A wrong one costs the card a try: it is given once, and by nobody who finds that tries are gone.
TEST_F(ReadBootstrap, a_wrong_pin_is_given_once) {
  card.pin = hex("39393939FFFFFFFF");
  pin = Pin{.value = kDigits};
  expect_failure(Step::kPin, Errc::kUnauthorized, 0x63C2);
  EXPECT_TRUE(is_wrong_pin(failure));
  EXPECT_EQ(card.pins_given, 1U);
  expect_failure(Step::kPin, Errc::kNotAllowed);
  EXPECT_FALSE(is_wrong_pin(failure));
  EXPECT_EQ(card.pins_given, 1U);
  EXPECT_EQ(card.pin_tries, 2U);
}

TEST_F(ReadBootstrap, a_card_that_does_not_say_how_many_tries_are_left_gets_no_pin) {
  card.pin = kPadded;
  pin = Pin{.value = kDigits};
  for (const std::uint16_t said : std::to_array<std::uint16_t>({0x6983, 0x6A86, 0x6D00, 0x9000})) {
    card.pin_query = said;
    expect_failure(Step::kPin, Errc::kUnsupported, said);
  }
  EXPECT_EQ(card.pins_given, 0U);
}

}  // namespace
}  // namespace linnet::card::test
