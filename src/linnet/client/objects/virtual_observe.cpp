// SPDX-License-Identifier: Apache-2.0
#include "linnet/client/objects/virtual_observe.hpp"

#include <algorithm>
#include <bit>

#include "linnet/client/access_control.hpp"
#include "linnet/client/accounts.hpp"
#include "linnet/client/engine.hpp"
#include "linnet/lwm2m/senml_json.hpp"

namespace linnet::client {

namespace {

enum Resource : ResourceId { kObserveLinks = 0, kReport = 1, kReportLinks = 3 };

/// FNV-1a, over what tells one state of some values from another.
class Digest {
 public:
  void add(ByteView bytes) noexcept {
    for (const std::uint8_t byte : bytes) value_ = (value_ ^ byte) * 16777619U;
  }
  void add(std::uint64_t number) noexcept {
    for (int i = 0; i < 8; ++i) value_ = (value_ ^ static_cast<std::uint8_t>(number >> (8 * i))) * 16777619U;
  }
  void add(const lwm2m::Record& record) noexcept {
    for (std::size_t i = 0; i < record.path.depth(); ++i) add(std::uint64_t{record.path[i]});
    const Value& value = record.value;
    if (value.none()) return;
    switch (value.type()) {
      case lwm2m::DataType::kString:
      case lwm2m::DataType::kCorelnk: return add(as_bytes(value.as_string()));
      case lwm2m::DataType::kOpaque: return add(value.as_opaque());
      case lwm2m::DataType::kBoolean: return add(std::uint64_t{value.as_boolean()});
      case lwm2m::DataType::kObjlnk:
        add(std::uint64_t{value.as_objlnk().object});
        return add(std::uint64_t{value.as_objlnk().instance});
      case lwm2m::DataType::kUnsigned: return add(value.as_unsigned());
      case lwm2m::DataType::kFloat: return add(std::bit_cast<std::uint64_t>(value.as_float()));
      default: return add(static_cast<std::uint64_t>(value.as_integer()));
    }
  }
  [[nodiscard]] std::uint32_t value() const noexcept { return value_; }

