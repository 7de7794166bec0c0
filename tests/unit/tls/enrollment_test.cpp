// SPDX-License-Identifier: Apache-2.0
// Enrolment over EST (RFC 9148): what the authority signs, what it does not, and what the device makes of it.
#include <gnutls/x509.h>
#include <gtest/gtest.h>

#include <array>
#include <optional>
#include <string>

#include "linnet/tls/certificate_authority.hpp"
#include "linnet/tls/certificate_bundle.hpp"
#include "linnet/tls/certification_request.hpp"

namespace linnet::tls {
namespace {

using server::CertificateForm;
using Bytes = std::vector<std::uint8_t>;

Bytes from_hex(std::string_view text) {
  Bytes bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16)));
  return bytes;
}

// RFC 9148 appendix A.2: the device sn Wt1234 asks for a certificate; its subject has no common name.
constexpr std::string_view kRfcRequest =
    "3082018b30820131020100305c310b3009060355040613025553310b300906035504080c024341310b300906035504070c024c41"
    "31143012060355040a0c0b6578616d706c6520496e63310c300a060355040b0c03496f54310f300d060355040513065774313233"
    "343059301306072a8648ce3d020106082a8648ce3d03010703420004c8b421f11c25e47e3ac57123bf2d9fdc494f028bc351cc80"
    "c03f150bf50cff958d75419d81a6a245dffae790be95cf75f602f9152618f816a2b23b5638e59fd9a073303406092a864886f70d"
    "0109073127"
    "0c2576437630292a264a4b4a3bc3a2c280c2992f3e3c2e2c3d6b6e7634332323403d204e787e60303b06092a864886f70d01090e"
    "312e302c302a0603551d1104233021a01f06082b06010505070804a013301106092b06010401b43b0a0104040102030430"
    "0a06082a8648ce3d040302034800304502210092563a546463bd9ecff170d0fd1f2ef0d3d012160e5ee90cffedabec9b9a389202"
    "20179f10a3436109051abad17590a09bc87c4dce5453a6fc1135a1e84eed754377";

// RFC 9148 appendix A.1: the authority's certificate.
constexpr std::string_view kRfcBundle =
    "3082027a06092a864886f70d010702a082026b308202670201013100300b06092a864886f70d010701a082024d30820249308201"
    "efa00302010202080b8bb0fe604f6a1e300a06082a8648ce3d0403023067310b3009060355040613025553310b30090603550408"
    "0c024341310b300906035504070c024c4131143012060355040a0c0b4578616d706c6520496e6331163014060355040b0c0d6365"
    "7274696669636174696f6e3110300e06035504030c07526f6f74204341301e170d3139303133313131323730335a170d33393031"
    "32363131323730335a3067310b3009060355040613025553310b300906035504080c024341310b300906035504070c024c413114"
    "3012060355040a0c0b4578616d706c6520496e6331163014060355040b0c0d63657274696669636174696f6e3110300e06035504"
    "030c07526f6f742043413059301306072a8648ce3d020106082a8648ce3d030107034200040c1b1e82ba8cc72680973f97edb8a0"
    "c72ab0d405f05d4fe29b997a14ccce89008313d09666b6ce375c595fcc8e37f8e4354497011be90e56794bd91ad951ab45a38184"
    "308181301d0603551d0e041604141df1208944d77b5f1d9dcb51ee244a523f3ef5de301f0603551d230418301680141df1208944"
    "d77b5f1d9dcb51ee244a523f3ef5de300f0603551d130101ff040530030101ff300e0603551d0f0101ff040403020106301e0603"
    "551d110417301581136365727469667940657861"
    "6d706c652e636f6d300a06082a8648ce3d040302034800304502202b891dd411d07a6d6f621947635ba4c43165296b3f633726f0"
    "2e51ecf464bd40022100b4be8a80d08675f041fbc719acf3b39dedc85dc92b3035868cb2daa8f05db196a1003100";

