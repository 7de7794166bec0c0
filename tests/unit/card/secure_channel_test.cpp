// SPDX-License-Identifier: Apache-2.0
// SCP03 against what cards of sysmocom said and took, as the tests of Osmocom's pySim have it on record
// (security level 0x33, keys of 16, 24 and 32 bytes), and CMAC against RFC 4493 and NIST SP 800-38B.
// Shows: SE-13
#include "linnet/card/secure_channel.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "card_double.hpp"

namespace linnet::card::test {
namespace {

/// A session that took place.
struct Record {
  const char* name;
  Bytes keys;  ///< enc, then mac
  std::uint8_t version;
  Bytes initialize_update, initialize_update_answer, external_authenticate;
  Bytes get_eid, get_eid_answer;
  Bytes wrapped[4];  ///< the four cases of ISO/IEC 7816-3
};

const Record kRecords[]{
    {"Aes128",
     hex("000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"),
     0x30,
     hex("8050300008fdf38259a1e0de4400"),
     hex("000000000000000000003003703b1aca81e821f219081cdc01c26b372d000003"),
     hex("84823300108c36f96bcc00724a4e13ad591d7da3f0"),
     hex("84e2910018267a85dfe4a98fca6fb0527e0dfecce4914e40401433c87f00"),
     hex("f3ba2b1013aa6224f5e1c138d71805c569e5439b47576260b75fc021b25097cb2e68f8a0144975b9"),
     {hex("84f2200208ac6a59024bed84cc"), hex("84ca006608409912ad8fb7aed000"),
      hex("84f22002185f3dafc3ac14c381536a488bf44e06d056df9d74dbd21e5a"),
      hex("84f280021865165105be3373347d0424d4400af2ac393f569ec779389e00")}},
    {"Aes192",
     hex("000102030405060708090a0b0c0d0e0f0001020304050607101112131415161718191a1b1c1d1e1f1011121314151617"),
     0x31,
     hex("80503100089b3f2eef0e8c937400"),
     hex("00000000000000000000310370f6bb305a15bae1a68f79fb08212fbed7000002"),
     hex("84823300109100bc22d58b45b86a26365ce39ff3cf"),
     hex("84e29100188f7f946c84f70d17994bc6e8791251bb1bb1bf02cf8de58900"),
     hex("c05176c1b6f72aae50c32cbee63b0e95998928fd4dfb2be9f27ffde8c8476f5909b4805cc4039599"),
     {hex("84f2200208d5d97754b6b3d2ba"), hex("84ca006608516c82b8e30adbeb00"),
      hex("84f2200218cc247f4761e6944277a4e0d6e32e44025b1e31537e2fc668"),
      hex("84f2800218ba22b63d509bef5d093b43e5eaed03ed23144ab2d9cb51de00")}},
    {"Aes256",
     hex("000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f"
         "101112131415161718191a1b1c1d1e1f101112131415161718191a1b1c1d1e1f"),
     0x32,
     hex("805032000897b2055fe58599fd00"),
     hex("00000000000000000000320370a8439a22cedf045fa9f1903b2834f26e000002"),
     hex("8482330010508a0fd959d2e547c6b33154a6be2057"),
     hex("84e29100187a5ef717eaf1e135ae92fe54429d0e465decda65f5fe5aea00"),
     hex("ea90dbfa648a67c5eb6abc57f8530b97d0cd5647c5e8732016b55203b078dd2ace7f8bc5d1c1cd99"),
     {hex("84f2200208bcc5c17275545d93"), hex("84ca00660804806aba9d543bb600"),
      hex("84f2200218717222491556ec81a45f49ce48be33320024801a1c4cb0e0"),
      hex("84f2800218561f105bccd3a1642904b251ccc1228beb80a82370a8637000")}}};

/// Says what the card said then, and the challenge that was drawn then.
class Replay final : public Transport, public Random {
 public:
  explicit Replay(const Record& record) : record_(record) {}

