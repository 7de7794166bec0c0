// SPDX-License-Identifier: Apache-2.0
// What the channel over Mbed TLS has of its own: the time is the caller's, certificates are judged by it, and
// what the library cannot do is refused at the start.
#include <gtest/gtest.h>

#include "tests/unit/tls/channel_pair.hpp"

namespace linnet::tls::test {
namespace {

using client::Alert;
using client::CertificateUsage;
using client::ChannelState;
using client::SecurityMode;

class MbedTls : public ChannelPair, public ::testing::Test {
 protected:
  MbedTls() { library = Library::kMbedTls; }
  std::optional<Alert> refused(std::vector<const Identity*> shown, const client::SecurityParameters& with) {
    ServerWish wish;
    wish.chain = std::move(shown);
    if (connect(std::move(wish), with)) return std::nullopt;
    EXPECT_EQ(channel->state(), ChannelState::kClosed);
    EXPECT_FALSE(channel->end().by_peer);
    EXPECT_EQ(channel->end().why, Errc::kUnauthorized);
    return channel->end().alert.value_or(Alert::kCloseNotify);
  }
  client::SecurityParameters parameters(ByteView server_public_key,
                                        std::optional<CertificateUsage> usage) const {
    auto result =
        key_parameters(SecurityMode::kCertificate, device.der, device.keys.secret, server_public_key);
    result.usage = usage;
    return result;
  }

  Identity root = authority("Root");
  Identity server_identity = issued(root, {});
  Identity device = issued(root, {.name = "device-1", .for_clients = true});
  Identity stranger = authority("Stranger");
};

TEST_F(MbedTls, A_flight_that_was_lost_is_sent_again_when_the_callers_clock_says_so) {
  const OwnedBytes key(16, 0x11);
  ServerWish wish;
  wish.identity = "device-1";
  wish.key = key;
  ASSERT_TRUE(begin(std::move(wish), psk_parameters("device-1", key)));
  ASSERT_EQ(to_server.size(), 1U);
  to_server.clear();
  EXPECT_EQ(channel->step(now), now + Millis(1000));
  now += Millis(999);
  (void)channel->step(now);
  EXPECT_TRUE(to_server.empty());
  now += Millis(1);
  EXPECT_EQ(channel->step(now), now + Millis(2000)) << "RFC 6347 §4.2.4.1";
  EXPECT_EQ(to_server.size(), 1U);
  flow();
  EXPECT_EQ(channel->state(), ChannelState::kOpen);
}

// Shows: SE-3
TEST_F(MbedTls, A_trust_anchor_and_a_domain_issued_certificate_are_told_apart) {
  const auto anchor = CertificateUsage::kTrustAnchor;
  const auto domain = CertificateUsage::kDomainIssued;
  EXPECT_EQ(refused({&server_identity}, parameters(root.der, anchor)), std::nullopt);
  EXPECT_EQ(server->client, device.der);
  EXPECT_EQ(refused({&server_identity}, parameters(root.der, {})), std::nullopt);
  EXPECT_EQ(refused({&server_identity}, parameters(stranger.der, anchor)), Alert::kUnknownCa);
  EXPECT_EQ(refused({&server_identity}, parameters(server_identity.der, domain)), std::nullopt);
  EXPECT_EQ(refused({&server_identity}, parameters(server_identity.der, {})), std::nullopt);
  EXPECT_NE(refused({&server_identity}, parameters(root.der, domain)), std::nullopt);
}

// Shows: SE-3
TEST_F(MbedTls, Names_and_dates_are_held_against_the_URI_and_the_devices_clock) {
  const auto anchor = CertificateUsage::kTrustAnchor;
  const Identity other = issued(root, {.name = "other.example"});
  EXPECT_EQ(refused({&other}, parameters(root.der, anchor)), Alert::kBadCertificate);
  auto by_address = parameters(root.der, anchor);
  by_address.host = "192.0.2.1";
  EXPECT_EQ(refused({&server_identity}, by_address), Alert::kBadCertificate) << "an address is no name";
  by_address.sni = "lwm2m.example";
  EXPECT_EQ(refused({&server_identity}, by_address), std::nullopt);
  const Identity expired = issued(root, {.until = kPresent.seconds - 1});
  EXPECT_EQ(refused({&expired}, parameters(root.der, anchor)), Alert::kCertificateExpired);
  const Identity early = issued(root, {.from = kPresent.seconds + 1});
  EXPECT_EQ(refused({&early}, parameters(root.der, anchor)), Alert::kCertificateExpired);
  clock.time.reset();
  EXPECT_EQ(refused({&expired}, parameters(root.der, anchor)), std::nullopt) << "no clock";
}

TEST_F(MbedTls, What_the_library_cannot_do_is_refused_before_anything_is_sent) {
  const auto begun = [&](const client::SecurityParameters& with) {
    ServerWish wish;
    wish.identity = "device-1";
    const auto result = begin(std::move(wish), with);
    EXPECT_TRUE(to_server.empty());
    return result ? Errc::kIo : result.error().code;
  };
  const KeyPair own;
  EXPECT_EQ(begun(key_parameters(SecurityMode::kRawPublicKey, own.spki, own.secret, own.spki)),
            Errc::kInvalidArgument);
  EXPECT_EQ(begun(psk_parameters("device-1", OwnedBytes(64, 1))), Errc::kInvalidArgument);
  EXPECT_EQ(begun(parameters(root.der, CertificateUsage::kCaConstraint)), Errc::kInvalidArgument);
  EXPECT_EQ(begun(parameters(root.keys.spki, CertificateUsage::kDomainIssued)), Errc::kInvalidArgument);
}

}  // namespace
}  // namespace linnet::tls::test
