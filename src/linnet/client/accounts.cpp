// SPDX-License-Identifier: Apache-2.0
#include "linnet/client/accounts.hpp"

#include <cstring>
#include <span>

#include "linnet/client/features.hpp"
#include "linnet/client/typed_resource.hpp"

namespace linnet::client {

namespace {

enum SecurityResource : ResourceId { kBootstrapServerFlag = 1, kSecurityShortServerId = 10 };

/// The resources of object 1 that the engine obeys.
enum ServerResource : ResourceId {
  kShortServerId = 0,
  kLifetime = 1,
  kDefaultPmin = 2,
  kDefaultPmax = 3,
  kDisableTimeout = 5,
  kNotificationStoring = 6,
  kBinding = 7,
  kPriority = 13,
  kInitialDelay = 14,
  kFailureBlock = 15,
  kBootstrapOnFailure = 16,
  kRetryCount = 17,
  kRetryTimer = 18,
  kSequenceDelay = 19,
  kSequenceCount = 20,
  kPreferredTransport = 22,
};

/// Where in the settings a number goes.
struct Number {
  std::uint8_t resource;
  std::uint8_t offset;
};
template <std::uint32_t ServerSettings::* kField>
constexpr Number number(ServerResource resource) noexcept {
  return {static_cast<std::uint8_t>(resource), static_cast<std::uint8_t>(offset_of<kField>())};
}
/// The last seven only where there are sequences.
constexpr Number kNumbers[]{number<&ServerSettings::lifetime>(kLifetime),
                            number<&ServerSettings::default_pmin>(kDefaultPmin),
                            number<&ServerSettings::default_pmax>(kDefaultPmax),
                            number<&ServerSettings::disable_timeout>(kDisableTimeout),
                            number<&ServerSettings::store_notifications>(kNotificationStoring),
                            number<&ServerSettings::retry_count>(kRetryCount),
                            number<&ServerSettings::retry_timer>(kRetryTimer),
                            number<&ServerSettings::sequence_delay>(kSequenceDelay),
                            number<&ServerSettings::sequence_count>(kSequenceCount),
                            number<&ServerSettings::initial_delay>(kInitialDelay),
                            number<&ServerSettings::failure_block>(kFailureBlock),
                            number<&ServerSettings::bootstrap_on_failure>(kBootstrapOnFailure)};

/// A single resource that is there; no value at all for any other.
Value present(Object* object, InstanceId instance, ResourceId resource) noexcept {
  if (object == nullptr || !object->exists(instance)) return {};
  const ResourceDefinition* definition = object->definition().find(resource);
  if (definition == nullptr || !object->has(instance, *definition)) return {};
  return object->read(Path(object->id(), instance, resource)).value_or(Value());
}
Value present(const ObjectTree& tree, const Path& path) noexcept {
  return present(tree.find(path.object()), path.instance(), path.resource());
}

/// Absent where the value is of no number.
std::optional<std::uint32_t> as_number(const Value& value) noexcept {
  if (value.type() == lwm2m::DataType::kBoolean) return value.as_boolean() ? 1U : 0U;
  const std::uint64_t number = value.as_unsigned() | static_cast<std::uint64_t>(value.as_integer());
  if (!value.numeric() || number > UINT32_MAX) return std::nullopt;
  return static_cast<std::uint32_t>(number);
}

/// `absent` where there is no text or no binding in it.
lwm2m::Binding binding_of(Object* object, InstanceId instance, ResourceId resource,
                          lwm2m::Binding absent) noexcept {
  return lwm2m::Binding::parse(present(object, instance, resource).as_string()).value_or(absent);
}

}  // namespace

std::uint32_t number_of(Object* object, InstanceId instance, ResourceId resource,
                        std::uint32_t absent) noexcept {
  return as_number(present(object, instance, resource)).value_or(absent);
}

ShortServerId id_of(Object* object, InstanceId instance, ResourceId resource) noexcept {
  const std::uint32_t id = number_of(object, instance, resource, 0);
  return id < kMaxId ? static_cast<ShortServerId>(id) : ShortServerId{0};
}

std::optional<std::uint32_t> read_number(const ObjectTree& tree, const Path& path) noexcept {
  return as_number(present(tree, path));
}

std::optional<std::string_view> read_text(const ObjectTree& tree, const Path& path) noexcept {
  const Value value = present(tree, path);
  if (value.type() != lwm2m::DataType::kString) return std::nullopt;
  return value.as_string();
}

lwm2m::Objlnk link_of(Object* object, InstanceId instance, ResourceId resource) noexcept {
  const Value value = present(object, instance, resource);
  return value.type() == lwm2m::DataType::kObjlnk ? value.as_objlnk() : lwm2m::Objlnk{kMaxId, kMaxId};
}

bool is_bootstrap_account(const ObjectTree& tree, InstanceId security) noexcept {
  return number_of(tree.find(kSecurityObject), security, kBootstrapServerFlag, 0) != 0;
}

InstanceId find_server_instance(const ObjectTree& tree, ShortServerId server) noexcept {
  Object* object = tree.find(kServerObject);
  for (const InstanceId i : InstanceRange(object)) {
    if (server != 0 && id_of(object, i, kShortServerId) == server) return i;
  }
  return kMaxId;
}

InstanceId find_security_instance(const ObjectTree& tree, ShortServerId server) noexcept {
  Object* object = tree.find(kSecurityObject);
  for (const InstanceId i : InstanceRange(object)) {
    if (server != 0 && !is_bootstrap_account(tree, i) && id_of(object, i, kSecurityShortServerId) == server)
      return i;
  }
  return kMaxId;
}

InstanceId find_bootstrap_account(const ObjectTree& tree) noexcept {
  for (const InstanceId i : tree.instances(kSecurityObject)) {
    if (is_bootstrap_account(tree, i)) return i;
  }
  return kMaxId;
}

Account next_account(const ObjectTree& tree, InstanceId from) noexcept {
  const bool secured = tree.find(kSecurityObject) != nullptr;
  Object* object = tree.find(kServerObject);
  for (const InstanceId i : InstanceRange(object)) {
    if (i < from) continue;
    const ShortServerId id = id_of(object, i, kShortServerId);
    if (id != 0 && (!secured || find_security_instance(tree, id) != kMaxId)) return {id, i};
  }
  return {};
}

ServerSettings read_settings(const ObjectTree& tree, ShortServerId server) noexcept {
  ServerSettings result;
  result.instance = find_server_instance(tree, server);
  if (result.instance == kMaxId) return result;
  Object* object = tree.find(kServerObject);
  constexpr std::size_t kCount = std::size(kNumbers) - (kSequence ? 0 : 7);
  auto* const place = reinterpret_cast<std::byte*>(&result);
  for (const Number& row : std::span(kNumbers).first<kCount>()) {
    std::uint32_t value = 0;
    std::memcpy(&value, place + row.offset, sizeof value);
    value = number_of(object, result.instance, row.resource, value);
    std::memcpy(place + row.offset, &value, sizeof value);
  }
  if (result.lifetime == 0) result.lifetime = lwm2m::kDefaultLifetime;
  result.binding = binding_of(object, result.instance, kBinding, result.binding);
  if constexpr (kSequence) {
    result.priority = as_number(present(object, result.instance, kPriority));
    result.preferred = binding_of(object, result.instance, kPreferredTransport, {});
  }
  return result;
}

}  // namespace linnet::client
