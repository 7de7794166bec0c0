// SPDX-License-Identifier: Apache-2.0
// The device's channel with certificates (TS 5.2.8.3 to 5.2.8.7): what each certificate usage asks for,
// names, dates, curves and revocation.
#include <gtest/gtest.h>

#include "tests/unit/tls/channel_pair.hpp"

namespace linnet::tls::test {
namespace {

using client::Alert;
using client::CertificateUsage;
using client::MatchingType;
using client::SecurityMode;

/// Root, an authority below it, and an identity for each end.
class Certificates : public ChannelPair, public ::testing::Test {
 protected:
  client::SecurityParameters parameters(ByteView server_public_key,
                                        std::optional<CertificateUsage> usage = {},
                                        MatchingType matching = MatchingType::kExact) const {
    auto result =
        key_parameters(SecurityMode::kCertificate, device.der, device.keys.secret, server_public_key);
    result.usage = usage;
    result.matching = matching;
    return result;
  }
  /// The alert that the device refused `shown` with; nothing where both ends are open.
  std::optional<Alert> refused(std::vector<const Identity*> shown, const client::SecurityParameters& with,
                               std::optional<OwnedBytes> stapled = {}) {
    ServerWish wish;
    wish.chain = std::move(shown);
    wish.stapled = std::move(stapled);
    if (connect(std::move(wish), with)) return std::nullopt;
    EXPECT_EQ(channel->state(), client::ChannelState::kClosed);
    EXPECT_FALSE(channel->end().by_peer);
    EXPECT_EQ(channel->end().why, Errc::kUnauthorized) << "no certificate gets better by trying again";
    return channel->end().alert;
  }
  void trust(const Identity& anchor) {
    own_anchors.clear();
    own_anchors.push_back(*import_certificate(anchor.der));
    config.anchors = own_anchors;
  }

