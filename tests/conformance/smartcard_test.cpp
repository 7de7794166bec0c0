// SPDX-License-Identifier: Apache-2.0
// Case 3, bootstrap from a smartcard: the accounts of EF(LwM2M_Bootstrap), read over the secure channel.
// Shows: OP-8, SE-13
#include "linnet/card/read_bootstrap.hpp"
#include "role.hpp"
#include "tests/unit/card/card_double.hpp"

namespace linnet::conformance {

namespace {

using card::test::CardDouble;

/// What the card gives to a device that has its keys, in the device's objects.
void take_card(CardDouble& card, DeviceSide& device) {
  tls::NettleCipher cipher;
  std::vector<std::uint8_t> file(card::kMaxBootstrapFile);
  const card::Protection protection{&cipher, &device, {*card.key_enc, *card.key_mac, 0x30}};
  const auto size = card::read_bootstrap(card, protection, std::nullopt, file);
  ASSERT_TRUE(size);
  std::vector<client::ProvisionedObject> objects;
  const auto taken =
      card::for_each_object(ByteView(file).first(*size), [&](const card::StoredObject& object) {
        objects.push_back({object.id, object.version, object.instances});
        return Result<void>();
      });
  ASSERT_TRUE(taken);
  ASSERT_TRUE(device.engine.provision(objects));
}

}  // namespace

class Smartcard : public Case {};

INSTANTIATE_TEST_SUITE_P(LightweightM2M, Smartcard,
                         testing::Values(Role::kDevice, Role::kServer, Role::kTogether), name_of);

TEST_P(Smartcard, Int3_simple_bootstrap_from_smartcard) {
  CardDouble card(card::test::bootstrap_file(
      {card::test::security_bytes(0, "coap://192.0.2.1", 1), card::test::server_bytes(0, 1)}));
  card.key_enc = card::test::hex("404142434445464748494A4B4C4D4E4F");
  card.key_mac = card::test::hex("505152535455565758595A5B5C5D5E5F");
  device.account = false;
  start();
  if (has_device()) pass_quietly(Seconds(60));
  Message message = register_message();
  message.options[2].second = "lt=300";
  const auto insert = [&] {
    take_card(card, device);
    EXPECT_TRUE(card.commands.size() > 10 && card.open_channels == 0);
    ASSERT_TRUE(device.engine.connect(kAccount, coap::LinkId{0}));
  };
  tell(insert, message, registered_answer());
  if (!has_device()) return;
  EXPECT_EQ(device.engine.state(kAccount), client::RegistrationState::kRegistered);
  // Without its card the device has no server.
  const std::array<client::InstanceId, 1> accounts{0};
  ASSERT_TRUE(device.engine.withdraw(accounts));
  EXPECT_EQ(device.servers.next_instance(0), client::kMaxId);
  EXPECT_EQ(device.security.next_instance(0), client::kMaxId);
}

}  // namespace linnet::conformance
