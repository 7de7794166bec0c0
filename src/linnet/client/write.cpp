// SPDX-License-Identifier: Apache-2.0
// Write and Create: the payload is decoded twice, first to validate all of it, then to apply it,
// so that a request is done as a whole or not at all (Core 1.1 §6.3.3, §6.3.4). Should a handler then
// refuse, the values that were there before are put back.
#include <algorithm>
#include <array>

#include "linnet/client/features.hpp"
#include "linnet/client/request.hpp"
#include "linnet/client/rollback.hpp"
#include "linnet/lwm2m/decimal_digits.hpp"

namespace linnet::client {

using coap::Code;

namespace {

/// The values of one request, all for one object.
class Batch {
 public:
  enum class Kind : std::uint8_t { kWrite, kCreate };

  Batch(Object& object, Kind kind, InstanceId instance) noexcept
      : object_(object), kind_(kind), instance_(instance) {}

  /// First pass: would this record be taken?
  Result<void> operator()(const lwm2m::Record& record) noexcept {
    if (const auto agreed = agree_on_instance(record.path); !agreed) return agreed;
    if (record.path.depth() < 3) return record.value.none() ? Result<void>() : fail(Errc::kMalformed);
    const ResourceDefinition* definition = object_.definition().find(record.path.resource());
    if (definition == nullptr) {
      // What this device does not implement does not hinder a creation.
      return kind_ == Kind::kCreate ? Result<void>() : fail(Errc::kNotFound);
    }
    const bool takes = kind_ == Kind::kCreate ? !lwm2m::executable(definition->operations)
                                              : lwm2m::writable(definition->operations);
    if (!takes) return fail(Errc::kNotAllowed);
    const std::size_t at = index(*definition);
    named_[at / kBits] |= 1U << at % kBits;
    if (!record.value.none()) ++values_;
    return object_.check(*definition, record.path.in_instance(instance_), record.value);
  }

  /// The old values of what was named, and of what `clear_instance` would take.
  Result<void> keep(const ObjectTree& tree, Rollback& before, bool clears) const noexcept {
    // As a whole, or not at all.
    if (!kSnapshots) return before.keep(tree, Path(object_.id()));
    for (const ResourceDefinition& definition : object_.definition().resources) {
      if (!lwm2m::writable(definition.operations)) continue;
      if (!clears && !named(definition)) continue;
      if (const auto kept = before.keep(tree, Path(object_.id(), instance_, definition.id)); !kept)
        return kept;
    }
    return {};
  }

  /// Before a replacement of an instance: whatever is optional and not named goes, and a multiple
  /// resource that is named is written anew.
  void clear_instance() noexcept {
    for (const ResourceDefinition& definition : object_.definition().resources) {
      if (!lwm2m::writable(definition.operations)) continue;
      if (named(definition) ? definition.multiple : !definition.mandatory) {
        object_.erase(Path(object_.id(), instance_, definition.id));
      }
    }
  }

  [[nodiscard]] bool complete() const noexcept {
    for (const ResourceDefinition& definition : object_.definition().resources) {
      if (definition.mandatory && lwm2m::writable(definition.operations) && !named(definition)) {
        return false;
      }
    }
    return true;
  }

  [[nodiscard]] InstanceId instance() const noexcept { return instance_; }
  /// How many values were named.
  [[nodiscard]] std::size_t values() const noexcept { return values_; }
  /// The payload named the instance of a Create.
  [[nodiscard]] bool instance_named() const noexcept { return agreed_; }

 private:
  /// A Create is about one instance, which the payload may name or not.
  Result<void> agree_on_instance(const Path& path) noexcept {
    if (kind_ == Kind::kWrite || path.depth() < 2) return {};
    if (records_++ == 0 && path.instance() != kMaxId) {
      agreed_ = true;
      instance_ = path.instance();
    }
    return path.instance() == (agreed_ ? instance_ : kMaxId) ? Result<void>() : fail(Errc::kInvalidArgument);
  }
  static constexpr std::size_t kBits = 32;

  [[nodiscard]] bool named(const ResourceDefinition& definition) const noexcept {
    const std::size_t at = index(definition);
    return (named_[at / kBits] >> at % kBits & 1U) != 0;
  }
  [[nodiscard]] std::size_t index(const ResourceDefinition& definition) const noexcept {
    return static_cast<std::size_t>(&definition - object_.definition().resources.data());
  }