class Enrollment : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto made = CertificateAuthority::make("A test authority");
    ASSERT_TRUE(made) << made.error();
    own = *made;
    auto opened = CertificateAuthority::open(own.certificate, own.key, {});
    ASSERT_TRUE(opened) << opened.error();
    authority.emplace(*std::move(opened));
    key = make_private_key().value();
  }
  Errc refused(ByteView request) {
    const auto answer = authority->enroll({.endpoint = "urn:dev:1", .request = request});
    return answer ? Errc{} : answer.error().code;
  }

  CertificateAuthority::Made own;
  std::optional<CertificateAuthority> authority;
  Bytes key;
};

TEST_F(Enrollment, gives_a_certificate_that_names_the_endpoint_and_verifies) {
  const Bytes request = make_certification_request(key, "urn:dev:1").value();
  for (const CertificateForm form : {CertificateForm::kBundle, CertificateForm::kCertificate}) {
    const auto answer = authority->enroll({.endpoint = "urn:dev:1", .request = request, .form = form});
    ASSERT_TRUE(answer) << to_string(answer.error().code);
    const auto der = read_enrolled(*answer, static_cast<std::uint16_t>(form), key);
    ASSERT_TRUE(der) << to_string(der.error().code);
    const Certificate certificate = decode_certificate(*der).value();
    std::array<char, 64> name{};
    std::size_t size = name.size();
    ASSERT_EQ(gnutls_x509_crt_get_dn_by_oid(certificate.get(), GNUTLS_OID_X520_COMMON_NAME, 0, 0, name.data(),
                                            &size),
              0);
    EXPECT_EQ(std::string_view(name.data(), size), "urn:dev:1");
    const auto bundle = decode_bundle(authority->certificates(CertificateForm::kBundle).value());
    ASSERT_TRUE(bundle);
    gnutls_x509_crt_t issuer = bundle->front().get();
    gnutls_x509_crt_t leaf = certificate.get();
    unsigned status = 1;
    ASSERT_EQ(gnutls_x509_crt_list_verify(&leaf, 1, &issuer, 1, nullptr, 0, 0, &status), 0);
    EXPECT_EQ(status, 0U);
    EXPECT_EQ(gnutls_x509_crt_get_ca_status(leaf, nullptr), 0);
  }
}

TEST_F(Enrollment, takes_the_request_of_rfc_9148_and_puts_the_endpoint_into_the_certificate) {
  const auto answer = authority->enroll(
      {.endpoint = "Wt1234", .request = from_hex(kRfcRequest), .form = CertificateForm::kCertificate});
  ASSERT_TRUE(answer) << to_string(answer.error().code);
  EXPECT_TRUE(decode_certificate(*answer));
  EXPECT_EQ(read_enrolled(*answer, 287, key).error().code, Errc::kNotFound) << "it is of another key";
}

TEST_F(Enrollment, reads_the_bundle_of_rfc_9148) {
  const auto bundle = decode_bundle(from_hex(kRfcBundle));
  ASSERT_TRUE(bundle);
  ASSERT_EQ(bundle->size(), 1U);
  EXPECT_EQ(encode_certificate(bundle->front().get()).value().size(), 589U);
  const auto again = decode_bundle(encode_bundle(*bundle).value());
  ASSERT_TRUE(again);
  EXPECT_TRUE(gnutls_x509_crt_equals(again->front().get(), bundle->front().get()));
}

TEST_F(Enrollment, names_nobody_but_the_endpoint_that_asks) {
  EXPECT_EQ(refused(make_certification_request(key, "urn:dev:2").value()), Errc::kUnauthorized);
}

TEST_F(Enrollment, puts_a_name_of_more_than_64_bytes_beside_the_subject) {
  const std::string endpoint = "urn:dev:" + std::string(200, 'x');
  const Bytes request = make_certification_request(key, endpoint).value();
  const auto answer =
      authority->enroll({.endpoint = endpoint, .request = request, .form = CertificateForm::kCertificate});
  ASSERT_TRUE(answer) << to_string(answer.error().code);
  std::array<char, 256> name{};
  std::size_t size = name.size();
  ASSERT_EQ(gnutls_x509_crt_get_subject_alt_name(decode_certificate(*answer)->get(), 0, name.data(), &size,
                                                 nullptr),
            GNUTLS_SAN_URI);
  EXPECT_EQ(std::string_view(name.data(), size), endpoint);
}

