// SPDX-License-Identifier: Apache-2.0
// Shows: SE-1, SE-2, SE-3, SE-4, TR-1
// Security, cases 401 to 404, and bootstrap over DTLS, cases 1 and 2: the handshakes in GnuTLS on the
// script's side, every record opened there, and what is in it held against the script as everywhere else.
#include "account_pack.hpp"
#include "linnet/client/question.hpp"
#include "linnet/tls/certificate_authority.hpp"
#include "linnet/tls/certification_request.hpp"
#include "role.hpp"
#include "secured_way.hpp"
#include "tests/unit/tls/pki.hpp"

namespace linnet::conformance {

using client::SecurityMode;
using server::Credential;
using server::CredentialMode;
using server::test::path_of;
using tls::OwnedBytes;
using tls::test::Identity;
using tls::test::KeyPair;
using tls::test::sha256;

namespace {

constexpr std::string_view kHost = "lwm2m.example";
constexpr std::uint16_t kPskCcm8 = 0xC0A8, kPskCbc = 0x00AE, kEcdsaCcm8 = 0xC0AE, kEcdsaCbc = 0xC023;
// RFC 5246 §7.2.
constexpr std::uint8_t kBadCertificate = 42, kCertificateExpired = 45, kCertificateUnknown = 46,
                       kUnknownCa = 48, kAccessDenied = 49, kUnknownPskIdentity = 115;

/// Suites in GnuTLS' words, for what the script offers.
std::string offer(std::uint16_t suite, std::string_view types) {
  const bool psk = suite == kPskCcm8 || suite == kPskCbc;
  const bool cbc = suite == kPskCbc || suite == kEcdsaCbc;
  return std::string("NONE:+VERS-DTLS1.2:+COMP-NULL:+SIGN-ECDSA-SHA256:+GROUP-SECP256R1:") +
         (psk ? "+PSK" : "+ECDHE-ECDSA") + (cbc ? ":+AES-128-CBC:+SHA256" : ":+AES-128-CCM-8:+AEAD") +
         std::string(types);
}

server::Credentials::Shared known(CredentialMode mode, ByteView identity, ByteView key,
                                  std::string_view endpoint = kEndpoint) {
  Credential credential;
  credential.endpoint = endpoint;
  credential.mode = mode;
  credential.identity.assign(identity.begin(), identity.end());
  credential.key.assign(key.begin(), key.end());
  const std::vector<server::CredentialChange> changes{{.put = std::move(credential)}};
  const auto made = server::Credentials::none()->apply(changes);
  EXPECT_TRUE(made);
  return made ? *made : server::Credentials::none();
}

tls::test::Wish lasting(std::string_view name, bool for_clients) {
  tls::test::Wish wish;
  wish.name = name;
  wish.from = 1'000'000'000;
  wish.until = 4'000'000'000;
  wish.for_clients = for_clients;
  return wish;
}
tls::test::Wish over(tls::test::Wish wish) {
  wish.until = 1'500'000'000;
  return wish;
}
tls::test::Wish of_authority(std::string_view name) {
  tls::test::Wish wish = lasting(name, false);
  wish.authority = true;
  return wish;
}

/// An authority that both ends trust, another one, and who has certificates of them.
struct Authorities {
  Identity root = tls::test::self_signed(of_authority("root"));
  Identity other_root = tls::test::self_signed(of_authority("other root"));
  Identity server = tls::test::issued(root, lasting(kHost, false));
  Identity device = tls::test::issued(root, lasting(kEndpoint, true));
};

}  // namespace

class Security : public Case {
 protected:
  void SetUp() override {
    device.uri = "coaps://192.0.2.1";
    device.bootstrap_uri = "coaps://192.0.2.9";
  }

  static void take_raw_key(Account& account, const KeyPair& own, const KeyPair& server) {
    account.mode = Account::kRawPublicKey;
    account.identity.assign(own.spki);
    account.secret_key.assign(own.secret);
    account.server_public_key.assign(server.spki);
  }
  /// With a trust anchor, and the name that the server must have.
  static void take_certificate(Account& account, const Identity& own, const Identity& anchor) {
    account.mode = Account::kCertificate;
    account.identity.assign(own.der);
    account.secret_key.assign(own.keys.secret);
    account.server_public_key.assign(anchor.der);
    account.certificate_usage = 2;
    account.sni.emplace().assign(kHost);
  }