  Object& object_;
  Kind kind_;
  InstanceId instance_;
  bool agreed_ = false;
  std::uint32_t records_ = 0;
  std::size_t values_ = 0;
  std::array<std::uint32_t, kMaxResources / kBits> named_{};
};

std::string_view number(std::array<std::uint8_t, 5>& text, std::uint16_t id) noexcept {
  ByteWriter out(text);
  lwm2m::write_digits(out, id);
  return as_text(out.written());
}

}  // namespace

/// Where old values are kept while a request is applied.
ByteSpan Engine::rollback() const noexcept {
  return work_.first(work_.size() < config_.max_rollback ? work_.size() : config_.max_rollback);
}

/// What was checked is written; a record that only names something, or names what is not there, is none.
Result<void> Engine::apply(Request& request, const Path* created) noexcept {
  const auto each = [&](const auto& take) {
    return request.decode([&](const lwm2m::Record& record) -> Result<void> {
      const auto value = record.value.convert(tree_.type_of(record.path));
      if (!value || value->none()) return {};
      return take(created != nullptr ? record.path.in_instance(created->instance()) : record.path, *value);
    });
  };
  const auto tell = [&](const Path& path, const Value& value) -> Result<void> {
    emit({.type = EventType::kWritten, .server = request.server->id, .path = path, .value = value});
    return {};
  };
  const auto write = [&](const Path& path, const Value& value) -> Result<void> {
    const auto written = tree_.find(path.object())->write(path, value);
    // What was validated is taken; a handler that refuses now is at fault itself, or names its answer.
    if (!written) {
      const std::uint8_t named = written.error().response;
      return fail(written.error().code,
                  named != 0 ? named : static_cast<std::uint8_t>(Code::kInternalServerError));
    }
    return kRollback ? Result<void>() : tell(path, value);
  };
  const auto announce = [&] {
    if (created != nullptr) emit(EventType::kCreated, request.server->id, *created);
  };
  if constexpr (!kRollback || !kEvents) {
    announce();
    return each(write);
  }
  // What may yet be undone is not told.
  if (const auto written = each(write); !written) return written;
  announce();
  return each(tell);
}

Result<void> Engine::write(Request& request, WriteKind kind) noexcept {
  const Path& path = request.path;
  const auto target = tree_.resolve(path, path.depth() == 3);
  if (!target) return std::unexpected(target.error());
  if (target->definition != nullptr && !lwm2m::writable(target->definition->operations)) {
    return fail(Errc::kNotAllowed);
  }
  const bool several = path.depth() == 2 || kind == WriteKind::kPartial;
  const auto found = request.find_codec(several ? lwm2m::holds_many : any_format);
  if (!found) return found;

  Batch batch(*target->object, Batch::Kind::kWrite, path.instance());
  if (const auto checked = request.decode(batch); !checked) return checked;

  const bool clears_instance = kind == WriteKind::kReplace && path.depth() == 2;
  const bool clears_resource =
      kind == WriteKind::kReplace && path.depth() == 3 && target->definition->multiple;
  Rollback before(rollback());
  if constexpr (kRollback) {
    // A single value is taken or refused by its handler, as a whole.
    const bool one = batch.values() == 1 && !clears_instance && !clears_resource;
    if (!one && !batch.keep(tree_, before, clears_instance)) return fail(Errc::kIo);
  }
  if (clears_instance) batch.clear_instance();
  if (clears_resource) target->object->erase(path);
  const auto applied = apply(request);
  if constexpr (kRollback) {
    if (!applied) before.undo(tree_);
  }
  changed(path);
  return applied;
}

Result<void> Engine::create(Request& request) noexcept {
  Object* object = tree_.find(request.path.object());
  if (object == nullptr) return fail(Errc::kNotFound);
  Batch batch(*object, Batch::Kind::kCreate, object->free_instance());
  if (const auto allowed = object->can_create(batch.instance());
      !allowed && allowed.error().code == Errc::kNotAllowed) {
    return allowed;
  }
  if (const auto found = request.find_codec(lwm2m::holds_many); !found) return found;
  if (const auto checked = request.decode(batch); !checked) return checked;
  const InstanceId instance = batch.instance();
  if (object->exists(instance) || !batch.complete()) return fail(Errc::kMalformed);
  if (const auto allowed = object->can_create(instance); !allowed) return allowed;

  if constexpr (kAccessControl) {
    if (const auto added = access_.add(object->id(), instance, request.server->id); !added) return added;
  }
  if (const auto created = object->create(instance); !created) {
    if constexpr (kAccessControl) access_.remove(object->id(), instance);
    return created;
  }
  const Path path = request.path.child(instance);
  const auto applied = apply(request, &path);
  instances_changed(object->id());
  if (kAccessControl && access_.active()) instances_changed(kAccessControlObject);
  if (!applied) {
    (void)object->remove(instance);
    if constexpr (kAccessControl) access_.remove(object->id(), instance);
    return applied;
  }
  request.reply.code = Code::kCreated;
  if (!batch.instance_named()) {
    request.reply.location[0] = number(location_object_, object->id());
    request.reply.location[1] = number(location_instance_, instance);
  }
  return {};
}

}  // namespace linnet::client
