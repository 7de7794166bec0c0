// SPDX-License-Identifier: Apache-2.0
// Discover: what is there, with its attributes (Core 1.1 §6.3.2, digest §6).
#include "linnet/client/request.hpp"
#include "linnet/lwm2m/link_format.hpp"

namespace linnet::client {

using namespace std::string_view_literals;

namespace {

/// Writes the links of a Discover answer for one server.
class Discovery {
 public:
  Discovery(ByteWriter& out, const AttributeTable& attributes, const AccessControl& access,
            ShortServerId server) noexcept
      : links_(out), attributes_(attributes), access_(access), server_(server) {}

  void object(const Object& object) noexcept {
    write_object(links_, object, true, true);
    own(Path(object.id()));
    for (const InstanceId i : object.instances()) {
      const Path path(object.id(), i);
      if (!kAccessControl || access_.allows(server_, Right::kRead, path)) instance(object, i);
    }
  }

  void instance(const Object& object, InstanceId instance) noexcept {
    const Path path(object.id(), instance);
    links_.link(path);
    own(path);
    for (const ResourceDefinition& definition : object.definition().resources) {
      if (!object.has(instance, definition)) continue;
      resource(object, path, definition);
      own(path.child(definition.id));
    }
  }

  /// A resource on its own: with what it inherits, and with its instances.
  void resource_alone(const Object& object, const Path& path, const ResourceDefinition& definition) noexcept {
    resource(object, path.prefix(2), definition);
    lwm2m::write_attributes(links_, attributes_.inherited(server_, path));
    if (!definition.multiple) return;
    for (const InstanceId i : object.instances_of(path.instance(), path.resource())) {
      links_.link(path.child(i));
      own(path.child(i));
    }
  }

 private:
  void resource(const Object& object, const Path& instance, const ResourceDefinition& definition) noexcept {
    links_.link(instance.child(definition.id));
    if (!definition.multiple) return;
    std::uint64_t count = 0;
    for ([[maybe_unused]] const InstanceId i : object.instances_of(instance.instance(), definition.id)) {
      ++count;
    }
    links_.attribute("dim"sv, count);
  }

  void own(const Path& path) noexcept {
    const lwm2m::Attributes* attributes = attributes_.find(server_, path);
    if (attributes != nullptr) lwm2m::write_attributes(links_, *attributes);
  }

  lwm2m::LinkWriter links_;
  const AttributeTable& attributes_;
  const AccessControl& access_;
  ShortServerId server_;
};

}  // namespace

void write_object(lwm2m::LinkWriter& links, const Object& object, bool versions, bool always) noexcept {
  const lwm2m::Version& version = object.definition().version;
  const bool versioned = versions && version != lwm2m::kDefaultObjectVersion;
  if (always || versioned || object.next_instance(0) == kMaxId) links.link(Path(object.id()));
  if (versioned) links.attribute("ver"sv, version);
}

Result<void> Engine::discover(Request& request) noexcept {
  const Path& path = request.path;
  if (path.depth() > 3) return fail(Errc::kNotAllowed);
  const auto target = tree_.resolve(path);
  if (!target) return std::unexpected(target.error());
  ByteWriter out(request.space);
  Discovery discovery(out, attributes_, access_, request.server->id);
  switch (path.depth()) {
    case 1: discovery.object(*target->object); break;
    case 2: discovery.instance(*target->object, path.instance()); break;
    default: discovery.resource_alone(*target->object, path, *target->definition); break;
  }
  return request.give_links(out);
}

}  // namespace linnet::client
