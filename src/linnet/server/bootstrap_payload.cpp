// SPDX-License-Identifier: Apache-2.0
#include "linnet/server/bootstrap_payload.hpp"

#include <algorithm>

#include "linnet/lwm2m/link_format.hpp"

namespace linnet::server {

using lwm2m::DataType;
using lwm2m::Path;

namespace {

/// `path` with its first segments replaced by those of `target`.
Path rebase(const Path& path, const Path& target) noexcept {
  Path moved = target;
  for (std::size_t depth = target.depth(); depth < path.depth(); ++depth) moved = moved.child(path[depth]);
  return moved;
}

const OwnedRecord* record_at(const BootstrapWrite& write, const Path& path) noexcept {
  const auto at = std::ranges::lower_bound(write.records, path, {}, &OwnedRecord::path);
  return at != write.records.end() && at->path == path ? &*at : nullptr;
}

}  // namespace

std::string text_of(const Path& path) {
  std::array<std::uint8_t, Path::kMaxText> text{};
  ByteWriter out(text);
  path.write(out);
  return std::string(as_text(out.written()));
}

Result<std::size_t> encode_write(const BootstrapWrite& write, const Path& target, std::string_view endpoint,
                                 lwm2m::ContentFormat format, ByteSpan out) {
  const auto walk = [&](lwm2m::RecordSink sink) -> Result<void> {
    std::string scratch;
    for (const OwnedRecord& record : write.records) {
      const lwm2m::Value value = expand(record, endpoint, scratch);
      if (auto taken = sink({rebase(record.path, target), value, std::nullopt}); !taken) return taken;
    }
    return {};
  };
  return lwm2m::encode(format, target, walk, out);
}

bool shows(lwm2m::ContentFormat format, const Path& read, ByteView payload, const BootstrapWrite& write,
           std::string_view endpoint) {
  std::vector<std::uint8_t> scratch(payload.size() + 16);
  std::string expanded;
  std::size_t same = 0;
  bool others = false;
  const auto type_of = [&](const Path& path) {
    const OwnedRecord* const record = record_at(write, path);
    return record == nullptr ? DataType::kNone : record->value.view().type();
  };
  const auto read_through = lwm2m::decode(
      format, read, payload, type_of, scratch, [&](const lwm2m::Record& record) -> Result<void> {
        if (!write.path.contains(record.path) || record.path.depth() < 3) return {};
        const OwnedRecord* const wanted = record_at(write, record.path);
        if (wanted != nullptr && record.value == expand(*wanted, endpoint, expanded)) {
          ++same;
        } else {
          others = true;
        }
        return {};
      });
  return read_through && !others && same == write.records.size();
}

DiscoveredSecurity discovered_security(std::string_view links) {
  DiscoveredSecurity found;
  std::size_t without_id = 0;
  // LwM2M 1.0 has the version in front of the first link: lwm2m="1.0",</0/0>.
  if (!links.starts_with('<')) links.remove_prefix(std::min(links.find('<'), links.size()));
  lwm2m::LinkReader reader(links);
  for (auto link = reader.next(); link && *link; link = reader.next()) {
    const auto path = Path::parse((*link)->target);
    if (!path || path->object() != 0 || path->depth() != 2) continue;
    found.instances.push_back(path->instance());
    const auto server = (*link)->find("ssid");
    found.servers.push_back(server ? Path::parse_segment(server->value).value_or(0) : 0);
    if (server) continue;
    found.bootstrap = path->instance();
    ++without_id;
  }
  if (without_id != 1) found.bootstrap.reset();
  return found;
}

}  // namespace linnet::server
