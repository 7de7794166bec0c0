// SPDX-License-Identifier: Apache-2.0
// Shows: SE-4
// What a registrar passes on between a device and an EST server elsewhere (RFC 9148 §5).
#include "linnet/tls/registrar.hpp"

#include <gnutls/x509.h>
#include <gtest/gtest.h>

#include <cstring>
#include <optional>
#include <string>

#include "linnet/tls/certificate_authority.hpp"
#include "linnet/tls/certificate_bundle.hpp"
#include "linnet/tls/certification_request.hpp"

namespace linnet::tls {
namespace {

using server::CertificateForm;
using Bytes = std::vector<std::uint8_t>;

constexpr std::string_view kEndpoint = "urn:dev:1";

/// A request for these names, by a key of its own.
Bytes request_for(const char* common_name, std::initializer_list<const char*> others) {
  gnutls_x509_privkey_t key = nullptr;
  gnutls_x509_crq_t request = nullptr;
  gnutls_x509_privkey_init(&key);
  gnutls_x509_crq_init(&request);
  gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
  gnutls_x509_crq_set_version(request, 1);
  if (common_name != nullptr) {
    gnutls_x509_crq_set_dn_by_oid(request, GNUTLS_OID_X520_COMMON_NAME, 0, common_name,
                                  static_cast<unsigned>(std::strlen(common_name)));
  }
  for (const char* const other : others) {
    gnutls_x509_crq_set_subject_alt_name(request, GNUTLS_SAN_URI, other,
                                         static_cast<unsigned>(std::strlen(other)), GNUTLS_FSAN_APPEND);
  }
  gnutls_x509_crq_set_key(request, key);
  gnutls_x509_crq_sign2(request, key, GNUTLS_DIG_SHA256, 0);
  OwnedDatum der;
  EXPECT_EQ(gnutls_x509_crq_export2(request, GNUTLS_X509_FMT_DER, der.out()), 0);
  gnutls_x509_crq_deinit(request);
  gnutls_x509_privkey_deinit(key);
  return {der.bytes().begin(), der.bytes().end()};
}

Result<ProvenRequest> admit(const Bytes& request) {
  return admit_request({.endpoint = kEndpoint, .request = request});
}

TEST(Registrar, takes_requests_of_a_device_for_itself_alone) {
  EXPECT_TRUE(admit(request_for("urn:dev:1", {})));
  EXPECT_TRUE(admit(request_for(nullptr, {"urn:dev:1"})));
  EXPECT_TRUE(admit(request_for("urn:dev:1", {"urn:dev:1"})));
  for (const Bytes& other :
       {request_for("urn:dev:2", {}), request_for(nullptr, {}),
        request_for("urn:dev:1", {"urn:dev:1", "urn:dev:2"}), request_for(nullptr, {"urn:dev:2"})}) {
    EXPECT_EQ(admit(other).error().code, Errc::kUnauthorized);
  }
  Bytes forged = request_for("urn:dev:1", {});
  forged[forged.size() - 5] ^= 1U;
  EXPECT_EQ(admit(forged).error().code, Errc::kMalformed);
}

TEST(Registrar, a_long_endpoint_name_stands_beside_the_subject) {
  const std::string endpoint = "urn:dev:" + std::string(200, 'x');
  const Bytes request = *make_certification_request(*make_private_key(), endpoint);
  EXPECT_TRUE(admit_request({.endpoint = endpoint, .request = request}));
}

class RegistrarAnswers : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto made = CertificateAuthority::make("elsewhere");
    ASSERT_TRUE(made);
    own = *made;
    authority.emplace(*CertificateAuthority::open(own.certificate, own.key, {}));
    request = request_for("urn:dev:1", {});
    admitted.emplace(*admit(request));
  }
  /// What the authority gives this endpoint for a request.
  Bytes bundle(const Bytes& wanted, std::string_view endpoint) {
    return authority->enroll({.endpoint = endpoint, .request = wanted}).value();
  }

  CertificateAuthority::Made own;
  std::optional<CertificateAuthority> authority;
  Bytes request;
  std::optional<ProvenRequest> admitted;
};

TEST_F(RegistrarAnswers, the_certificate_of_the_request_is_passed_on_in_both_forms) {
  const Bytes answer = bundle(request, kEndpoint);
  const auto one = pass_on_certificate(answer, *admitted, kEndpoint, CertificateForm::kCertificate);
  ASSERT_TRUE(one);
  EXPECT_TRUE(decode_certificate(*one));
  const auto all = pass_on_certificate(answer, *admitted, kEndpoint, CertificateForm::kBundle);
  ASSERT_TRUE(all);
  EXPECT_EQ(decode_bundle(*all)->size(), 1U);
}

TEST_F(RegistrarAnswers, certificates_of_other_names_or_keys_and_of_authorities_are_not) {
  const auto refused = [&](const Bytes& answer) {
    const auto passed = pass_on_certificate(answer, *admitted, kEndpoint, CertificateForm::kBundle);
    return passed ? Errc{} : passed.error().code;
  };
  EXPECT_EQ(refused(bundle(request_for("urn:dev:1", {}), kEndpoint)), Errc::kUnauthorized) << "another key";
  const Bytes unnamed = request_for(nullptr, {});
  const auto proven = read_request(unnamed);
  EXPECT_EQ(pass_on_certificate(bundle(unnamed, "urn:dev:2"), *proven, kEndpoint, CertificateForm::kBundle)
                .error()
                .code,
            Errc::kUnauthorized)
      << "another name";
  EXPECT_EQ(refused(authority->certificates(CertificateForm::kBundle).value()), Errc::kUnauthorized);
  EXPECT_EQ(refused({0x30, 0x03, 1, 2, 3}), Errc::kMalformed);
  EXPECT_EQ(refused({}), Errc::kMalformed);
}

TEST_F(RegistrarAnswers, authorities_are_passed_on_as_they_are_asked_for) {
  const Bytes answer = authority->certificates(CertificateForm::kBundle).value();
  EXPECT_TRUE(decode_bundle(*pass_on_authorities(answer, CertificateForm::kBundle)));
  EXPECT_TRUE(decode_certificate(*pass_on_authorities(answer, CertificateForm::kCertificate)));
  const auto another = CertificateAuthority::make("another");
  auto second = CertificateAuthority::open(another->certificate, another->key, {});
  std::vector<Certificate> both = decode_bundle(answer).value();
  both.push_back(std::move(decode_bundle(second->certificates(CertificateForm::kBundle).value())->front()));
  EXPECT_EQ(pass_on_authorities(*encode_bundle(both), CertificateForm::kCertificate).error().code,
            Errc::kUnsupported);
  EXPECT_EQ(pass_on_authorities({}, CertificateForm::kBundle).error().code, Errc::kMalformed);
}

}  // namespace
}  // namespace linnet::tls
