// SPDX-License-Identifier: Apache-2.0
#include "enrollments.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "linnet/api/problem.hpp"
#include "linnet/base/wipe.hpp"
#include "linnet/server/enrollment.hpp"

namespace linnet::device {

using coap::Code;

namespace {

constexpr std::uint8_t kVersion = 1;

/// The request for a resource of EST, answered by a bundle.
coap::OutgoingRequest request_for(std::span<const std::string_view> path, Code method) {
  coap::OutgoingRequest request;
  request.method = method;
  request.path = path;
  request.accept = static_cast<std::uint16_t>(server::CertificateForm::kBundle);
  return request;
}

std::uint16_t form_of(const coap::IncomingResponse& answer) {
  return answer.content_format.value_or(static_cast<std::uint16_t>(server::CertificateForm::kBundle));
}

}  // namespace

Enrollments::Enrolled::~Enrolled() {
  wipe(key);
}

void Enrollments::begin(client::Engine& engine, std::string endpoint) {
  engine_ = &engine;
  endpoint_ = std::move(endpoint);
  client::Respondent& respondent = *this;
  question_ = std::make_unique<client::Question>(engine, respondent);
}

void Enrollments::end() noexcept {
  question_.reset();
  engine_ = nullptr;
  step_ = Step::kNone;
  wipe(key_);
}

const Enrollments::Enrolled* Enrollments::find(lwm2m::ShortServerId server, const AccountHash& account,
                                               UnixTime now) const {
  const auto row = rows_.find(server);
  const bool good =
      row != rows_.end() && row->second.account == account && row->second.validity.until > now.seconds;
  return good ? &row->second : nullptr;
}

std::optional<lwm2m::ShortServerId> Enrollments::due(UnixTime now) const {
  if (busy()) return std::nullopt;
  for (const auto& [server, row] : rows_) {
    const std::int64_t life = row.validity.until - row.validity.from;
    if (now.seconds < row.validity.from + life / 3 * 2) continue;
    const auto tried = tried_.find(server);
    if (tried == tried_.end() || now.seconds >= tried->second.seconds + kRenewalPause.count()) return server;
  }
  return std::nullopt;
}

void Enrollments::enroll(lwm2m::ShortServerId server, const AccountHash& account, coap::LinkId link,
                         UnixTime now) {
  server_ = server;
  account_ = account;
  link_ = link;
  const auto row = rows_.find(server);
  again_ = row != rows_.end() && row->second.account == account;
  tried_[server] = now;
  outcome_.reset();
  step_ = Step::kAuthorities;
  constexpr std::array<std::string_view, 3> kPath{".well-known", "est", "crts"};
  if (const auto asked = question_->ask(link_, request_for(kPath, Code::kGet)); !asked)
    finish(asked.error().code, "its bootstrap server cannot be asked for certificates");
}

void Enrollments::on_answer(const coap::IncomingResponse& answer) noexcept {
  const bool wanted =
      step_ == Step::kAuthorities ? answer.code == Code::kContent : answer.code == Code::kChanged;
  if (!wanted) {
    const bool later = answer.code == Code::kServiceUnavailable;
    return finish(later ? Errc::kBusy : Errc::kUnauthorized,
                  std::string("its bootstrap server answers a request for ") +
                      (step_ == Step::kAuthorities ? "its authorities" : "a certificate") + " by " +
                      api::code_text(answer.code));
  }
  if (step_ == Step::kCertificate) return take_certificate(answer);
  authorities_.assign(answer.payload.begin(), answer.payload.end());
  authorities_form_ = form_of(answer);
  ask_for_certificate();
}

void Enrollments::on_no_answer(Errc why) noexcept {
  finish(why, "its bootstrap server does not answer requests for a certificate");
}

/// Each certificate is of a key of its own.
void Enrollments::ask_for_certificate() {
  step_ = Step::kCertificate;
  auto key = tls::make_private_key();
  if (!key) return finish(Errc::kIo, "no key could be made");
  wipe(key_);
  key_ = *std::move(key);
  const auto wanted = tls::make_certification_request(key_, endpoint_);
  if (!wanted) return finish(Errc::kIo, "no certification request could be made");
  const std::array<std::string_view, 3> path{".well-known", "est", again_ ? "sren" : "sen"};
  coap::OutgoingRequest request = request_for(path, Code::kPost);
  request.content_format = server::kPkcs10Format;
  request.payload = *wanted;
  if (const auto asked = question_->ask(link_, request); !asked)
    finish(asked.error().code, "its bootstrap server cannot be asked for a certificate");
}

void Enrollments::take_certificate(const coap::IncomingResponse& answer) {
  auto certificate = tls::read_enrolled(answer.payload, form_of(answer), key_);
  if (!certificate) return finish(Errc::kUnauthorized, "what came for its key is no certificate of it");
  const auto issued = tls::check_issuer(*certificate, authorities_, authorities_form_);
  if (!issued)
    return finish(Errc::kUnauthorized, "the certificate that came is of none of the server's authorities");
  const auto validity = tls::validity_of(*certificate);
  if (!validity || certificate->size() > kMaxBytes)
    return finish(Errc::kUnauthorized, "its certificate cannot be used");
  if (rows_.size() >= kMaxEnrolled && !rows_.contains(server_))
    return finish(Errc::kNoSpace, "there is no room for its certificate");
  Enrolled& row = rows_[server_];
  wipe(row.key);
  row.account = account_;
  row.key = std::exchange(key_, {});
  row.certificate = *std::move(certificate);
  row.validity = *validity;
  finish({}, {});
}

void Enrollments::finish(Errc why, std::string reason) {
  if (question_) question_->cancel();
  step_ = Step::kNone;
  wipe(key_);
  key_.clear();
  authorities_.clear();
  outcome_ = {.server = server_, .why = why, .reason = std::move(reason)};
}

void Enrollments::save(ByteWriter& out) const noexcept {
  out.u8(kVersion);
  for (const auto& [server, row] : rows_) {
    out.uint(server, 2);
    out.bytes(row.account);
    for (const tls::OwnedBytes* const part : {&row.key, &row.certificate}) {
      out.uint(part->size(), 2);
      out.bytes(*part);
    }
  }
}

void Enrollments::load(ByteView state) noexcept {
  clear();
  ByteReader in(state);
  if (in.u8().value_or(std::uint8_t{0}) != kVersion) return;
  while (!in.empty() && rows_.size() < kMaxEnrolled) {
    const auto server = in.uint(2);
    const auto account = in.bytes(std::tuple_size_v<AccountHash>);
    Enrolled row;
    for (tls::OwnedBytes* const part : {&row.key, &row.certificate}) {
      const auto size = in.uint(2);
      const auto bytes = size ? in.bytes(*size) : fail(Errc::kTruncated);
      if (!bytes) return;
      part->assign(bytes->begin(), bytes->end());
    }
    const auto validity = tls::validity_of(row.certificate);
    if (!server || !account || !validity) return;
    std::ranges::copy(*account, row.account.begin());
    row.validity = *validity;
    rows_[static_cast<lwm2m::ShortServerId>(*server)] = std::move(row);
  }
}

}  // namespace linnet::device