  Identity root = authority("Root");
  Identity middle = issued(root, {.name = "Middle", .authority = true});
  Identity server_identity = issued(middle, {});
  Identity device = issued(root, {.name = "device-1", .for_clients = true});
  Identity stranger = authority("Stranger");
  std::vector<Certificate> own_anchors;
};

// Shows: SE-3
TEST_F(Certificates, A_trust_anchor_ends_the_path_of_the_server_and_both_ends_show_theirs) {
  EXPECT_EQ(refused({&server_identity, &middle}, parameters(root.der)), std::nullopt)
      << "without a usage (TS 5.2.8.3)";
  EXPECT_EQ(server->client, device.der);
  EXPECT_STREQ(gnutls_ciphersuite_get(server->session()), "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8");
  EXPECT_EQ(server->name, "lwm2m.example");
  const auto usage = CertificateUsage::kTrustAnchor;
  EXPECT_EQ(refused({&server_identity, &middle}, parameters(root.der, usage)), std::nullopt);
  EXPECT_EQ(
      refused({&server_identity, &middle, &root}, parameters(sha256(root.der), usage, MatchingType::kSha256)),
      std::nullopt);
  EXPECT_EQ(refused({&server_identity, &middle}, parameters(middle.keys.spki, usage)), std::nullopt)
      << "the public key of the anchor";
}

// Shows: SE-3
TEST_F(Certificates, Another_issuer_is_an_unknown_authority) {
  const auto usage = CertificateUsage::kTrustAnchor;
  EXPECT_EQ(refused({&server_identity, &middle}, parameters(stranger.der, usage)), Alert::kUnknownCa);
  EXPECT_EQ(server->heard, GNUTLS_A_UNKNOWN_CA);
  EXPECT_EQ(refused({&server_identity}, parameters(root.der, usage)), Alert::kUnknownCa)
      << "a link of the path is missing";
  const Identity same_name = issued(authority("Middle"), {});
  EXPECT_NE(refused({&same_name, &middle}, parameters(root.der, usage)), std::nullopt)
      << "signed by another key of that name";
}

TEST_F(Certificates, A_path_of_up_to_8_certificates_is_followed_and_a_longer_one_refused) {
  std::vector<Identity> between;
  for (int i = 0; i < 8; ++i) {
    between.push_back(issued(between.empty() ? root : between.back(),
                             {.name = "between " + std::to_string(i), .authority = true}));
  }
  const auto chain_of = [&](std::size_t size, const Identity& last) {
    std::vector<const Identity*> chain{&last};
    for (std::size_t i = size; i-- > 0;) chain.push_back(&between[i]);
    return chain;
  };
  const auto usage = CertificateUsage::kTrustAnchor;
  const Identity eighth = issued(between[5], {});
  EXPECT_EQ(refused(chain_of(6, eighth), parameters(root.der, usage)), std::nullopt) << "8 with the anchor";
  const Identity tenth = issued(between[7], {});
  EXPECT_NE(refused(chain_of(8, tenth), parameters(root.der, usage)), std::nullopt);
}

// Shows: SE-3
TEST_F(Certificates, A_certificate_that_is_no_authority_issues_nothing) {
  const Identity below = issued(server_identity, {});
  EXPECT_NE(
      refused({&below, &server_identity, &middle}, parameters(root.der, CertificateUsage::kTrustAnchor)),
      std::nullopt);
}

// Shows: SE-3
TEST_F(Certificates, A_domain_issued_certificate_is_the_very_one_whatever_its_name_and_issuer) {
  const auto usage = CertificateUsage::kDomainIssued;
  const Identity own = self_signed({.name = "elsewhere.example", .until = kPresent.seconds - kDay});
  EXPECT_EQ(refused({&own}, parameters(own.der, usage)), std::nullopt);
  EXPECT_EQ(refused({&own}, parameters(own.der)), std::nullopt) << "as in LwM2M 1.0";
  EXPECT_EQ(refused({&own}, parameters(own.keys.spki, usage)), std::nullopt);
  EXPECT_EQ(refused({&own}, parameters(sha256(own.keys.spki), usage, MatchingType::kSha256)), std::nullopt);
  EXPECT_EQ(refused({&server_identity, &middle}, parameters(own.der, usage)), Alert::kBadCertificate);
  EXPECT_EQ(refused({&server_identity, &middle}, parameters(root.der, usage)), Alert::kBadCertificate)
      << "an authority is no domain-issued certificate";
}

// Shows: SE-3
TEST_F(Certificates, A_CA_constraint_asks_for_a_path_of_the_devices_own_with_that_authority_in_it) {
  const auto usage = CertificateUsage::kCaConstraint;
  EXPECT_EQ(refused({&server_identity, &middle}, parameters(middle.der, usage)), Alert::kUnknownCa)
      << "the device trusts nobody";
  trust(root);
  EXPECT_EQ(refused({&server_identity, &middle}, parameters(middle.der, usage)), std::nullopt);
  EXPECT_EQ(refused({&server_identity, &middle}, parameters(root.der, usage)), std::nullopt);
  const Identity other = issued(root, {.name = "Other", .authority = true});
  const Identity elsewhere = issued(other, {});
  EXPECT_EQ(refused({&elsewhere, &other}, parameters(middle.der, usage)), Alert::kBadCertificate);
  EXPECT_EQ(refused({&server_identity, &middle}, parameters(server_identity.der, usage)),
            Alert::kBadCertificate)
      << "the server's own is no authority";
}

// Shows: SE-3
TEST_F(Certificates, A_service_constraint_asks_for_a_path_and_for_the_very_certificate) {
  const auto usage = CertificateUsage::kServiceConstraint;
  trust(root);
  EXPECT_EQ(refused({&server_identity, &middle}, parameters(server_identity.der, usage)), std::nullopt);
  const Identity twin = issued(middle, {});
  EXPECT_EQ(refused({&twin, &middle}, parameters(server_identity.der, usage)), Alert::kBadCertificate);
  const Identity own = self_signed({});
  EXPECT_EQ(refused({&own}, parameters(own.der, usage)), Alert::kUnknownCa);
}

// Shows: SE-3
TEST_F(Certificates, The_name_is_that_of_the_URI_or_of_the_SNI_resource) {
  const Identity other = issued(root, {.name = "other.example"});
  auto with = parameters(root.der, CertificateUsage::kTrustAnchor);
  EXPECT_EQ(refused({&other}, with), Alert::kBadCertificate);
  with.host = "192.0.2.1";
  with.sni = "other.example";
  EXPECT_EQ(refused({&other}, with), std::nullopt);
  EXPECT_EQ(server->name, "other.example");
  with.sni = "third.example";
  EXPECT_EQ(refused({&other}, with), Alert::kBadCertificate);
  const Identity wild = issued(root, {.name = "*.lwm2m.example"});
  with.sni = "third.lwm2m.example";
  EXPECT_EQ(refused({&wild}, with), std::nullopt) << "RFC 6125 §6.4.3";
  with.sni = {};
  EXPECT_EQ(refused({&wild}, with), Alert::kBadCertificate) << "an address is no name";
  EXPECT_EQ(server->name, "");
}

// Shows: SE-3
TEST_F(Certificates, Dates_are_held_against_the_devices_clock_where_it_has_one) {
  const auto with = parameters(root.der, CertificateUsage::kTrustAnchor);
  const Identity expired = issued(root, {.until = kPresent.seconds - 1});
  EXPECT_EQ(refused({&expired}, with), Alert::kCertificateExpired);
  EXPECT_EQ(server->heard, GNUTLS_A_CERTIFICATE_EXPIRED);
  const Identity early = issued(root, {.from = kPresent.seconds + 1});
  EXPECT_EQ(refused({&early}, with), Alert::kCertificateExpired);
  clock.time = UnixTime{kPresent.seconds + 10};
  EXPECT_EQ(refused({&early}, with), std::nullopt);
  clock.time.reset();
  EXPECT_EQ(refused({&expired}, with), std::nullopt) << "no clock";
}

// Shows: SE-3
TEST_F(Certificates, An_expired_authority_ends_no_path) {
  const Identity old = issued(root, {.name = "Old", .until = kPresent.seconds - 1, .authority = true});
  const Identity below = issued(old, {});
  EXPECT_EQ(refused({&below, &old}, parameters(root.der, CertificateUsage::kTrustAnchor)),
            Alert::kCertificateExpired);
}

// Shows: SE-3, SE-5
TEST_F(Certificates, A_curve_of_less_than_255_bits_is_refused_anywhere_on_the_path) {
  const Identity weak = self_signed({.name = "Weak", .authority = true}, KeyPair(GNUTLS_ECC_CURVE_SECP224R1));
  const Identity below = issued(weak, {});
  EXPECT_EQ(refused({&below}, parameters(weak.der, CertificateUsage::kTrustAnchor)),
            Alert::kUnsupportedCertificate);
}

// Shows: SE-3
TEST_F(Certificates, A_certificate_for_clients_is_none_for_a_server) {
  const Identity client_only = issued(root, {.for_clients = true});
  EXPECT_EQ(refused({&client_only}, parameters(root.der, CertificateUsage::kTrustAnchor)),
            Alert::kUnsupportedCertificate);
}

// Shows: SE-3
TEST_F(Certificates, A_stapled_OCSP_response_says_whether_it_was_revoked) {
  const Identity own = issued(root, {});
  const auto with = parameters(root.der, CertificateUsage::kTrustAnchor);
  EXPECT_EQ(refused({&own}, with, ocsp_response(own, root, root, false)), std::nullopt);
  EXPECT_EQ(refused({&own}, with, ocsp_response(own, root, root, true)), Alert::kCertificateRevoked);
  EXPECT_EQ(server->heard, GNUTLS_A_CERTIFICATE_REVOKED);
  EXPECT_EQ(refused({&own}, with, ocsp_response(own, root, stranger, false)),
            Alert::kBadCertificateStatusResponse)
      << "signed by somebody else";
  EXPECT_EQ(refused({&own}, with, ocsp_response(server_identity, root, root, false)),
            Alert::kBadCertificateStatusResponse)
      << "of another certificate";
  EXPECT_EQ(refused({&own}, with, ocsp_response(own, root, root, false, kPresent.seconds - 3 * kDay)),
            Alert::kBadCertificateStatusResponse)
      << "outdated";
  EXPECT_EQ(refused({&own}, with, OwnedBytes{0x30, 0x00}), Alert::kBadCertificateStatusResponse);
}

TEST_F(Certificates, A_certificate_whose_key_is_another_is_refused_at_the_start) {
  auto with = parameters(root.der);
  with.secret_key = stranger.keys.secret;
  ServerWish wish;
  wish.chain = {&server_identity, &middle};
  EXPECT_EQ(begin(std::move(wish), with).error().code, Errc::kInvalidArgument);
  EXPECT_TRUE(to_server.empty());
}

}  // namespace
}  // namespace linnet::tls::test