 private:
  std::uint32_t value_ = 2166136261U;
};

ObserveLink link_of(const CoreLink& link) noexcept {
  return ObserveLink::parse(link.text.view()).value_or(ObserveLink());
}

}  // namespace

Result<ObserveLink> ObserveLink::parse(std::string_view text) noexcept {
  ObserveLink result;
  if (text.empty()) return result;
  lwm2m::LinkReader links(text);
  const auto link = links.next();
  if (!link) return std::unexpected(link.error());
  if (!*link) return fail(Errc::kMalformed);
  const auto more = links.next();
  if (!more || *more) return fail(Errc::kMalformed);
  const auto path = Path::parse((*link)->target);
  if (!path || path->depth() < 2) return fail(Errc::kMalformed);
  result.path = *path;
  if (hidden(path->object()) || path->object() == VirtualObserveInstance::kId)
    return fail(Errc::kInvalidArgument);
  lwm2m::LinkAttributes attributes = (*link)->attributes();
  for (auto attribute = attributes.next(); attribute; attribute = attributes.next()) {
    // Written as the query of a Write-Attributes would have it: name=value.
    if (attribute->quoted || attribute->value.empty()) return fail(Errc::kMalformed);
    const char* begin = attribute->name.data();
    const char* end = attribute->value.data() + attribute->value.size();
    const auto written = result.attributes.write({begin, static_cast<std::size_t>(end - begin)});
    if (!written) return std::unexpected(written.error());
  }
  if (const auto consistent = result.attributes.check(); !consistent)
    return std::unexpected(consistent.error());
  return result;
}

/// What is at a path now.
struct VirtualObserveBehaviour::Look {
  std::uint32_t digest = 0;  ///< 0: nothing may be shown
  std::optional<double> number;
};

VirtualObserveInstance& VirtualObserveBehaviour::at(InstanceId instance) const noexcept {
  return *static_cast<VirtualObserveInstance*>(find(instance));
}

/// There, readable, and for the eyes of all who may read the Report.
bool VirtualObserveBehaviour::shown(InstanceId instance, const Path& path) const noexcept {
  const ObjectTree& tree = engine()->objects();
  if (path.depth() == 0 || !tree.check_readable(path)) return false;
  if constexpr (kAccessControl) {
    const AccessControl access(tree, Rights());
    const Object* servers = tree.find(kServerObject);
    if (servers == nullptr || !access.active()) return true;
    constexpr ResourceId kShortServerId = 0;
    for (InstanceId i = servers->next_instance(0); i != kMaxId; i = servers->next_instance(i + 1)) {
      const auto server =
          static_cast<ShortServerId>(read_number(tree, Path(kServerObject, i, kShortServerId)).value_or(0));
      if (access.allows(server, Right::kRead, Path(id(), instance)) &&
          !access.allows(server, Right::kRead, path.prefix(2)))
        return false;
    }
  }
  return true;
}

VirtualObserveBehaviour::Look VirtualObserveBehaviour::look(InstanceId instance,
                                                            const Path& path) const noexcept {
  if (!shown(instance, path)) return {};
  Digest digest;
  Look seen;
  std::size_t values = 0;
  const auto walked = engine()->objects().walk(path, [&](const lwm2m::Record& record) -> Result<void> {
    digest.add(record);
    ++values;
    if (record.value.numeric()) seen.number = record.value.to_double();
    return {};
  });
  if (!walked) return {};
  if (values != 1) seen.number.reset();
  seen.digest = digest.value();
  return seen;
}

/// When the link is to be reported as things stand.
Instant VirtualObserveBehaviour::due(const VirtualObserveInstance& row, const ObserveLink& link,
                                     const VirtualObserveInstance::Seen& seen) const noexcept {
  const Instant earliest = row.reported_at + Seconds(link.attributes.seconds(lwm2m::AttributeName::kPmin));
  if (seen.due) return earliest;
  const std::uint32_t pmax = link.attributes.seconds(lwm2m::AttributeName::kPmax);
  if (row.resource_filter.value_or(false) || pmax == 0) return kNever;
  return std::max(earliest, row.reported_at + Seconds(pmax));
}

/// Looks at all links, and makes a Report where their conditions ask for one.
Instant VirtualObserveBehaviour::watch(InstanceId instance, Instant now) noexcept {
  VirtualObserveInstance& row = at(instance);
  if (row.fresh) row.reported_at = now;
  const bool all = row.relation == VirtualObserveInstance::kAnd;
  Instant first = kNever;
  Instant last = Instant::min();
  for (std::size_t i = 0; i < VirtualObserveInstance::kMaxLinks; ++i) {
    const ObserveLink link = row.observe_links.has(i) ? link_of(row.observe_links[i]) : ObserveLink();
    if (link.path.depth() == 0) continue;
    VirtualObserveInstance::Seen& seen = row.observed[i];
    const Look now_there = look(instance, link.path);
    const double value = now_there.number.value_or(seen.value);
    if (row.fresh) {
      seen = {now_there.digest, now_there.digest, value, value, false};
    } else {
      const bool changed = now_there.digest != seen.reported_digest;
      const bool conditional = link.attributes.has_thresholds() && now_there.number;
      const bool meets =
          conditional ? lwm2m::notifies(link.attributes, {seen.value, value, seen.reported}) : changed;
      // A threshold that was crossed stays crossed; a value that came back is no change.
      seen.due = meets || (conditional && seen.due);
      seen.digest = now_there.digest;
      seen.value = value;
    }
    const Instant when = due(row, link, seen);
    first = std::min(first, when);
    last = std::max(last, when);
  }
  if (row.fresh) {
    for (std::size_t i = 0; i < VirtualObserveInstance::kMaxLinks; ++i) {
      row.report_digests[i] =
          row.report_links.has(i) ? look(instance, link_of(row.report_links[i]).path).digest : 0;
    }
    row.fresh = false;
  }
  if (first == kNever) return kNever;
  const Instant when = all ? last : first;
  if (when > now) return when;
  report(instance, now);
  return now;
}

void VirtualObserveBehaviour::report(InstanceId instance, Instant now) noexcept {
  VirtualObserveInstance& row = at(instance);
  const bool filters = row.resource_filter.value_or(false);
  const bool linked = next_resource_instance(instance, kReportLinks, 0) != kMaxId;
  const Multiple<CoreLink, VirtualObserveInstance::kMaxLinks>& links =
      linked ? row.report_links : row.observe_links;
  std::array<Path, VirtualObserveInstance::kMaxLinks> paths;
  std::size_t count = 0;
  for (std::size_t i = 0; i < links.kCapacity; ++i) {
    const Path path = links.has(i) ? link_of(links[i]).path : Path();
    const std::uint32_t digest = look(instance, path).digest;
    const std::uint32_t before = linked ? row.report_digests[i] : row.observed[i].reported_digest;
    row.report_digests[i] = digest;
    if (digest != 0 && (!filters || digest != before)) paths[count++] = path;
  }
  for (VirtualObserveInstance::Seen& seen : row.observed) {
    seen.reported = seen.value;
    seen.reported_digest = seen.digest;
    seen.due = false;
  }
  row.reported_at = now;
  if (count == 0) return;
  const auto walk = [&](lwm2m::RecordSink sink) -> Result<void> {
    for (const Path& path : std::span(paths).first(count)) {
      if (const auto walked = engine()->objects().walk(path, sink); !walked) return walked;
    }
    return {};
  };
  std::array<std::uint8_t, VirtualObserveInstance::kMaxReport> text;
  const auto size = lwm2m::kSenmlJsonCodec.encode(Path(), walk, text);
  row.too_long = !size;
  row.report.assign(as_text(ByteView(text).first(size.value_or(0))));
  changed(Path(id(), instance, kReport));
}

Result<Value> VirtualObserveBehaviour::read(const Path& path) noexcept {
  if (path.resource() == kReport && at(path.instance()).too_long) return fail(Errc::kNoSpace);
  return TypedObject::read(path);
}

Result<void> VirtualObserveBehaviour::write(const Path& path, const Value& value) noexcept {
  if (path.resource() == kObserveLinks || path.resource() == kReportLinks) at(path.instance()).fresh = true;
  return TypedObject::write(path, value);
}

void VirtualObserveBehaviour::erase(const Path& resource) noexcept {
  at(resource.instance()).fresh = true;
  TypedObject::erase(resource);
}

Instant VirtualObserveBehaviour::step(Instant now) noexcept {
  Instant next = kNever;
  for (InstanceId i = next_instance(0); i != kMaxId; i = next_instance(i + 1))
    next = std::min(next, watch(i, now));
  return next;
}

}  // namespace linnet::client
