// SPDX-License-Identifier: Apache-2.0
// EST from outside: the request of a device at its interface and its authority, and what a device makes of an
// answer. A certificate that is given is of the key that asked and names the endpoint, whatever came.
#include <cstdlib>

#include "linnet/server/enrollment.hpp"
#include "linnet/tls/certificate_authority.hpp"
#include "linnet/tls/certification_request.hpp"
#include "linnet/tls/registrar.hpp"

namespace {

using namespace linnet;

void require(bool holds) {
  if (!holds) std::abort();
}

/// Made once: keys cost more than all else here.
struct Fixture {
  Fixture() {
    const auto made = tls::CertificateAuthority::make("fuzz");
    require(made.has_value());
    authority.emplace(*tls::CertificateAuthority::open(made->certificate, made->key, {}));
    key = *tls::make_private_key();
    authorities = *authority->certificates(server::CertificateForm::kBundle);
    const auto request = *tls::make_certification_request(key, "urn:fuzz");
    wanted.emplace(*tls::admit_request({.endpoint = "urn:fuzz", .request = request}));
  }
  std::optional<tls::CertificateAuthority> authority;
  std::optional<tls::ProvenRequest> wanted;
  std::vector<std::uint8_t> key, authorities;
};

coap::IncomingRequest request_of(const coap::Message& message) {
  coap::IncomingRequest request;
  request.method = message.code();
  request.options = message.options();
  request.payload = message.payload();
  for (const coap::Option& option : message.options()) {
    if (option.number == coap::OptionNumber::kAccept)
      request.accept = static_cast<std::uint16_t>(option.uint());
    if (option.number == coap::OptionNumber::kContentFormat)
      request.content_format = static_cast<std::uint16_t>(option.uint());
  }
  return request;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Fixture fixture;
  const ByteView bytes(data, size);
  if (const auto message = coap::Message::decode(bytes);
      message && server::EnrollmentInterface::takes(message->options())) {
    server::EnrollmentInterface interface(*fixture.authority);
    const coap::Reply reply = interface.answer(request_of(*message), "urn:fuzz");
    require(coap::is_success(reply.code) != reply.payload.empty());
    require(!coap::is_success(interface.answer(request_of(*message), "").code) ||
            message->code() == coap::Code::kGet);
  }
  const auto issued = fixture.authority->enroll(
      {.endpoint = "urn:fuzz", .request = bytes, .form = server::CertificateForm::kCertificate});
  if (issued) {
    require(tls::check_issuer(*issued, fixture.authorities, 281).has_value());
    require(tls::validity_of(*issued).has_value());
  }
  // As a registrar: what is passed on names the endpoint and nobody beside it.
  if (const auto wanted = tls::admit_request({.endpoint = "urn:fuzz", .request = bytes})) {
    require(wanted->common_name.empty() || wanted->common_name == "urn:fuzz");
    const auto whole = fixture.authority->enroll({.endpoint = "urn:fuzz", .request = bytes});
    require(!whole ||
            tls::pass_on_certificate(*whole, *wanted, "urn:fuzz", server::CertificateForm::kCertificate));
  }
  static_cast<void>(
      tls::pass_on_certificate(bytes, *fixture.wanted, "urn:fuzz", server::CertificateForm::kBundle));
  static_cast<void>(tls::pass_on_authorities(bytes, server::CertificateForm::kCertificate));
  for (const std::uint16_t form : {std::uint16_t{281}, std::uint16_t{287}, std::uint16_t{60}}) {
    static_cast<void>(tls::read_enrolled(bytes, form, fixture.key));
    static_cast<void>(tls::check_issuer(bytes, fixture.authorities, form));
  }
  static_cast<void>(tls::check_issuer(fixture.authorities, bytes, 281));
  return 0;
}
