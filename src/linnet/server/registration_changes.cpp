// SPDX-License-Identifier: Apache-2.0
// The end of registrations, and what the store's answer leads to: the part of RegistrationInterface
// that is not a request.
#include "linnet/server/registration_interface.hpp"

namespace linnet::server {

void RegistrationInterface::settle(const PendingChange& change, const coap::Reply& reply,
                                   Instant now) noexcept {
  // The device may have given up meanwhile: then nobody waits for the answer.
  const auto answered = endpoint_->respond(change.deferred, reply, now);
  static_cast<void>(answered);
}

void RegistrationInterface::committed(Ticket ticket, Instant now) noexcept {
  const PendingChange change = changes_.take(ticket);
  coap::Reply reply;
  switch (change.kind) {
    case PendingChange::Kind::kFree: return;
    case PendingChange::Kind::kRegister:
      publish(change.id.index(), change.link, now);
      reply = created(change.id.index());
      break;
    case PendingChange::Kind::kUpdate: reply.code = coap::Code::kChanged; break;
    case PendingChange::Kind::kDeregister: {
      const std::uint32_t index = registrations_->find(change.id);
      if (index != kNone) end(index, EndReason::kDeregistered, now);
      reply.code = coap::Code::kDeleted;
      break;
    }
  }
  settle(change, reply, now);
}

void RegistrationInterface::refused(Ticket ticket, Instant now) noexcept {
  const PendingChange change = changes_.take(ticket);
  if (change.kind == PendingChange::Kind::kFree) return;
  if (change.kind == PendingChange::Kind::kRegister) registrations_->remove(change.id.index());
  if (change.kind == PendingChange::Kind::kUpdate) {
    const std::uint32_t index = registrations_->find(change.id);
    if (index != kNone) (*registrations_)[index].unsaved = true;
  }
  settle(change, refuse(coap::Code::kServiceUnavailable), now);
}

bool RegistrationInterface::registering(const RegistrationSlot& slot) noexcept {
  bool found = false;
  changes_.for_each([&](const PendingChange& change) {
    if (change.kind != PendingChange::Kind::kRegister) return;
    const RegistrationSlot& other = (*registrations_)[change.id.index()];
    found = found || (other.name_hash == slot.name_hash &&
                      registrations_->name_of(other) == registrations_->name_of(slot));
  });
  return found;
}

void RegistrationInterface::end(std::uint32_t index, EndReason why, Instant now) noexcept {
  management_->end(index, now);
  if (why == EndReason::kDeregistered) {
    ++counted_.deregistered;
    queue_->cancel_all(registrations_->name_of((*registrations_)[index]), QueuedReason::kDeregistered, now);
  }
  if (why == EndReason::kExpired) ++counted_.expired;
  listener_->on_ended(registrations_->view(index), why, now);
  registrations_->remove(index);
}

void RegistrationInterface::end_for_good(std::uint32_t index, EndReason why, Instant now) noexcept {
  const RegistrationSlot& slot = (*registrations_)[index];
  if (config_->durable && !registering(slot)) {
    listener_->on_change(
        {Change::Kind::kErase, std::nullopt, registrations_->id_of(index), registrations_->name_of(slot), {}},
        now);
  }
  end(index, why, now);
}

void RegistrationInterface::step(Instant now) noexcept {
  registrations_->advance(now, [&](std::uint32_t index) { end_for_good(index, EndReason::kExpired, now); });
}

void RegistrationInterface::drop(coap::LinkId link) noexcept {
  for (std::uint32_t index = registrations_->first_on(link); index != kNone;
       index = registrations_->first_on(link)) {
    registrations_->attach(index, coap::kNoLink);
  }
  changes_.for_each([&](PendingChange& change) {
    if (change.link == link) change.link = coap::kNoLink;
  });
}

}  // namespace linnet::server
