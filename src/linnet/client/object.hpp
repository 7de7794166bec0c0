// SPDX-License-Identifier: Apache-2.0
// What the device engine sees of an object: a constant table of its resources, and handlers for
// what the table cannot say. Most objects are declared with typed_object.hpp, which writes the
// handlers; an object whose shape is known only at run time implements this interface.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <span>
#include <string_view>

#include "linnet/base/bytes.hpp"
#include "linnet/base/function_ref.hpp"
#include "linnet/base/result.hpp"
#include "linnet/base/time.hpp"
#include "linnet/lwm2m/object_model.hpp"
#include "linnet/lwm2m/path.hpp"
#include "linnet/lwm2m/value.hpp"
#include "linnet/lwm2m/version.hpp"

namespace linnet::client {

class Engine;

using lwm2m::InstanceId;
using lwm2m::kMaxId;
using lwm2m::ObjectId;
using lwm2m::Operations;
using lwm2m::Path;
using lwm2m::ResourceId;
using lwm2m::ShortServerId;
using lwm2m::Value;

/// One row of an object's table: what a server may do with a resource. It stays in flash.
struct ResourceDefinition {
  ResourceId id = 0;
  lwm2m::DataType type : 4 = lwm2m::DataType::kNone;  ///< kNone for an executable one
  Operations operations : 4 = Operations::kNone;
  bool multiple : 1 = false;
  bool mandatory : 1 = false;
};

/// Most resources in one definition.
inline constexpr std::size_t kMaxResources = 256;

/// An object: which resources this device implements, ascending by id, each once.
struct ObjectDefinition {
  ObjectId id = 0;
  lwm2m::Version version = lwm2m::kDefaultObjectVersion;
  std::span<const ResourceDefinition> resources;

  /// The resource, or null where the object has none of that number.
  [[nodiscard]] constexpr const ResourceDefinition* find(ResourceId resource) const noexcept {
    for (const ResourceDefinition& row : resources) {
      if (row.id == resource) return &row;
    }
    return nullptr;
  }
};

class Object;

/// The instances of an object, or of one of its multiple resources, in ascending order; none of no object.
/// What is added or removed while they are gone through is seen where it lies ahead.
class InstanceRange {
 public:
  /// Those of the object.
  [[gnu::always_inline]] explicit InstanceRange(const Object* object) noexcept : object_(object) {}
  [[gnu::always_inline]] InstanceRange(const Object* object, InstanceId instance,
                                       ResourceId resource) noexcept
      : object_(object), of_resource_(true), instance_(instance), resource_(resource) {}

  /// The first one from `id` on; kMaxId when there is none.
  [[nodiscard, gnu::always_inline]] InstanceId from(InstanceId id) const noexcept {
    return of_resource_ ? next(object_, instance_, resource_, id) : next(object_, id);
  }

  // A range is its own iterator.
  [[nodiscard, gnu::always_inline]] InstanceRange begin() const noexcept {
    InstanceRange first = *this;
    first.at_ = from(0);
    return first;
  }
  [[nodiscard]] std::default_sentinel_t end() const noexcept { return {}; }
  [[nodiscard, gnu::always_inline]] InstanceId operator*() const noexcept { return at_; }
  [[gnu::always_inline]] InstanceRange& operator++() noexcept {
    at_ = from(static_cast<InstanceId>(at_ + 1));
    return *this;
  }
  [[nodiscard, gnu::always_inline]] bool operator==(std::default_sentinel_t) const noexcept {
    return at_ == kMaxId;
  }

 private:
  [[nodiscard]] static InstanceId next(const Object* object, InstanceId id) noexcept;
  [[nodiscard]] static InstanceId next(const Object* object, InstanceId instance, ResourceId resource,
                                       InstanceId id) noexcept;

  const Object* object_;
  bool of_resource_ = false;
  InstanceId instance_ = 0;
  ResourceId resource_ = 0;
  InstanceId at_ = kMaxId;
};

/// The handlers of one object. The engine checks paths, R, W and E marks, types and rights first:
/// what a handler is given agrees with the definition, and the instance exists (in `validate` it
/// may be one that is about to be created). Handlers must not call the engine's `receive` and `step`.
///
/// A handler may fail with an Error that names a response code (4.xx); without one kNotFound
/// answers 4.04, kNotAllowed 4.05, kUnauthorized 4.01, kInvalidArgument, kWrongType and kMalformed
/// 4.00, and all others 5.00.
class Object {
 public:
  [[nodiscard]] const ObjectDefinition& definition() const noexcept { return definition_; }
  [[nodiscard]] ObjectId id() const noexcept { return definition_.id; }

