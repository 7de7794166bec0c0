// SPDX-License-Identifier: Apache-2.0
// EST over CoAPS in the bootstrap server (RFC 9148): which request gets which answer.
#include "linnet/server/enrollment.hpp"

#include "tests/unit/server/fixture.hpp"

namespace linnet::server::test {
namespace {

using coap::Code;

/// Signs everything, and remembers what.
class Clerk final : public EnrollmentAuthority {
 public:
  EnrollmentAnswer certificates(CertificateForm wanted) override {
    if (wanted == CertificateForm::kCertificate && chain)
      return fail(Errc::kUnsupported, static_cast<std::uint8_t>(Code::kNotAcceptable));
    return bytes_of("authority");
  }
  EnrollmentAnswer enroll(const EnrollmentRequest& request) override {
    endpoint = request.endpoint;
    form = request.form;
    if (refusal) return fail(*refusal);
    return bytes_of("certificate");
  }

  bool chain = false;
  std::optional<Errc> refusal;
  std::string endpoint;
  CertificateForm form{};
};

class EnrollmentTest : public testing::Test {
 protected:
  /// The path is made of its segments.
  coap::Reply ask(Code method, const std::vector<std::string>& path, std::string_view endpoint = "urn:dev:1",
                  std::optional<std::uint16_t> accept = std::nullopt,
                  std::optional<std::uint16_t> format = kPkcs10Format) {
    Request wanted;
    wanted.code = method;
    wanted.path = path;
    bytes_ = encode_message(wanted, 1);
    const auto message = coap::Message::decode(bytes_);
    coap::IncomingRequest request;
    request.method = method;
    request.options = message->options();
    request.accept = accept;
    if (method == Code::kPost) request.content_format = format;
    request.payload = payload;
    EXPECT_TRUE(EnrollmentInterface::takes(request.options));
    return interface.answer(request, endpoint);
  }

  Clerk clerk;
  EnrollmentInterface interface{clerk};
  std::vector<std::uint8_t> payload = bytes_of("request");

 private:
  Bytes bytes_;
};

TEST_F(EnrollmentTest, crts_is_read_without_an_identity) {
  for (const std::vector<std::string>& path :
       {std::vector<std::string>{"est", "crts"}, {".well-known", "est", "crts"}}) {
    const coap::Reply reply = ask(Code::kGet, path, "");
    EXPECT_EQ(reply.code, Code::kContent);
    EXPECT_EQ(reply.content_format, 281);
    EXPECT_EQ(as_text(reply.payload), "authority");
  }
  EXPECT_EQ(ask(Code::kGet, {"est", "crts"}, "", 287).content_format, 287);
  clerk.chain = true;
  EXPECT_EQ(ask(Code::kGet, {"est", "crts"}, "", 287).code, Code::kNotAcceptable);
}

TEST_F(EnrollmentTest, sen_and_sren_answer_2_04_with_the_certificate_of_who_asks) {
  for (const char* resource : {"sen", "sren"}) {
    const coap::Reply reply = ask(Code::kPost, {"est", resource}, "urn:dev:7", 287);
    EXPECT_EQ(reply.code, Code::kChanged);
    EXPECT_EQ(reply.content_format, 287);
    EXPECT_EQ(as_text(reply.payload), "certificate");
    EXPECT_EQ(clerk.endpoint, "urn:dev:7");
    EXPECT_EQ(clerk.form, CertificateForm::kCertificate);
  }
}

TEST_F(EnrollmentTest, what_is_wrong_with_a_request_is_said_by_its_code) {
  EXPECT_EQ(ask(Code::kPost, {"est", "sen"}, "").code, Code::kUnauthorized) << "who is that?";
  EXPECT_EQ(ask(Code::kGet, {"est", "sen"}).code, Code::kMethodNotAllowed);
  EXPECT_EQ(ask(Code::kPost, {"est", "crts"}).code, Code::kMethodNotAllowed);
  EXPECT_EQ(ask(Code::kPost, {"est", "skg"}).code, Code::kNotFound) << "keys are made on the device";
  EXPECT_EQ(ask(Code::kGet, {"est", "att"}).code, Code::kNotFound);
  EXPECT_EQ(ask(Code::kGet, {"est"}).code, Code::kNotFound);
  EXPECT_EQ(ask(Code::kPost, {"est", "sen"}, "urn:dev:1", 60).code, Code::kNotAcceptable);
  EXPECT_EQ(ask(Code::kPost, {"est", "sen"}, "urn:dev:1", std::nullopt, 42).code,
            Code::kUnsupportedContentFormat);
  EXPECT_EQ(ask(Code::kPost, {"est", "sen"}, "urn:dev:1", std::nullopt, std::nullopt).code,
            Code::kUnsupportedContentFormat);
  payload.resize(EnrollmentAuthority::kMaxRequest + 1);
  EXPECT_EQ(ask(Code::kPost, {"est", "sen"}).code, Code::kRequestEntityTooLarge);
}

TEST_F(EnrollmentTest, what_the_authority_refuses_becomes_a_code) {
  const std::vector<std::pair<Errc, Code>> cases{{Errc::kMalformed, Code::kBadRequest},
                                                 {Errc::kUnsupported, Code::kBadRequest},
                                                 {Errc::kUnauthorized, Code::kForbidden},
                                                 {Errc::kIo, Code::kServiceUnavailable}};
  for (const auto& [why, code] : cases) {
    clerk.refusal = why;
    EXPECT_EQ(ask(Code::kPost, {"est", "sen"}).code, code) << to_string(why);
  }
}

TEST_F(EnrollmentTest, an_authority_elsewhere_may_name_the_code_and_when_to_come_again) {
  const EnrollmentTask task{.kind = EnrollmentTask::Kind::kEnroll, .endpoint = {}, .request = {}};
  const EnrollmentAnswer later = std::unexpected(
      EnrollmentFailure(Error{Errc::kIo, static_cast<std::uint8_t>(Code::kServiceUnavailable)}, 30));
  EXPECT_EQ(task.reply(later).code, Code::kServiceUnavailable);
  EXPECT_EQ(task.reply(later).max_age, 30U);
  const EnrollmentAnswer broken =
      std::unexpected(EnrollmentFailure(Error{Errc::kIo, static_cast<std::uint8_t>(Code::kBadGateway)}));
  EXPECT_EQ(task.reply(broken).code, Code::kBadGateway);
  EXPECT_FALSE(task.reply(broken).max_age);
}

}  // namespace
}  // namespace linnet::server::test