  void connect(SecuredEnds ends, std::optional<std::uint16_t> suite, client::InstanceId account = 0) {
    SecuredWay& made = secure(std::move(ends), account);
    ASSERT_TRUE(made.shake_hands());
    if (suite) {
      EXPECT_EQ(made.suite(), suite);
    }
  }
  /// No handshake comes about; ours tells the other end why.
  void refused(SecuredEnds ends, std::optional<std::uint8_t> by_device,
               std::optional<std::uint8_t> by_server) {
    SecuredWay& made = secure(std::move(ends));
    EXPECT_FALSE(made.shake_hands());
    if (has_device() && by_device) {
      EXPECT_EQ(made.alert_of_device(), by_device);
    }
    if (has_server() && by_server) {
      EXPECT_EQ(made.alert_of_server(), by_server);
    }
  }
  void register_and_read(std::string_view proven) {
    tell({}, register_message(), registered_answer());
    ask(get("/3/0/0").accept(kText), content(kText, "linnet"));
    if (has_server()) {
      EXPECT_EQ(way()->proven(), proven);
    }
  }
  Account& account() { return *device.security.get(0); }
  void choose(std::uint16_t suite) {
    if (has_device()) account().ciphersuites.set(0, suite);
  }

  [[nodiscard]] static SecuredEnds with_psk(std::uint16_t suite) {
    SecuredEnds ends;
    const OwnedBytes key(kKey.begin(), kKey.end());
    ends.device = {.identity = std::string(kIdentity), .key = key, .priorities = offer(suite, "")};
    ends.credentials = known(CredentialMode::kPreSharedKey, as_bytes(kIdentity), kKey);
    ends.server.identity = kIdentity;
    ends.server.key = key;
    return ends;
  }
  [[nodiscard]] static SecuredEnds with_raw_keys(const KeyPair& device, const KeyPair& server,
                                                 const KeyPair& expected, std::uint16_t suite) {
    SecuredEnds ends;
    ends.device = {.raw_key = &device, .priorities = offer(suite, ":+CTYPE-SRV-RAWPK:+CTYPE-CLI-RAWPK")};
    ends.identity.private_key = server.secret;
    ends.credentials = known(CredentialMode::kRawPublicKey, expected.spki, {});
    ends.server.raw_key = &server;
    return ends;
  }
  [[nodiscard]] static SecuredEnds with_certificates(const Identity& device, const Identity& server,
                                                     const Identity& root, std::uint16_t suite) {
    SecuredEnds ends;
    ends.device = {.certificate = &device, .priorities = offer(suite, ":+CTYPE-SRV-X509:+CTYPE-CLI-X509")};
    ends.identity.private_key = server.keys.secret;
    ends.identity.chain = {server.der};
    ends.credentials = known(CredentialMode::kCertificate, {}, root.der, "ets-*");
    ends.server.chain = {&server};
    return ends;
  }
};

INSTANTIATE_TEST_SUITE_P(LightweightM2M, Security,
                         testing::Values(Role::kDevice, Role::kServer, Role::kTogether), name_of);

TEST_P(Security, Int401_udp_pre_shared_key_with_AES_128_CCM_8) {
  start();
  if (has_device()) take_psk(account());
  choose(kPskCcm8);
  connect(with_psk(kPskCcm8), kPskCcm8);
  register_and_read(kIdentity);
}

TEST_P(Security, Int401_udp_pre_shared_key_with_AES_128_CBC_SHA256) {
  start();
  if (has_device()) take_psk(account());
  choose(kPskCbc);
  connect(with_psk(kPskCbc), kPskCbc);
  register_and_read(kIdentity);
}

TEST_P(Security, Int401_another_identity_and_another_key_open_nothing) {
  start();
  if (has_device()) take_psk(account());
  choose(kPskCcm8);
  SecuredEnds unknown = with_psk(kPskCcm8);
  unknown.credentials = known(CredentialMode::kPreSharedKey, as_bytes("another"), kKey);
  unknown.server.identity = "another";
  refused(unknown, std::nullopt, kUnknownPskIdentity);
  SecuredEnds wrong = with_psk(kPskCcm8);
  const OwnedBytes another(16, 0xEE);
  wrong.credentials = known(CredentialMode::kPreSharedKey, as_bytes(kIdentity), another);
  wrong.server.key = another;
  refused(wrong, std::nullopt, std::nullopt);
}

TEST_P(Security, Int402_udp_raw_public_key) {
  const KeyPair own;
  const KeyPair other;
  start();
  if (has_device()) take_raw_key(account(), own, other);
  choose(kEcdsaCcm8);
  connect(with_raw_keys(own, other, own, kEcdsaCcm8), kEcdsaCcm8);
  register_and_read(as_text(own.spki));
}

TEST_P(Security, Int402_udp_raw_public_key_with_AES_128_CBC_SHA256) {
  const KeyPair own;
  const KeyPair other;
  start();
  if (has_device()) take_raw_key(account(), own, other);
  choose(kEcdsaCbc);
  connect(with_raw_keys(own, other, own, kEcdsaCbc), kEcdsaCbc);
  register_and_read(as_text(own.spki));
}

TEST_P(Security, Int402_a_key_that_does_not_match_is_refused_on_either_side) {
  const KeyPair own;
  const KeyPair other;
  const KeyPair stranger;
  start();
  if (has_device()) take_raw_key(account(), own, other);
  choose(kEcdsaCcm8);
  if (has_device()) refused(with_raw_keys(own, stranger, own, kEcdsaCcm8), kBadCertificate, std::nullopt);
  if (has_device()) take_raw_key(account(), stranger, other);
  if (has_server())
    refused(with_raw_keys(stranger, other, own, kEcdsaCcm8), std::nullopt, kCertificateUnknown);
}

TEST_P(Security, Int403_udp_certificate) {
  const Authorities those;
  start();
  if (has_device()) take_certificate(account(), those.device, those.root);
  choose(kEcdsaCcm8);
  connect(with_certificates(those.device, those.server, those.root, kEcdsaCcm8), kEcdsaCcm8);
  register_and_read(kEndpoint);
}

TEST_P(Security, Int403_expired_for_another_name_or_of_another_issuer_the_device_refuses_it) {
  const Authorities those;
  const Identity expired = tls::test::issued(those.root, over(lasting(kHost, false)));
  const Identity misnamed = tls::test::issued(those.root, lasting("other.example", false));
  const Identity foreign = tls::test::issued(those.other_root, lasting(kHost, false));
  start();
  if (!has_device()) return;
  take_certificate(account(), those.device, those.root);
  choose(kEcdsaCcm8);
  const auto with = [&](const Identity& shown) {
    return with_certificates(those.device, shown, those.root, kEcdsaCcm8);
  };
  refused(with(expired), kCertificateExpired, std::nullopt);
  refused(with(misnamed), kBadCertificate, std::nullopt);
  refused(with(foreign), kUnknownCa, std::nullopt);
}

TEST_P(Security, Int403_expired_for_another_name_or_of_another_issuer_the_server_refuses_it) {
  const Authorities those;
  const Identity expired = tls::test::issued(those.root, over(lasting(kEndpoint, true)));
  const Identity misnamed = tls::test::issued(those.root, lasting("other-device", true));
  const Identity foreign = tls::test::issued(those.other_root, lasting(kEndpoint, true));
  start();
  if (!has_server()) return;
  choose(kEcdsaCcm8);
  const auto refuse = [&](const Identity& shown, std::uint8_t alert) {
    if (has_device()) take_certificate(account(), shown, those.root);
    refused(with_certificates(shown, those.server, those.root, kEcdsaCcm8), std::nullopt, alert);
  };
  refuse(expired, kCertificateExpired);
  refuse(misnamed, kAccessDenied);
  refuse(foreign, kUnknownCa);
}

/// Bootstrap over DTLS, and registration by the account that was written.
class SecuredBootstrap : public Security {
 protected:
  static constexpr client::ShortServerId kWritten = 123;
  static constexpr client::InstanceId kWrittenAccount = 5;