  /// The lowest instance that is `from` or above; kMaxId when there is none.
  [[nodiscard]] virtual InstanceId next_instance(InstanceId from) const noexcept = 0;
  /// Whether an existing instance has this resource of the definition now.
  [[nodiscard]] virtual bool has(InstanceId instance, const ResourceDefinition& resource) const noexcept;
  /// The lowest instance of a multiple resource that is `from` or above; kMaxId when there is none.
  [[nodiscard]] virtual InstanceId next_resource_instance(InstanceId instance, ResourceId resource,
                                                          InstanceId from) const noexcept;

  /// The value of a single resource (depth 3) or of an instance of a multiple one (depth 4). What
  /// it points to stays until the next call of this object.
  [[nodiscard]] virtual Result<Value> read(const Path& path) noexcept = 0;

  /// Whether `write` would take this value (range, length). All values of a request are validated
  /// before the first one is written.
  [[nodiscard]] virtual Result<void> validate(const Path& path, const Value& value) const noexcept;
  /// Takes a value that was validated, of the definition's type, at depth 3 or 4; an instance of a
  /// multiple resource that is not there is added. Copies what it keeps.
  virtual Result<void> write(const Path& path, const Value& value) noexcept;
  /// Before a replacement: a multiple resource loses its instances, an optional resource is
  /// removed or gets its default. Of object 2 also, at depth 4, one entry of an ACL.
  virtual void erase(const Path& path) noexcept;

  /// `arguments` has been checked against the grammar of Execute (lwm2m::ExecuteArgumentReader).
  virtual Result<void> execute(const Path& path, std::string_view arguments) noexcept;

  /// Whether a server may create an instance of this number, which is not there.
  [[nodiscard]] virtual Result<void> can_create(InstanceId instance) const noexcept;
  /// Whether a server may delete this instance.
  [[nodiscard]] virtual Result<void> can_remove(InstanceId instance) const noexcept;
  /// Creates an instance, whoever may: for a server once `can_create` has said yes, while
  /// bootstrapping, and where one is put back. Its resources are written next.
  virtual Result<void> create(InstanceId instance) noexcept;
  /// Deletes an instance, whoever may.
  virtual Result<void> remove(InstanceId instance) noexcept;

  /// Calls `part` for each piece of memory that makes up what servers can change, the instances that there
  /// are among it, so that copying all of them back undoes what was done meanwhile: in an order that does
  /// not depend on pieces which come later. False: it does not lie in memory like that.
  virtual bool memory(FunctionRef<void(ByteSpan)> part) noexcept;

  /// Called by the engine's step: does what is due, returns when to be called again.
  virtual Instant step(Instant now) noexcept;

  [[nodiscard]] InstanceRange instances() const noexcept { return InstanceRange(this); }
  [[nodiscard]] InstanceRange instances_of(InstanceId instance, ResourceId resource) const noexcept {
    return InstanceRange(this, instance, resource);
  }
  /// The lowest instance that is not there.
  [[nodiscard]] InstanceId free_instance() const noexcept;
  [[nodiscard]] bool exists(InstanceId instance) const noexcept {
    return instance != kMaxId && next_instance(instance) == instance;
  }
  [[nodiscard]] bool exists(InstanceId instance, ResourceId resource,
                            InstanceId resource_instance) const noexcept {
    return resource_instance != kMaxId &&
           next_resource_instance(instance, resource, resource_instance) == resource_instance;
  }

  /// Whether a payload's `value` may be written at `path`, which is of `definition`: shape, type, and what
  /// `validate` says. No value at all stands for an empty multiple resource.
  [[nodiscard]] Result<void> check(const ResourceDefinition& definition, const Path& path,
                                   const Value& value) const noexcept;

  /// The engine that serves this object; null before Engine::init.
  [[nodiscard]] Engine* engine() const noexcept { return engine_; }
  /// Called by Engine::init.
  void attach(Engine& engine) noexcept { engine_ = &engine; }

  /// The bootstrap interface's: what was there when a sequence began can be put back.
  bool kept = false;

 protected:
  explicit constexpr Object(const ObjectDefinition& definition) noexcept : definition_(definition) {}
  ~Object() = default;

  /// Tells the engine, where there is one, that a value changed by itself, or that an instance
  /// appeared or disappeared.
  void changed(const Path& path) noexcept;
  void instances_changed() noexcept;

 private:
  const ObjectDefinition& definition_;
  Engine* engine_ = nullptr;
};

}  // namespace linnet::client