  Result<std::size_t> transmit(ByteView command, ByteSpan response) noexcept override {
    commands.emplace_back(command.begin(), command.end());
    const Bytes answer = (commands.size() == 1 ? record_.initialize_update_answer : Bytes()) + hex("9000");
    std::ranges::copy(answer, response.begin());
    return answer.size();
  }
  std::uint32_t next() noexcept override {
    std::uint32_t number = 0;
    for (unsigned i = 0; i < 4; ++i) {
      number |= static_cast<std::uint32_t>(record_.initialize_update[5 + drawn_++]) << (8 * i);
    }
    return number;
  }

  std::vector<Bytes> commands;

 private:
  const Record& record_;
  std::size_t drawn_ = 0;
};

class SecureChannelRecord : public ::testing::TestWithParam<Record> {
 protected:
  [[nodiscard]] ChannelKeys keys() const {
    const ByteView both = GetParam().keys;
    return {both.first(both.size() / 2), both.subspan(both.size() / 2), GetParam().version};
  }
  Bytes wrapped(const Command& command) {
    Bytes out(kMaxCommand);
    const auto size = channel.wrap(command, 0, out);
    EXPECT_TRUE(size);
    out.resize(size.value_or(std::size_t{0}));
    return out;
  }

  tls::NettleCipher cipher;
  Replay card{GetParam()};
  Terminal terminal{card};
  SecureChannel channel{cipher, keys()};
};

INSTANTIATE_TEST_SUITE_P(Scp03, SecureChannelRecord, ::testing::ValuesIn(kRecords),
                         [](const auto& session) { return std::string(session.param.name); });

TEST_P(SecureChannelRecord, is_what_a_card_took_and_said) {
  const Record& record = GetParam();
  ASSERT_TRUE(channel.open(terminal, card));
  EXPECT_EQ(card.commands, (std::vector{record.initialize_update, record.external_authenticate}));
  EXPECT_TRUE(terminal.secured());

  const Bytes request = hex("BF3E035C015A");
  EXPECT_EQ(wrapped({0x80, 0xE2, 0x91, 0x00, request, 256}), record.get_eid);
  Bytes answer = record.get_eid_answer;
  const auto opened = channel.unwrap(answer, kOk);
  ASSERT_TRUE(opened);
  EXPECT_TRUE(equal(*opened, hex("bf3e125a1089882119900000000000000000000005")));

  const Bytes third = hex("4f0212345c054f9f70c5");
  const Bytes fourth = hex("4f00");
  EXPECT_EQ(wrapped({0x80, 0xF2, 0x20, 0x02}), record.wrapped[0]);
  EXPECT_EQ(wrapped({0x80, 0xCA, 0x00, 0x66, {}, 256}), record.wrapped[1]);
  EXPECT_EQ(wrapped({0x80, 0xF2, 0x20, 0x02, third}), record.wrapped[2]);
  EXPECT_EQ(wrapped({0x80, 0xF2, 0x80, 0x02, fourth, 256}), record.wrapped[3]);
}

TEST_P(SecureChannelRecord, nothing_is_taken_once_something_was_wrong) {
  const Record& record = GetParam();
  ASSERT_TRUE(channel.open(terminal, card));
  const Bytes request = hex("BF3E035C015A");
  (void)wrapped({0x80, 0xE2, 0x91, 0x00, request, 256});
  Bytes answer = record.get_eid_answer;
  EXPECT_EQ(channel.unwrap(answer, 0x6281).error().code,
            Errc::kUnauthorized);  // the status is under the R-MAC
  answer = record.get_eid_answer;
  EXPECT_EQ(channel.unwrap(answer, kOk).error().code, Errc::kClosed);
  Bytes out(kMaxCommand);
  EXPECT_EQ(channel.wrap({0x80, 0xF2, 0x20, 0x02}, 0, out).error().code, Errc::kClosed);
}

TEST_P(SecureChannelRecord, errors_come_unprotected_and_bring_nothing) {
  ASSERT_TRUE(channel.open(terminal, card));
  (void)wrapped({0x80, 0xCA, 0x00, 0x66, {}, 256});
  const auto opened = channel.unwrap({}, 0x6A88);
  ASSERT_TRUE(opened);
  EXPECT_TRUE(opened->empty());
  Bytes smuggled = hex("0102");
  EXPECT_EQ(channel.unwrap(smuggled, 0x6A88).error().code, Errc::kUnauthorized);
}

TEST(SecureChannel, commands_leave_room_for_their_protection) {
  const Record& record = kRecords[0];
  tls::NettleCipher cipher;
  Replay card(record);
  Terminal terminal(card);
  SecureChannel channel(cipher, {ByteView(record.keys).first(16), ByteView(record.keys).subspan(16), 0x30});
  Bytes out(kMaxCommand);
  EXPECT_EQ(channel.wrap({0x00, 0xA4}, 0, out).error().code, Errc::kClosed);
  ASSERT_TRUE(channel.open(terminal, card));
  const Bytes most(239, 1);
  const Bytes more(240, 1);
  EXPECT_TRUE(channel.wrap({0x00, 0xD6, 0, 0, most}, 0, out));
  EXPECT_EQ(channel.wrap({0x00, 0xD6, 0, 0, more}, 0, out).error().code, Errc::kTooLarge);
}

TEST(SecureChannel, refuses_keys_of_other_sizes) {
  tls::NettleCipher cipher;
  Replay card(kRecords[0]);
  Terminal terminal(card);
  const Bytes small(15, 1);
  const Bytes right(16, 1);
  SecureChannel one(cipher, {small, small, 0});
  EXPECT_EQ(one.open(terminal, card).error().code, Errc::kInvalidArgument);
  SecureChannel other(cipher, {right, small, 0});
  EXPECT_EQ(other.open(terminal, card).error().code, Errc::kInvalidArgument);
  EXPECT_TRUE(card.commands.empty());
}

// RFC 4493 §4 for 16 bytes of key, NIST SP 800-38B appendix D for 24 and 32: no text, a block, and 40 bytes.
TEST(NettleCipher, cmac_is_that_of_rfc_4493_and_sp_800_38b) {
  struct Case {
    Bytes key;
    std::size_t size;
    Bytes mac;
  };
  const Bytes text = hex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411");
  const Bytes small = hex("2b7e151628aed2a6abf7158809cf4f3c");
  const Bytes middle = hex("8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b");
  const Bytes large = hex("603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4");
  const Case cases[]{{small, 0, hex("bb1d6929e95937287fa37d129b756746")},
                     {small, 16, hex("070a16b46b4d4144f79bdd9dd04a287c")},
                     {small, 40, hex("dfa66747de9ae63030ca32611497c827")},
                     {middle, 0, hex("d17ddf46adaacde531cac483de7a9367")},
                     {middle, 16, hex("9e99a7bf31e710900662f65e617c5184")},
                     {middle, 40, hex("8a1de5be2eb31aad089a82e6ee908b0e")},
                     {large, 0, hex("028962f61b7bf89efc6b551f4667d983")},
                     {large, 16, hex("28a7023f452e8f82bd4bf28d8c37c35c")},
                     {large, 40, hex("aaf3d8f1de5640c232f5b169b9c911e6")}};
  tls::NettleCipher cipher;
  for (const Case& each : cases) {
    Block mac;
    // In two parts, which is the same.
    const ByteView parts[]{ByteView(text).first(each.size / 3),
                           ByteView(text).first(each.size).subspan(each.size / 3)};
    cipher.cmac(each.key, parts, mac);
    EXPECT_TRUE(equal(mac, each.mac)) << each.key.size() << ' ' << each.size;
  }
}

}  // namespace
}  // namespace linnet::card::test
