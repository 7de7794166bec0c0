// SPDX-License-Identifier: Apache-2.0
// What the engine keeps over a power cut: accounts and rights (objects 0, 1, 2, 21), registrations,
// attributes, observations of servers that want notifications stored, and the parts that the
// application brings. The image is described in persistence.hpp.
//
//   registrations = 1 (server{2} lifetime{4} binding{1} size{1} location{size})*
//   attributes    = 1 (server{2} path set{1} value*)*    value: seconds{4}, or bits of a double{8}
//   observations  = 1 (server{2} size{1} token{size} cache_key{4} sequence{4} format{2} composite{1}
//                      count{1} path{count})*
//   path          = depth{1} id{2}*depth
#include <algorithm>
#include <bit>
#include <utility>

#include "linnet/client/engine.hpp"
#include "linnet/client/snapshot.hpp"

namespace linnet::client {

namespace {

enum PartId : std::uint16_t { kObjects = 1, kRegistrations = 2, kAttributes = 3, kObservations = 4 };

constexpr std::uint8_t kVersion = 1;
constexpr Millis kRetryDelay{60'000};  // after a medium refused
constexpr ObjectId kKept[]{kSecurityObject, kServerObject, kAccessControlObject, kOscoreObject};
constexpr auto kPeriods = static_cast<std::size_t>(lwm2m::AttributeName::kGt);  // these come first

/// Far enough for all notifications since the image was kept, near enough to count as newer
/// (RFC 7641 §3.4).
constexpr std::uint32_t kSequenceLeap = 1U << 22;
constexpr std::uint32_t kSequenceMask = 0xFFFFFF;

void write_path(ByteWriter& out, const Path& path) noexcept {
  out.u8(static_cast<std::uint8_t>(path.depth()));
  for (std::size_t i = 0; i < path.depth(); ++i) out.uint(path[i], 2);
}

std::optional<Path> read_path(ByteReader& in) noexcept {
  const auto depth = in.u8();
  if (!depth || *depth > Path::kMaxDepth) return std::nullopt;
  Path path;
  for (std::size_t i = 0; i < *depth; ++i) {
    const auto id = in.uint(2);
    if (!id || *id == kMaxId) return std::nullopt;
    path = path.child(static_cast<std::uint16_t>(*id));
  }
  return path;
}

/// One part with its length before it.
template <typename Write>
void put_part(ByteWriter& out, std::uint16_t id, Write write) noexcept {
  out.uint(id, 2);
  const ByteSpan length = out.space();
  out.uint(0, 4);
  const std::size_t start = out.size();
  write(out);
  if (!out.ok()) return;
  ByteWriter(length).uint(out.size() - start, 4);
}

}  // namespace

bool Location::restore(ByteView bytes) noexcept {
  clear();
  std::size_t count = 0;
  for (std::size_t at = 0; at < bytes.size(); at += 1U + bytes[at]) {
    if (++count > coap::Reply::kMaxLocation || bytes.size() - at < 1U + bytes[at]) return false;
  }
  if (count == 0 || bytes.size() > kMaxSize) return false;
  std::ranges::copy(bytes, bytes_.begin());
  size_ = static_cast<std::uint8_t>(bytes.size());
  return true;
}

bool Engine::keeps(ObjectId object) noexcept {
  return std::ranges::find(kKept, object) != std::end(kKept);
}

void Engine::save_soon() noexcept {
  if constexpr (!kPersistence) return;
  if (config_.medium == nullptr || save_due_ != kNever) return;
  save_due_ = now_ + config_.save_delay;
  work_pending_ = true;
}

void Engine::step_state() noexcept {
  if (now_ < save_due_) {
    deadline_ = std::min(deadline_, save_due_);
    return;
  }
  const auto saved = save_now();
  if (saved) return;
  save_due_ = now_ + kRetryDelay;
  deadline_ = std::min(deadline_, save_due_);
  emit({.type = EventType::kSaveFailed, .server = kEveryServer, .why = saved.error().code});
}

Result<void> Engine::save_now() noexcept {
  if (!kPersistence || config_.medium == nullptr) return fail(Errc::kNotFound);
  save_due_ = kNever;
  ByteWriter out(state_);
  write_state(out);
  return out.ok() ? image_.save(*config_.medium, out.written()) : fail(Errc::kNoSpace);
}

void Engine::write_state(ByteWriter& out) const noexcept {
  put_part(out, kObjects, [&](ByteWriter& part) {
    Snapshot snapshot(part.space());
    for (const ObjectId object : kKept) {
      if (tree_.find(object) != nullptr && !snapshot.add(tree_, Path(object))) return part.fail_now();
    }
    part.advance(snapshot.bytes().size());
  });
  put_part(out, kRegistrations, [&](ByteWriter& part) { write_registrations(part); });
  put_part(out, kAttributes, [&](ByteWriter& part) { write_attribute_rows(part); });
  put_part(out, kObservations, [&](ByteWriter& part) { write_observations(part); });
  for (const Persistent* own : config_.parts) {
    put_part(out, own->part_id(), [&](ByteWriter& part) { own->save(part); });
  }
}

/// Before anything else happens: what was kept takes the place of what the application put there.
void Engine::load_state() noexcept {
  const auto payload = image_.load(*config_.medium, state_);
  if (!payload) return;
  PartReader::Part part{};
  for (PartReader parts(*payload); parts.next(part);) {
    if (part.id == kObjects) (void)restore(tree_, part.bytes);
  }
  // Registrations need their accounts first.
  for (PartReader parts(*payload); parts.next(part);) {
    if (part.id == kRegistrations) read_registrations(part.bytes);
    if (part.id == kAttributes) read_attribute_rows(part.bytes);
    if (part.id == kObservations) read_observations(part.bytes);
    for (Persistent* own : config_.parts) {
      if (own->part_id() == part.id) own->load(part.bytes);
    }
  }
}

void Engine::write_registrations(ByteWriter& out) const noexcept {
  out.u8(kVersion);
  for (const Server& row : servers_) {
    if (row.id == kEveryServer || row.location.empty()) continue;
    out.uint(row.id, 2);
    out.uint(row.sent_lifetime, 4);
    out.u8(row.sent_binding.bits());
    out.u8(static_cast<std::uint8_t>(row.location.bytes().size()));
    out.bytes(row.location.bytes());
  }
}

void Engine::read_registrations(ByteView bytes) noexcept {
  ByteReader in(bytes);
  if (in.u8() != kVersion) return;
  while (!in.empty()) {
    const auto server = in.uint(2);
    const auto lifetime = in.uint(4);
    const auto binding = in.u8();
    const auto size = in.u8();
    const auto location = size ? in.bytes(*size) : fail(Errc::kTruncated);
    if (!server || !lifetime || !binding || !location) return;
    Server* row = nullptr;
    if (!take_row(static_cast<ShortServerId>(*server), row) || !row->location.restore(*location)) continue;
    row->sent_lifetime = static_cast<std::uint32_t>(*lifetime);
    row->sent_binding = lwm2m::Binding::from_bits(*binding);
    // Whatever changed meanwhile, the Update carries it.
    row->objects_changed = true;
    if (managed()) row->state = RegistrationState::kPending;
  }
}

void Engine::write_attribute_rows(ByteWriter& out) const noexcept {
  out.u8(kVersion);
  for (const AttributeTable::Row& row : attributes_.rows()) {
    if (row.server == kEveryServer) continue;
    out.uint(row.server, 2);
    write_path(out, row.path);
    unsigned set = 0;
    for (std::size_t i = 0; i < lwm2m::kAttributeNames.size(); ++i) {
      if (row.attributes.get(lwm2m::kAttributeNames[i])) set |= 1U << i;
    }
    out.u8(static_cast<std::uint8_t>(set));
    for (std::size_t i = 0; i < lwm2m::kAttributeNames.size(); ++i) {
      const auto value = row.attributes.get(lwm2m::kAttributeNames[i]);
      if (!value) continue;
      if (i < kPeriods) {
        out.uint(static_cast<std::uint32_t>(*value), 4);
      } else {
        out.uint(std::bit_cast<std::uint64_t>(*value), 8);
      }
    }
  }
}

void Engine::read_attribute_rows(ByteView bytes) noexcept {
  ByteReader in(bytes);
  if (in.u8() != kVersion) return;
  while (!in.empty()) {
    const auto server = in.uint(2);
    const auto path = server ? read_path(in) : std::nullopt;
    const auto set = in.u8();
    if (!path || !set) return;
    lwm2m::Attributes attributes;
    for (std::size_t i = 0; i < lwm2m::kAttributeNames.size(); ++i) {
      if ((std::uint32_t{*set} >> i & 1U) == 0) continue;
      const auto value = in.uint(i < kPeriods ? 4 : 8);
      if (!value) return;
      attributes.apply({lwm2m::kAttributeNames[i],
                        i < kPeriods ? static_cast<double>(*value) : std::bit_cast<double>(*value)});
    }
    if (*server == kEveryServer || !attributes.check() || !tree_.resolve(*path)) continue;
    (void)attributes_.set(static_cast<ShortServerId>(*server), *path, attributes);
  }
}

void Engine::write_observations(ByteWriter& out) const noexcept {
  out.u8(kVersion);
  for (const Observation& row : observations_.rows()) {
    if (row.server == kEveryServer || row.ended != coap::Code::kEmpty) continue;
    if (!settings(row.server).store_notifications) continue;
    out.uint(row.server, 2);
    out.u8(static_cast<std::uint8_t>(row.token.size()));
    out.bytes(row.token.bytes());
    out.uint(row.cache_key, 4);
    out.uint(row.sequence, 4);
    out.uint(static_cast<std::uint16_t>(row.format), 2);
    out.u8(row.composite ? 1 : 0);
    std::uint8_t count = 0;
    const auto each = [&](auto take) {
      for (const Watch* watch = &observations_.first(row); watch != nullptr && count < UINT8_MAX;
           watch = observations_.next(*watch), ++count) {
        take(*watch);
      }
    };
    each([](const Watch&) {});
    out.u8(std::exchange(count, std::uint8_t{0}));
    each([&](const Watch& watch) { write_path(out, watch.path); });
  }
}

/// They go on where their registration does. What changed meanwhile their servers are told next.
void Engine::read_observations(ByteView bytes) noexcept {
  ByteReader in(bytes);
  if (in.u8() != kVersion) return;
  while (!in.empty()) {
    const auto server = in.uint(2);
    const auto size = in.u8();
    const auto token = size ? in.bytes(*size) : fail(Errc::kTruncated);
    const auto cache_key = in.uint(4);
    const auto sequence = in.uint(4);
    const auto format = in.uint(2);
    const auto composite = in.u8();
    const auto count = in.u8();
    if (!server || !token || token->size() > coap::Token::kMaxSize || !cache_key || !sequence || !format ||
        !composite || !count) {
      return;
    }
    const Server* account = find_server(static_cast<ShortServerId>(*server));
    const bool goes_on =
        account != nullptr && !account->location.empty() &&
        lwm2m::find_codec(config_.codecs, static_cast<lwm2m::ContentFormat>(*format)) != nullptr &&
        *count > 0 && (*count == 1 || *composite == 1) && *composite <= (kComposite ? 1 : 0);
    Observation* row = goes_on ? observations_.add(account->id) : nullptr;
    bool whole = row != nullptr;
    if (row != nullptr) row->composite = *composite == 1;
    for (std::size_t i = 0; i < *count; ++i) {
      const auto path = read_path(in);
      const bool possible = path && (*composite == 1 || (tree_.resolve(*path) && !hidden(path->object())));
      whole = whole && possible && observations_.add_path(*row, *path);
      if (!path) break;
    }
    if (!whole) {
      if (row != nullptr) observations_.remove(*row);
      continue;
    }
    row->token = coap::Token(*token);
    row->cache_key = static_cast<std::uint32_t>(*cache_key);
    row->sequence = static_cast<std::uint32_t>(*sequence + kSequenceLeap) & kSequenceMask;
    row->format = static_cast<lwm2m::ContentFormat>(*format);
    resume(*row);
  }
}

/// What the server knows of the values is not known any more: it gets them once.
void Engine::resume(Observation& row) noexcept {
  told(row);
  for (Watch* watch = &observations_.first(row); watch != nullptr; watch = observations_.next(*watch)) {
    watch->pending = true;
  }
  schedule(row);
}

}  // namespace linnet::client
