// SPDX-License-Identifier: Apache-2.0
#include "linnet/server/registration_interface.hpp"

#include <algorithm>

#include "linnet/server/tenant.hpp"

namespace linnet::server {
namespace {

constexpr std::size_t kShortestLink = 5;  // "</1>," in a Register payload

std::unexpected<Error> bad_request(Errc code) noexcept {
  return fail(code, static_cast<std::uint8_t>(coap::Code::kBadRequest));
}

coap::Reply reply_with(coap::Code code) noexcept {
  coap::Reply reply;
  reply.code = code;
  return reply;
}

coap::Reply later() noexcept {
  coap::Reply reply;
  reply.kind = coap::Reply::Kind::kDefer;
  return reply;
}

}  // namespace

void RegistrationInterface::init(const EngineConfig& config, coap::Endpoint& endpoint,
                                 RegistrationTable& registrations, DeviceManagement& management,
                                 DeviceQueue& queue, Listener& listener, Random& random) noexcept {
  config_ = &config;
  endpoint_ = &endpoint;
  registrations_ = &registrations;
  management_ = &management;
  queue_ = &queue;
  listener_ = &listener;
  changes_.init(config.max_changes);
  lists_.init(random);
  extras_.resize(config.max_extra_parameters);
  merged_.resize(config.max_extra_parameters);
  objects_.resize(config.max_object_list);
  entries_.resize(config.endpoint.max_body / kShortestLink + 1);
}

coap::Reply RegistrationInterface::refuse(coap::Code code) noexcept {
  ++counted_.refused;
  return reply_with(code);
}

coap::Reply RegistrationInterface::refuse(const Error& error) noexcept {
  if (error.response != 0) return refuse(static_cast<coap::Code>(error.response));
  return refuse(error.code == Errc::kNoSpace ? coap::Code::kServiceUnavailable : coap::Code::kBadRequest);
}

Result<void> RegistrationInterface::keep_extra(ByteWriter& out, std::string_view name,
                                               std::string_view value) const noexcept {
  const std::size_t size = name.size() + (value.empty() ? 0 : value.size() + 1);
  if (size > 255) return bad_request(Errc::kTooLarge);
  out.u8(static_cast<std::uint8_t>(size));
  out.text(name);
  if (!value.empty()) {
    out.u8('=');
    out.text(value);
  }
  if (!out.ok()) return bad_request(Errc::kTooLarge);
  return {};
}

Result<ByteView> RegistrationInterface::parse_objects(const coap::IncomingRequest& request) noexcept {
  if (request.payload.empty()) return ByteView{};
  const auto format = static_cast<std::uint16_t>(lwm2m::ContentFormat::kLinkFormat);
  if (request.content_format.value_or(format) != format) return bad_request(Errc::kUnsupported);
  const ByteView known = lists_.find(request.payload);
  if (!known.empty()) return known;
  const auto size = lwm2m::compact_object_list(as_text(request.payload), entries_, objects_);
  if (!size && size.error().code == Errc::kNoSpace) {
    return fail(Errc::kTooLarge, static_cast<std::uint8_t>(coap::Code::kRequestEntityTooLarge));
  }
  if (!size) return std::unexpected(size.error());
  const ByteView compact = ByteView(objects_).first(*size);
  lists_.keep(request.payload, compact);
  return compact;
}

Result<RegistrationInterface::Parsed> RegistrationInterface::parse(
    const coap::IncomingRequest& request) noexcept {
  Parsed parsed;
  ByteWriter extras(extras_);
  const auto keep = [&](std::string_view name, std::string_view value) {
    return keep_extra(extras, name, value);
  };
  for (const coap::Option& option : request.options) {
    if (option.number != coap::OptionNumber::kUriQuery) continue;
    const auto read = lwm2m::read_registration_parameter(option.text(), parsed.parameters, keep);
    if (!read) return std::unexpected(read.error());
  }
  if (parsed.parameters.sms) {
    const auto kept = keep("sms", *parsed.parameters.sms);
    if (!kept) return std::unexpected(kept.error());
  }
  parsed.extras = extras.size();
  const auto objects = parse_objects(request);
  if (!objects) return std::unexpected(objects.error());
  parsed.objects = *objects;
  return parsed;
}

coap::Reply RegistrationInterface::created(std::uint32_t index) noexcept {
  location_ = registrations_->id_of(index).text();
  coap::Reply reply = reply_with(coap::Code::kCreated);
  reply.location[0] = "rd";
  reply.location[1] = std::string_view(location_.data(), location_.size());
  return reply;
}

Result<std::string_view> RegistrationInterface::name_within(std::string_view endpoint,
                                                            coap::LinkId link) noexcept {
  const std::string_view tenant = listener_->tenant(link);
  if (tenant.empty()) return endpoint;
  name_.assign(tenant);
  name_ += kTenantMark;
  name_ += endpoint;
  if (name_.size() > lwm2m::kMaxEndpointName) return bad_request(Errc::kTooLarge);
  return name_;
}

coap::Reply RegistrationInterface::register_device(const coap::IncomingRequest& request,
                                                   coap::DeferredId deferred, Instant now) noexcept {
  const auto parsed = parse(request);
  if (!parsed) return refuse(parsed.error());
  const lwm2m::RegistrationParameters& parameters = parsed->parameters;
  const auto complete = lwm2m::check_register(parameters, {});
  if (!complete) return refuse(complete.error());
  if (parsed->objects.empty()) return refuse(coap::Code::kBadRequest);
  const auto name = name_within(*parameters.endpoint, request.link);
  if (!name) return refuse(name.error());
  const auto admitted = listener_->admit(request.link, *name);
  if (!admitted) {
    return admitted.error().response != 0 ? refuse(admitted.error()) : refuse(coap::Code::kForbidden);
  }
  if (registrations_->size() >= config_->max_registrations && registrations_->find(*name) == kNone) {
    return refuse(coap::Code::kServiceUnavailable);
  }
  if (config_->durable && changes_.full()) return refuse(coap::Code::kServiceUnavailable);

  RegistrationContent content;
  content.endpoint = *name;
  content.lifetime = std::max(parameters.lifetime.value_or(lwm2m::kDefaultLifetime), config_->min_lifetime);
  content.version = *parameters.version;
  content.binding = parameters.binding.value_or(lwm2m::Binding(lwm2m::Binding::kUdp));
  if (parameters.queue_mode()) content.binding = content.binding | lwm2m::Binding::kQueue;
  content.objects = parsed->objects;
  content.extras = ByteView(extras_).first(parsed->extras);
  const auto index = registrations_->add(content);
  if (!index) return refuse(index.error());
  RegistrationSlot& slot = (*registrations_)[*index];
  slot.link = coap::index(request.link);
  registrations_->refresh(*index, now);
  slot.registered = slot.updated;
  if (!config_->durable) {
    publish(*index, request.link, now);
    return created(*index);
  }
  const RegistrationId id = registrations_->id_of(*index);
  const Ticket ticket = changes_.add({PendingChange::Kind::kRegister, id, request.link, deferred});
  listener_->on_change(put(*index, ticket), now);
  return later();
}

Change RegistrationInterface::put(std::uint32_t index, std::optional<Ticket> ticket) const noexcept {
  const Registration registration = registrations_->view(index);
  return {Change::Kind::kPut, ticket, registration.id, registration.endpoint, registration.expires};
}

void RegistrationInterface::publish(std::uint32_t index, coap::LinkId link, Instant now) noexcept {
  const std::uint32_t before = registrations_->find(registrations_->name_of((*registrations_)[index]));
  if (before != kNone) end(before, EndReason::kReplaced, now);
  registrations_->publish(index);
  registrations_->attach(index, link);
  registrations_->refresh(index, now);
  ++counted_.registered;
  listener_->on_registered(registrations_->view(index), now);
  queue_->published(index, now);
}

std::uint32_t RegistrationInterface::locate(std::string_view location, coap::LinkId link) noexcept {
  const auto id = RegistrationId::parse(location);
  if (!id) return kNone;
  const std::uint32_t index = registrations_->find(*id);
  if (index == kNone) return kNone;
  const RegistrationSlot& slot = (*registrations_)[index];
  const bool moved = slot.link != coap::index(link);
  if (moved && !config_->follow_address && slot.link != kNone) return kNone;
  return listener_->admit(link, registrations_->name_of(slot)) ? index : kNone;
}

void RegistrationInterface::follow(std::uint32_t index, coap::LinkId link, Instant now) noexcept {
  const RegistrationSlot& slot = (*registrations_)[index];
  if (slot.link == coap::index(link)) return;
  registrations_->attach(index, link);
  UpdateChanges changes;
  changes.link = true;
  listener_->on_updated(registrations_->view(index), changes, now);
  // Where the endpoint registers anew, its record is the new one's already.
  if (config_->durable && !registering(slot)) listener_->on_change(put(index, std::nullopt), now);
}

std::uint32_t RegistrationInterface::sender(coap::LinkId link, Instant now) noexcept {
  const std::uint32_t known = registrations_->first_on(link);
  if (known != kNone || !config_->follow_address) return known;
  const std::string proved = listener_->proved_endpoint(link);
  const std::uint32_t index = proved.empty() ? kNone : registrations_->find(proved);
  if (index == kNone || !listener_->admit(link, proved)) return kNone;
  follow(index, link, now);
  return index;
}

Result<bool> RegistrationInterface::merge_extras(std::uint32_t index, const Parsed& parsed) noexcept {
  if (parsed.extras == 0) return false;
  const ExtraParameters fresh(ByteView(extras_).first(parsed.extras));
  const ByteView before = registrations_->extras_of((*registrations_)[index]);
  ByteWriter out(merged_);
  Result<void> kept;
  ExtraParameters(before).for_each([&](std::string_view name, std::string_view value) {
    if (kept && !fresh.find(name)) kept = keep_extra(out, name, value);
  });
  out.bytes(fresh.encoded());
  if (!kept || !out.ok()) return bad_request(Errc::kTooLarge);
  if (equal(out.written(), before)) return false;
  const auto set = registrations_->set_extras(index, out.written());
  if (!set) return std::unexpected(set.error());
  return true;
}

Result<UpdateChanges> RegistrationInterface::apply(std::uint32_t index, const Parsed& parsed) noexcept {
  RegistrationSlot& slot = (*registrations_)[index];
  const lwm2m::RegistrationParameters& parameters = parsed.parameters;
  UpdateChanges changes;
  const auto merged = merge_extras(index, parsed);
  if (!merged) return std::unexpected(merged.error());
  if (!parsed.objects.empty()) {
    changes.objects = !equal(parsed.objects, registrations_->objects_of(slot));
    if (changes.objects) {
      const auto set = registrations_->set_objects(index, parsed.objects);
      if (!set) return std::unexpected(set.error());
    }
  }
  // Queue mode belongs to the binding: one that is given anew says it anew.
  auto binding = parameters.binding.value_or(lwm2m::Binding::from_bits(slot.binding));
  if (parameters.queue_mode()) binding = binding | lwm2m::Binding::kQueue;
  const std::uint32_t lifetime =
      parameters.lifetime ? std::max(*parameters.lifetime, config_->min_lifetime) : slot.lifetime;
  changes.parameters = *merged || binding.bits() != slot.binding || lifetime != slot.lifetime;
  slot.binding = binding.bits();
  slot.lifetime = lifetime;
  return changes;
}

coap::Reply RegistrationInterface::update(std::string_view location, const coap::IncomingRequest& request,
                                          coap::DeferredId deferred, Instant now) noexcept {
  const std::uint32_t index = locate(location, request.link);
  if (index == kNone) return refuse(coap::Code::kNotFound);
  const auto parsed = parse(request);
  if (!parsed) return refuse(parsed.error());
  if (parsed->parameters.endpoint || parsed->parameters.version) return refuse(coap::Code::kBadRequest);
  if (config_->durable && changes_.full()) return refuse(coap::Code::kServiceUnavailable);
  auto changes = apply(index, *parsed);
  if (!changes) return refuse(changes.error());

  RegistrationSlot& slot = (*registrations_)[index];
  changes->link = slot.link != coap::index(request.link);
  if (changes->link) registrations_->attach(index, request.link);
  registrations_->refresh(index, now);
  if (config_->durable) registrations_->touch(index);
  ++counted_.updated;
  listener_->on_updated(registrations_->view(index), *changes, now);
  queue_->heard(index, now);
  if (!config_->durable || (!changes->any() && !slot.unsaved)) return reply_with(coap::Code::kChanged);

  const bool unsaved = slot.unsaved;
  slot.unsaved = false;
  // A new address alone is no reason to keep the device waiting.
  const bool wait = changes->parameters || changes->objects || unsaved;
  std::optional<Ticket> ticket;
  if (wait)
    ticket =
        changes_.add({PendingChange::Kind::kUpdate, registrations_->id_of(index), request.link, deferred});
  listener_->on_change(put(index, ticket), now);
  return wait ? later() : reply_with(coap::Code::kChanged);
}

coap::Reply RegistrationInterface::deregister(std::string_view location, const coap::IncomingRequest& request,
                                              coap::DeferredId deferred, Instant now) noexcept {
  const std::uint32_t index = locate(location, request.link);
  if (index == kNone) return refuse(coap::Code::kNotFound);
  const RegistrationSlot& slot = (*registrations_)[index];
  // Where the endpoint registers anew, its record is the new one's already.
  if (!config_->durable || registering(slot)) {
    end(index, EndReason::kDeregistered, now);
    return reply_with(coap::Code::kDeleted);
  }
  if (changes_.full()) return refuse(coap::Code::kServiceUnavailable);
  const RegistrationId id = registrations_->id_of(index);
  const Ticket ticket = changes_.add({PendingChange::Kind::kDeregister, id, request.link, deferred});
  listener_->on_change({Change::Kind::kErase, ticket, id, registrations_->name_of(slot), {}}, now);
  return later();
}

void RegistrationInterface::count(EngineStatistics& statistics) const noexcept {
  statistics.registered = counted_.registered;
  statistics.updated = counted_.updated;
  statistics.deregistered = counted_.deregistered;
  statistics.expired = counted_.expired;
  statistics.refused = counted_.refused;
}

}  // namespace linnet::server
