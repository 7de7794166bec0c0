// SPDX-License-Identifier: Apache-2.0
#include "linnet/server/enrollment.hpp"

#include <array>
#include <optional>
#include <span>

namespace linnet::server {
namespace {

using coap::Code;

/// The segments behind /.well-known/est or /est, as far as there is one of them at most: nothing for a
/// path that is not EST's.
struct EstPath {
  bool est = false;
  std::string_view resource;  // empty: none, or too many
};

EstPath est_path(const coap::Options& options) noexcept {
  std::array<std::string_view, 3> segments;
  std::size_t count = 0;
  for (const coap::Option& option : options) {
    if (option.number != coap::OptionNumber::kUriPath) continue;
    if (count == segments.size()) return {};
    segments[count++] = option.text();
  }
  std::span<const std::string_view> path(segments.data(), count);
  if (!path.empty() && path.front() == ".well-known") path = path.subspan(1);
  if (path.empty() || path.front() != "est") return {};
  return {.est = true, .resource = path.size() == 2 ? path[1] : std::string_view{}};
}

/// Nothing for a content format that is not EST's.
std::optional<CertificateForm> form_of(std::optional<std::uint16_t> accept) noexcept {
  if (!accept) return CertificateForm::kBundle;
  const CertificateForm form{*accept};
  if (form != CertificateForm::kBundle && form != CertificateForm::kCertificate) return std::nullopt;
  return form;
}

Code code_of(Errc why) noexcept {
  switch (why) {
    case Errc::kUnauthorized: return Code::kForbidden;
    case Errc::kIo: return Code::kServiceUnavailable;
    default: return Code::kBadRequest;
  }
}

coap::Reply reply_with(Code code) noexcept {
  coap::Reply reply;
  reply.code = code;
  return reply;
}

}  // namespace

bool EnrollmentInterface::takes(const coap::Options& options) noexcept {
  return est_path(options).est;
}

coap::Reply EnrollmentInterface::answer(const coap::IncomingRequest& request, std::string_view endpoint) {
  const std::string_view resource = est_path(request.options).resource;
  const bool reads = resource == "crts";
  const bool enrolls = resource == "sen" || resource == "sren";
  if (!reads && !enrolls) return reply_with(Code::kNotFound);
  if (request.method != (reads ? Code::kGet : Code::kPost)) return reply_with(Code::kMethodNotAllowed);
  const auto form = form_of(request.accept);
  if (!form) return reply_with(Code::kNotAcceptable);
  if (enrolls) {
    if (endpoint.empty()) return reply_with(Code::kUnauthorized);
    if (request.content_format != kPkcs10Format) return reply_with(Code::kUnsupportedContentFormat);
    if (request.payload.size() > EnrollmentAuthority::kMaxRequest)
      return reply_with(Code::kRequestEntityTooLarge);
  }
  auto made = reads ? authority_.certificates(*form)
                    : authority_.enroll({.endpoint = endpoint, .request = request.payload, .form = *form});
  if (!made) {
    const bool wrong_form = reads && made.error().code == Errc::kUnsupported;
    return reply_with(wrong_form ? Code::kNotAcceptable : code_of(made.error().code));
  }
  body_ = *std::move(made);
  coap::Reply reply = reply_with(reads ? Code::kContent : Code::kChanged);
  reply.content_format = static_cast<std::uint16_t>(*form);
  reply.payload = body_;
  return reply;
}

}  // namespace linnet::server
