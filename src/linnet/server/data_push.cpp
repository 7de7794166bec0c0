// SPDX-License-Identifier: Apache-2.0
#include "linnet/server/data_push.hpp"

#include "linnet/lwm2m/codec.hpp"

namespace linnet::server {
namespace {

std::unexpected<Error> refusal(Errc code, coap::Code response) noexcept {
  return fail(code, static_cast<std::uint8_t>(response));
}

coap::Reply reply_with(coap::Code code) noexcept {
  coap::Reply reply;
  reply.code = code;
  return reply;
}

}  // namespace

void DataPush::init(const EngineConfig& config, const RegistrationTable& registrations,
                    Listener& listener) noexcept {
  registrations_ = &registrations;
  listener_ = &listener;
  scratch_.resize(config.endpoint.max_body);
}

Result<lwm2m::ContentFormat> DataPush::check(const coap::IncomingRequest& request,
                                             const Registration& registration) noexcept {
  if (!request.content_format) return refusal(Errc::kMalformed, coap::Code::kBadRequest);
  const auto format = static_cast<lwm2m::ContentFormat>(*request.content_format);
  if (format != lwm2m::ContentFormat::kSenmlCbor && format != lwm2m::ContentFormat::kSenmlJson) {
    return refusal(Errc::kUnsupported, coap::Code::kUnsupportedContentFormat);
  }
  std::size_t values = 0;
  const auto take = [&](const lwm2m::Record& record) -> Result<void> {
    if (record.path.depth() < 3 || record.value.none()) {
      return refusal(Errc::kMalformed, coap::Code::kBadRequest);
    }
    if (!registration.objects.contains(record.path.object())) {
      return refusal(Errc::kNotFound, coap::Code::kNotFound);
    }
    ++values;
    return {};
  };
  const auto decoded = lwm2m::decode(
      format, lwm2m::Path(), request.payload, [](const lwm2m::Path&) { return lwm2m::DataType::kNone; },
      scratch_, take);
  if (!decoded) return std::unexpected(decoded.error());
  // A pack has at least one record (RFC 8428 §4), and one without would report nothing.
  if (values == 0) return refusal(Errc::kMalformed, coap::Code::kBadRequest);
  return format;
}

coap::Reply DataPush::send(std::uint32_t index, const coap::IncomingRequest& request, Instant now) noexcept {
  if (index == RegistrationTable::kNone) return reply_with(coap::Code::kNotFound);
  const Registration registration = registrations_->view(index);
  const auto format = check(request, registration);
  if (!format) {
    return reply_with(format.error().response != 0 ? static_cast<coap::Code>(format.error().response)
                                                   : coap::Code::kBadRequest);
  }
  ++taken_;
  listener_->on_sent({registration.id, registration.endpoint, *format, request.payload}, now);
  return reply_with(coap::Code::kChanged);
}

}  // namespace linnet::server