  /// Instance 5 of object 0 as it is written.
  static std::string pack_of(unsigned count, const std::string& keys, const std::string& others) {
    return account_pack(count, kWrittenUri, keys, others);
  }

  void start_empty(const server::BootstrapConfiguration& configuration) {
    device.account = false;
    device.bootstrap_account = true;
    start();
    bootstrap.start(configuration);
    ASSERT_TRUE(bootstrap.ready);
    peer = Peer::kBootstrapServer;
  }
  void bootstrap_with(const std::string& pack) {
    tell({}, post("/bs").query("ep=" + std::string(kEndpoint)).query("pct=112"), changed());
    follows(remove(""), deleted());
    follows(put("/0/5").payload(kSenmlCbor, pack), changed());
    follows(put("/1/5").payload(kSenmlCbor, kServerPack), changed());
    follows(post("/bs"), changed());
  }
  void register_there() {
    peer = Peer::kServer;
    Message message = register_message("</1/5>,</3>;ver=1.1,</3/0>");
    message.options[2].second = "lt=300";
    tell([&] { ASSERT_TRUE(device.engine.connect(kWritten, coap::LinkId{0})); }, message,
         registered_answer());
    if (has_server()) {
      EXPECT_TRUE(server.engine.find(kEndpoint));
    }
  }
  [[nodiscard]] static server::BootstrapConfiguration writes(
      std::vector<std::pair<std::string, lwm2m::Value>> keys,
      const std::vector<std::pair<std::string, lwm2m::Value>>& others) {
    using lwm2m::Value;
    std::vector<std::pair<std::string, Value>> values{{"0", Value::string(kWrittenUri)},
                                                      {"1", Value::boolean(false)}};
    values.insert(values.end(), keys.begin(), keys.end());
    values.emplace_back("10", Value::integer(kWritten));
    values.insert(values.end(), others.begin(), others.end());
    server::BootstrapConfiguration configuration;
    configuration.deletions = {path_of("/")};
    configuration.writes = {server::test::writing("/0/5", values),
                            server::test::server_instance("/1/5", kWritten)};
    return configuration;
  }

