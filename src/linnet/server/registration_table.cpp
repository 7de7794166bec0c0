// SPDX-License-Identifier: Apache-2.0
#include "linnet/server/registration_table.hpp"

#include <algorithm>
#include <limits>

namespace linnet::server {
namespace {

std::int32_t second_of(Instant now) noexcept {
  return static_cast<std::int32_t>(std::chrono::floor<Seconds>(now.time_since_epoch()).count());
}

/// Seconds from an earlier to a later moment, whatever they are.
std::uint64_t distance(UnixTime earlier, UnixTime later) noexcept {
  return static_cast<std::uint64_t>(later.seconds) - static_cast<std::uint64_t>(earlier.seconds);
}

}  // namespace

void RegistrationTable::init(const EngineConfig& config, Random& random) noexcept {
  // Room beside the registrations: one that replaces another exists beside it for a while.
  const std::uint64_t wanted =
      std::uint64_t{config.max_registrations} + (config.durable ? config.max_changes : 1U);
  capacity_ = static_cast<std::uint32_t>(std::min<std::uint64_t>(wanted, RegistrationId::kMaxIndex));
  max_links_ = config.endpoint.max_peers;
  grace_ = static_cast<std::uint32_t>(config.lifetime_grace.count());
  shard_ = config.shard;
  random_ = &random;
  slots_ = std::make_unique_for_overwrite<Slot[]>(capacity_);
  timers_ = std::make_unique_for_overwrite<TimerWheel<std::uint32_t>::Node[]>(capacity_);
  links_ = std::make_unique_for_overwrite<std::uint32_t[]>(max_links_);
  touched_ = std::make_unique<std::uint64_t[]>(capacity_ / 64 + 1);
  wheel_.init({timers_.get(), capacity_});
  names_.init(capacity_);
  hasher_.init(random);
  pool_.init(config.max_string_bytes);
  interned_.init(pool_, hasher_);
}

Registration RegistrationTable::view(std::uint32_t index) const noexcept {
  const Slot& slot = slots_[index];
  Registration registration;
  registration.id = id_of(index);
  registration.endpoint = name_of(slot);
  registration.link = coap::LinkId{slot.link};
  registration.lifetime = slot.lifetime;
  registration.version = slot.version;
  registration.binding = lwm2m::Binding::from_bits(slot.binding);
  registration.object_list = objects_of(slot);
  registration.objects = lwm2m::CompactObjectList(registration.object_list);
  registration.extras = ExtraParameters(extras_of(slot));
  registration.registered = Instant{Seconds{slot.registered}};
  registration.updated = Instant{Seconds{slot.updated}};
  registration.expires = slot.deadline == Slot::kNeverExpires ? kNever : Instant{Seconds{slot.deadline}};
  return registration;
}

bool RegistrationTable::holds(RegistrationId id) const noexcept {
  const std::uint32_t index = id.index();
  return id.shard() == shard_ && index < used_ && slots_[index].state != Slot::State::kFree &&
         slots_[index].tag == id.tag();
}

std::uint32_t RegistrationTable::find(RegistrationId id) const noexcept {
  const std::uint32_t index = id.index();
  if (id.shard() != shard_ || index >= used_) return kNone;
  return slots_[index].state == Slot::State::kLive && slots_[index].tag == id.tag() ? index : kNone;
}

std::uint32_t RegistrationTable::find(std::string_view endpoint) const noexcept {
  return names_.find(hasher_(as_bytes(endpoint)),
                     [&](std::uint32_t index) { return name_of(slots_[index]) == endpoint; });
}

void RegistrationTable::open(std::uint32_t index) noexcept {
  slots_[index] = Slot{};
  slots_[index].tag = static_cast<std::uint16_t>(random_->next());
  wheel_.reset(index);
}

void RegistrationTable::release(std::uint32_t index) noexcept {
  slots_[index].state = Slot::State::kFree;
  push(free_, index);
}

void RegistrationTable::push(std::uint32_t& first, std::uint32_t index) noexcept {
  slots_[index].next = first;
  slots_[index].previous = kNone;
  if (first != kNone) slots_[first].previous = index;
  first = index;
}

void RegistrationTable::take_out(std::uint32_t& first, std::uint32_t index) noexcept {
  Slot& slot = slots_[index];
  if (slot.next != kNone) slots_[slot.next].previous = slot.previous;
  (slot.previous != kNone ? slots_[slot.previous].next : first) = slot.next;
  slot.next = slot.previous = kNone;
}

Result<void> RegistrationTable::fill(std::uint32_t index, std::uint16_t tag,
                                     const RegistrationContent& content) noexcept {
  const auto objects = interned_.intern(content.objects);
  if (!objects) return std::unexpected(objects.error());
  const auto extras = interned_.intern(content.extras);
  if (!extras) {
    interned_.release(*objects);
    return std::unexpected(extras.error());
  }
  const BytePool::Ref name = pool_.add(as_bytes(content.endpoint));
  if (name == BytePool::kNone) {
    interned_.release(*objects);
    interned_.release(*extras);
    return fail(Errc::kNoSpace);
  }
  Slot slot{};
  slot.link = slot.next = slot.previous = slot.observations = slot.operations = kNone;
  slot.name = name;
  slot.name_size = static_cast<std::uint8_t>(content.endpoint.size());
  slot.name_hash = hasher_(as_bytes(content.endpoint));
  slot.objects = *objects;
  slot.extras = *extras;
  slot.lifetime = content.lifetime;
  slot.deadline = Slot::kNeverExpires;
  slot.version = content.version;
  slot.binding = content.binding.bits();
  slot.tag = tag;
  slot.state = Slot::State::kPending;
  slots_[index] = slot;
  return {};
}

Result<std::uint32_t> RegistrationTable::add(const RegistrationContent& content) noexcept {
  if (free_ == kNone) {
    if (used_ == capacity_) return fail(Errc::kNoSpace);
    open(used_);
    release(used_++);
  }
  const std::uint32_t index = free_;
  // Never the tag that this place had last, so that the last location is stale for sure.
  const auto tag = static_cast<std::uint16_t>(slots_[index].tag + 1U + random_->below(0xFFFF));
  take_out(free_, index);
  const auto filled = fill(index, tag, content);
  if (!filled) {
    release(index);
    return std::unexpected(filled.error());
  }
  return index;
}

Result<void> RegistrationTable::add_at(RegistrationId id, const RegistrationContent& content) noexcept {
  const std::uint32_t index = id.index();
  if (index >= capacity_) return fail(Errc::kNoSpace);
  const std::uint32_t first_new = used_;
  while (used_ <= index) {
    open(used_);
    if (used_ != index) release(used_);
    ++used_;
  }
  if (index < first_new) {
    if (slots_[index].state != Slot::State::kFree) return fail(Errc::kExists);
    take_out(free_, index);
  }
  const auto filled = fill(index, id.tag(), content);
  if (!filled) release(index);
  return filled;
}

void RegistrationTable::publish(std::uint32_t index) noexcept {
  slots_[index].state = Slot::State::kLive;
  names_.insert(slots_[index].name_hash, index);
  ++live_;
}

void RegistrationTable::remove(std::uint32_t index) noexcept {
  Slot& slot = slots_[index];
  if (slot.state == Slot::State::kLive) {
    detach(index);
    names_.erase(slot.name_hash, index, [&](std::uint32_t other) { return slots_[other].name_hash; });
    --live_;
  }
  wheel_.cancel(index);
  untouch(index);
  pool_.remove(slot.name, slot.name_size);
  interned_.release(slot.objects);
  interned_.release(slot.extras);
  release(index);
}

void RegistrationTable::detach(std::uint32_t index) noexcept {
  Slot& slot = slots_[index];
  if (slot.link == kNone) return;
  take_out(links_[slot.link], index);
  slot.link = kNone;
}

void RegistrationTable::attach(std::uint32_t index, coap::LinkId link) noexcept {
  Slot& slot = slots_[index];
  if (slot.state != Slot::State::kLive) {
    slot.link = coap::index(link);
    return;
  }
  detach(index);
  const std::uint32_t place = coap::index(link);
  if (place >= max_links_) return;
  while (links_used_ <= place) links_[links_used_++] = kNone;
  slot.link = place;
  push(links_[place], index);
}

Result<void> RegistrationTable::set_objects(std::uint32_t index, ByteView compact) noexcept {
  const auto objects = interned_.intern(compact);
  if (!objects) return std::unexpected(objects.error());
  interned_.release(slots_[index].objects);
  slots_[index].objects = *objects;
  return {};
}

Result<void> RegistrationTable::set_extras(std::uint32_t index, ByteView encoded) noexcept {
  const auto extras = interned_.intern(encoded);
  if (!extras) return std::unexpected(extras.error());
  interned_.release(slots_[index].extras);
  slots_[index].extras = *extras;
  return {};
}

void RegistrationTable::refresh(std::uint32_t index, Instant now) noexcept {
  Slot& slot = slots_[index];
  slot.updated = second_of(now);
  // Rounded up: never a fraction of a second too early.
  const auto from = static_cast<std::uint64_t>(std::chrono::ceil<Seconds>(now.time_since_epoch()).count());
  expire_at(index, from + slot.lifetime + grace_);
}

void RegistrationTable::resume(std::uint32_t index, const Calendar& kept, Instant now, UnixTime wall,
                               Seconds grace) noexcept {
  Slot& slot = slots_[index];
  constexpr std::int64_t kLongestAge = std::numeric_limits<std::int32_t>::max();
  const std::int32_t second = second_of(now);
  const auto age = static_cast<std::int32_t>(
      kept.registered < wall ? std::min<std::uint64_t>(distance(kept.registered, wall), kLongestAge) : 0);
  slot.registered = second - age;
  slot.updated = second;
  const std::uint64_t whole = std::uint64_t{slot.lifetime} + grace_;
  // A refresh in the last second before a crash was answered and is not on disk. It came before the
  // expiry that is, so that the lease may run for a whole lifetime beyond that.
  const std::uint64_t late = kept.expires < wall ? distance(kept.expires, wall) : 0;
  const std::uint64_t left = late < whole ? whole - late : 0;
  expire_at(index,
            static_cast<std::uint64_t>(second) + 1U + left + static_cast<std::uint64_t>(grace.count()));
}

void RegistrationTable::expire_at(std::uint32_t index, std::uint64_t at) noexcept {
  Slot& slot = slots_[index];
  const std::uint32_t before = slot.deadline;
  slot.deadline = static_cast<std::uint32_t>(std::min<std::uint64_t>(at, Slot::kNeverExpires));
  if (slot.state != Slot::State::kLive) return;
  if (slot.timed && slot.deadline >= before && slot.deadline != Slot::kNeverExpires) return;
  slot.timed = slot.deadline != Slot::kNeverExpires;
  if (slot.timed) {
    wheel_.arm(index, slot.deadline);
  } else {
    wheel_.cancel(index);
  }
}

void RegistrationTable::drain_touched(FunctionRef<bool(const Registration&)> visit) noexcept {
  const std::size_t words = used_ / 64 + 1;
  for (std::size_t word = 0; word < words; ++word) {
    while (touched_[word] != 0) {
      const auto index =
          static_cast<std::uint32_t>(word * 64 + static_cast<unsigned>(std::countr_zero(touched_[word])));
      untouch(index);
      if (slots_[index].state == Slot::State::kLive && !visit(view(index))) return;
    }
  }
}

}  // namespace linnet::server
