// SPDX-License-Identifier: Apache-2.0
// Read-Composite and Write-Composite: several paths of any objects in one request (TS 6.4.4, Core 1.1
// §6.3.10, §6.3.11). A read leaves out what is not there or may not be read; a write is done as a
// whole or not at all.
#include <array>
#include <utility>

#include "linnet/client/features.hpp"
#include "linnet/client/request.hpp"
#include "linnet/client/rollback.hpp"

namespace linnet::client {

namespace {

/// Room for a name that has to be unescaped.
constexpr std::size_t kNameScratch = 64;

bool is_senml(lwm2m::ContentFormat format) noexcept {
  return format == lwm2m::ContentFormat::kSenmlJson || format == lwm2m::ContentFormat::kSenmlCbor;
}

lwm2m::DataType no_type(const Path& /*path*/) noexcept {
  return lwm2m::DataType::kNone;
}

}  // namespace

Result<void> PathList::each(FunctionRef<Result<void>(const Path&)> take) const noexcept {
  std::array<std::uint8_t, kNameScratch> scratch;
  return codec_.decode(Path(), payload_, no_type, scratch, [&](const lwm2m::Record& record) -> Result<void> {
    return record.value.none() ? take(record.path) : fail(Errc::kMalformed);
  });
}

Result<void> Engine::read_composite(Request& request) noexcept {
  const coap::IncomingRequest& message = request.message;
  if (const auto asked = request.find_codec(is_senml); !asked) return asked;
  const PathList paths(*request.codec, message.payload);
  const auto whole = paths.each([](const Path&) { return Result<void>(); });
  if (!whole) return whole;
  const auto walk = [&](lwm2m::RecordSink sink) {
    return paths.each([&](const Path& path) { return walk_readable(path, sink, request.server->id); });
  };
  // What the server can write it can read.
  const auto format = message.accept ? message.accept : message.content_format;
  if (const auto done = request.encode(format, is_senml, walk); !done) return done;
  watch(request, &paths);
  return {};
}

/// Whether a Write-Composite of `server` may set this.
Result<void> Engine::check_assignment(ShortServerId server, const lwm2m::Record& record) const noexcept {
  const Path& path = record.path;
  if (path.depth() > 0 && hidden(path.object())) return fail(Errc::kUnauthorized);
  if (record.value.none()) return fail(Errc::kMalformed);
  const auto target = tree_.resolve(path.prefix(3), true);
  if (!target) return std::unexpected(target.error());
  if (!may(server, Right::kWrite, path)) return fail(Errc::kUnauthorized);
  const ResourceDefinition& definition = *target->definition;
  if (!lwm2m::writable(definition.operations)) return fail(Errc::kNotAllowed);
  return target->object->check(definition, path, record.value);
}

Result<void> Engine::write_composite(Request& request) noexcept {
  if (const auto found = request.find_codec(is_senml); !found) return found;
  std::size_t values = 0;
  const auto checked = request.decode([&](const lwm2m::Record& record) {
    ++values;
    return check_assignment(request.server->id, record);
  });
  if (!checked) return checked;

  Rollback before(rollback());
  if constexpr (kRollback) {
    Path last;
    const auto keep = [&](const lwm2m::Record& record) -> Result<void> {
      const Path resource = record.path.prefix(3);
      // The instances of a multiple resource follow each other.
      return resource == std::exchange(last, resource) ? Result<void>() : before.keep(tree_, resource);
    };
    if (values > 1 && !request.decode(keep)) return fail(Errc::kIo);
  }
  const auto applied = apply(request);
  if constexpr (kRollback) {
    if (!applied) before.undo(tree_);
  }
  (void)request.decode([&](const lwm2m::Record& record) -> Result<void> {
    changed(record.path);
    return {};
  });
  return applied;
}

}  // namespace linnet::client