  static constexpr std::string_view kWrittenUri = "coaps://192.0.2.3:5684";
};

INSTANTIATE_TEST_SUITE_P(LightweightM2M, SecuredBootstrap,
                         testing::Values(Role::kDevice, Role::kServer, Role::kTogether), name_of);

TEST_P(SecuredBootstrap, Int1_client_initiated_bootstrap_full_psk) {
  using lwm2m::Value;
  const std::string identity = "written-identity";
  const OwnedBytes key(16, 0x5A);
  start_empty(writes({{"2", Value::integer(0)},
                      {"3", Value::opaque(as_bytes(identity))},
                      {"4", Value::opaque({})},
                      {"5", Value::opaque(key)}},
                     {}));
  if (has_device()) take_psk(*device.security.get(kBootstrapAccount));
  connect(with_psk(kPskCcm8), kPskCcm8, kBootstrapAccount);
  bootstrap_with(pack_of(7,
                         hex("a2 00 6132 02 00   a2 00 6133") + opaque(as_bytes(identity)) +
                             hex("a2 00 6134 08 40   a2 00 6135") + opaque(key),
                         ""));
  SecuredEnds ends;
  ends.device = {.identity = identity, .key = key, .priorities = offer(kPskCcm8, "")};
  ends.credentials = known(CredentialMode::kPreSharedKey, as_bytes(identity), key);
  ends.server.identity = identity;
  ends.server.key = key;
  connect(ends, kPskCcm8, kWrittenAccount);
  register_there();
  if (has_server()) {
    EXPECT_EQ(way()->proven(), identity);
  }
}

TEST_P(SecuredBootstrap, Int2_client_initiated_bootstrap_full_certificate) {
  using lwm2m::Value;
  const Authorities those;
  const Identity written = tls::test::issued(those.root, lasting(kEndpoint, true));
  const OwnedBytes hash = sha256(those.server.der);
  // The server's very certificate, by its hash.
  start_empty(writes({{"2", Value::integer(2)},
                      {"3", Value::opaque(written.der)},
                      {"4", Value::opaque(hash)},
                      {"5", Value::opaque(written.keys.secret)}},
                     {{"13", Value::integer(1)}, {"15", Value::integer(3)}}));
  if (has_device()) take_certificate(*device.security.get(kBootstrapAccount), those.device, those.root);
  connect(with_certificates(those.device, those.server, those.root, kEcdsaCcm8), kEcdsaCcm8,
          kBootstrapAccount);
  bootstrap_with(pack_of(9,
                         hex("a2 00 6132 02 02   a2 00 6133") + opaque(written.der) + hex("a2 00 6134") +
                             opaque(hash) + hex("a2 00 6135") + opaque(written.keys.secret),
                         hex("a2 00 623133 02 01   a2 00 623135 02 03")));
  connect(with_certificates(written, those.server, those.root, kEcdsaCcm8), kEcdsaCcm8, kWrittenAccount);
  register_there();
  if (has_server()) {
    EXPECT_EQ(way()->proven(), kEndpoint);
  }
}

/// Gives what it gave for the same request before, so that the script can know it.
class RecordedAuthority final : public server::EnrollmentAuthority {
 public:
  explicit RecordedAuthority(std::vector<std::uint8_t> request) : request_(std::move(request)) {
    auto opened = tls::CertificateAuthority::open(made_->certificate, made_->key, {});
    EXPECT_TRUE(opened) << opened.error();
    bundle = *opened->enroll({.endpoint = kEndpoint, .request = request_});
    authorities = *opened->certificates(server::CertificateForm::kBundle);
    certificate = *opened->certificates(server::CertificateForm::kCertificate);
  }
  server::EnrollmentAnswer certificates(server::CertificateForm /*form*/) override { return authorities; }
  server::EnrollmentAnswer enroll(const server::EnrollmentRequest& request) override {
    const bool same = request.endpoint == kEndpoint && std::ranges::equal(request.request, request_);
    return same ? server::EnrollmentAnswer(bundle) : fail(Errc::kMalformed);
  }

