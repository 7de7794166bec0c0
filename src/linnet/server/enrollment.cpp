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

Code code_of(const Error& error) noexcept {
  if (error.response != 0) return Code{error.response};
  switch (error.code) {
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

EnrollmentAnswer EnrollmentTask::run(EnrollmentAuthority& authority) const {
  if (kind == Kind::kCertificates) return authority.certificates(form);
  return authority.enroll(
      {.endpoint = endpoint, .request = request, .form = form, .renews = kind == Kind::kRenew});
}

coap::Reply EnrollmentTask::reply(const EnrollmentAnswer& answer) const noexcept {
  if (!answer) {
    coap::Reply refused = reply_with(code_of(answer.error()));
    if (refused.code == Code::kServiceUnavailable && answer.error().retry_after != 0)
      refused.max_age = answer.error().retry_after;
    return refused;
  }
  coap::Reply reply = reply_with(kind == Kind::kCertificates ? Code::kContent : Code::kChanged);
  reply.content_format = static_cast<std::uint16_t>(form);
  reply.payload = *answer;
  return reply;
}

std::expected<EnrollmentTask, Code> EnrollmentInterface::read(const coap::IncomingRequest& request,
                                                              std::string_view endpoint) {
  const std::string_view resource = est_path(request.options).resource;
  EnrollmentTask task;
  if (resource == "sen")
    task.kind = EnrollmentTask::Kind::kEnroll;
  else if (resource == "sren")
    task.kind = EnrollmentTask::Kind::kRenew;
  else if (resource != "crts")
    return std::unexpected(Code::kNotFound);
  const bool reads = task.kind == EnrollmentTask::Kind::kCertificates;
  if (request.method != (reads ? Code::kGet : Code::kPost)) return std::unexpected(Code::kMethodNotAllowed);
  const auto form = form_of(request.accept);
  if (!form) return std::unexpected(Code::kNotAcceptable);
  task.form = *form;
  if (reads) return task;
  if (endpoint.empty()) return std::unexpected(Code::kUnauthorized);
  if (request.content_format != kPkcs10Format) return std::unexpected(Code::kUnsupportedContentFormat);
  if (request.payload.size() > EnrollmentAuthority::kMaxRequest)
    return std::unexpected(Code::kRequestEntityTooLarge);
  task.endpoint = endpoint;
  task.request.assign(request.payload.begin(), request.payload.end());
  return task;
}

coap::Reply EnrollmentInterface::answer(const coap::IncomingRequest& request, std::string_view endpoint) {
  const auto task = read(request, endpoint);
  if (!task) return reply_with(task.error());
  last_ = task->run(authority_);
  return task->reply(last_);
}

}  // namespace linnet::server