TEST_F(Enrollment, refuses_a_request_that_its_key_has_not_signed) {
  Bytes request = make_certification_request(key, "urn:dev:1").value();
  request[request.size() - 5] ^= 1U;
  EXPECT_EQ(refused(request), Errc::kMalformed);
}

TEST_F(Enrollment, refuses_keys_below_255_bits_and_of_other_kinds) {
  for (const auto& [algorithm, bits] :
       {std::pair{GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP192R1)},
        {GNUTLS_PK_RSA, 2048}}) {
    gnutls_x509_privkey_t other = nullptr;
    gnutls_x509_crq_t request = nullptr;
    gnutls_x509_privkey_init(&other);
    gnutls_x509_crq_init(&request);
    ASSERT_EQ(gnutls_x509_privkey_generate(other, algorithm, static_cast<unsigned>(bits), 0), 0);
    gnutls_x509_crq_set_version(request, 1);
    gnutls_x509_crq_set_dn_by_oid(request, GNUTLS_OID_X520_COMMON_NAME, 0, "urn:dev:1", 9);
    gnutls_x509_crq_set_key(request, other);
    ASSERT_EQ(gnutls_x509_crq_sign2(request, other, GNUTLS_DIG_SHA256, 0), 0);
    OwnedDatum der;
    gnutls_x509_crq_export2(request, GNUTLS_X509_FMT_DER, der.out());
    EXPECT_EQ(refused(der.bytes()), Errc::kUnsupported);
    gnutls_x509_crq_deinit(request);
    gnutls_x509_privkey_deinit(other);
  }
}

TEST_F(Enrollment, takes_any_bytes) {
  const Bytes request = make_certification_request(key, "urn:dev:1").value();
  for (std::size_t size = 0; size < request.size(); ++size) {
    EXPECT_EQ(refused(ByteView(request).first(size)), Errc::kMalformed) << size;
  }
  EXPECT_EQ(refused(Bytes(server::EnrollmentAuthority::kMaxRequest + 1)), Errc::kMalformed);
  EXPECT_EQ(read_enrolled(request, 281, key).error().code, Errc::kMalformed);
  EXPECT_EQ(read_enrolled(request, 60, key).error().code, Errc::kUnsupported);
  EXPECT_EQ(make_certification_request(Bytes{1, 2, 3}, "urn:dev:1").error().code, Errc::kMalformed);
}

TEST_F(Enrollment, never_outlives_its_authority) {
  CertificateAuthority::Config config;
  config.validity = std::chrono::days{36'500};
  auto eager = CertificateAuthority::open(own.certificate, own.key, config);
  ASSERT_TRUE(eager);
  const Bytes request = make_certification_request(key, "urn:dev:1").value();
  const auto answer =
      eager->enroll({.endpoint = "urn:dev:1", .request = request, .form = CertificateForm::kCertificate});
  ASSERT_TRUE(answer);
  const auto bundle = decode_bundle(eager->certificates(CertificateForm::kBundle).value());
  EXPECT_EQ(gnutls_x509_crt_get_expiration_time(decode_certificate(*answer)->get()),
            gnutls_x509_crt_get_expiration_time(bundle->front().get()));
}

TEST_F(Enrollment, says_what_is_wrong_with_an_authority) {
  const auto other = CertificateAuthority::make("Another");
  EXPECT_EQ(CertificateAuthority::open(own.certificate, other->key, {}).error(),
            "the authority's certificate is not of its key");
  EXPECT_FALSE(CertificateAuthority::open("no certificate", own.key, {}));
  EXPECT_FALSE(CertificateAuthority::open(own.certificate, "no key", {}));
}

}  // namespace
}  // namespace linnet::tls