  std::vector<std::uint8_t> bundle, authorities, certificate;

 private:
  std::expected<tls::CertificateAuthority::Made, std::string> made_ =
      tls::CertificateAuthority::make("ets authority");
  std::vector<std::uint8_t> request_;
};

/// What the device was answered.
class Asker final : public client::Respondent {
 public:
  void on_answer(const coap::IncomingResponse& response) noexcept override {
    format = response.content_format;
    answer.assign(response.payload.begin(), response.payload.end());
  }
  void on_no_answer(Errc /*why*/) noexcept override { ADD_FAILURE(); }

  std::optional<std::uint16_t> format;
  std::vector<std::uint8_t> answer;
};

std::string text_of(const std::vector<std::uint8_t>& bytes) {
  return {bytes.begin(), bytes.end()};
}

// Simple enrolment over the session with the bootstrap server, then registration by what came of it.
TEST_P(SecuredBootstrap, Int404_udp_certificate_by_est) {
  using lwm2m::Value;
  constexpr std::uint32_t kBundle = 281;
  const Authorities those;
  const OwnedBytes hash = sha256(those.server.der);
  const OwnedBytes key = *tls::make_private_key();
  const OwnedBytes request = *tls::make_certification_request(key, kEndpoint);
  RecordedAuthority authority(request);
  start_empty(writes({{"2", Value::integer(4)},
                      {"3", Value::opaque({})},
                      {"4", Value::opaque(hash)},
                      {"5", Value::opaque({})}},
                     {{"13", Value::integer(1)}, {"15", Value::integer(3)}}));
  bootstrap.engine.enroll_with(authority);
  bootstrap.listener.proved = kEndpoint;
  if (has_device()) take_psk(*device.security.get(kBootstrapAccount));
  connect(with_psk(kPskCcm8), kPskCcm8, kBootstrapAccount);
  bootstrap_with(pack_of(
      9, hex("a2 00 6132 02 04   a2 00 6133 08 40   a2 00 6134") + opaque(hash) + hex("a2 00 6135 08 40"),
      hex("a2 00 623133 02 01   a2 00 623135 02 03")));
  Asker asker;
  client::Question question(device.engine, asker);
  const auto ask_for = [&](coap::Code method, std::string_view resource, ByteView payload) {
    const std::array<std::string_view, 3> path{".well-known", "est", resource};
    coap::OutgoingRequest wanted;
    wanted.method = method;
    wanted.path = path;
    wanted.accept = std::uint16_t{kBundle};
    if (!payload.empty()) wanted.content_format = server::kPkcs10Format;
    wanted.payload = payload;
    EXPECT_TRUE(question.ask(coap::LinkId{1}, wanted));
  };
  tell([&] { ask_for(coap::Code::kGet, "crts", {}); }, get("/.well-known/est/crts").option(17, kBundle),
       content(kBundle, text_of(authority.authorities)));
  tell([&] { ask_for(coap::Code::kPost, "sen", request); },
       post("/.well-known/est/sen").payload(server::kPkcs10Format, text_of(request)).option(17, kBundle),
       changed().payload(kBundle, text_of(authority.bundle)));
  if (has_device()) {
    EXPECT_EQ(asker.format, kBundle);
    EXPECT_EQ(asker.answer, authority.bundle);
  }
  // The device's channel takes what it got as the certificate mode would (TS 5.2.4).
  Identity enrolled;
  enrolled.der = *tls::read_enrolled(authority.bundle, std::uint16_t{kBundle}, key);
  enrolled.handle = *tls::import_certificate(enrolled.der);
  enrolled.keys.handle = *tls::import_private_key(key);
  enrolled.keys.secret = key;
  EXPECT_TRUE(tls::check_issuer(enrolled.der, authority.authorities, std::uint16_t{kBundle}));
  SecuredEnds ends = with_certificates(enrolled, those.server, those.root, kEcdsaCcm8);
  ends.credentials = known(CredentialMode::kCertificate, {}, authority.certificate, "ets-*");
  ends.parameters.identity = enrolled.der;
  ends.parameters.secret_key = enrolled.keys.secret;
  connect(ends, kEcdsaCcm8, kWrittenAccount);
  register_there();
  if (has_server()) {
    EXPECT_EQ(way()->proven(), kEndpoint);
  }
}

}  // namespace linnet::conformance
