// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/object_list.hpp"

#include <algorithm>

#include "linnet/coap/code.hpp"
#include "linnet/lwm2m/decimal_digits.hpp"

namespace linnet::lwm2m {

using namespace std::string_view_literals;

namespace {

constexpr std::string_view kResourceType = "oma.lwm2m";
constexpr ObjectId kSecurity = 0;
constexpr ObjectId kOscore = 21;
constexpr std::size_t kMaxTarget = kMaxAlternatePath + Path::kMaxText;

std::unexpected<Error> refuse(Errc code) noexcept {
  return fail(code, static_cast<std::uint8_t>(coap::Code::kBadRequest));
}

constexpr bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
constexpr bool is_blank(char c) noexcept {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/// Takes the next word off a list separated by blanks; empty at the end.
std::string_view take_word(std::string_view& list) noexcept {
  while (!list.empty() && is_blank(list.front())) list.remove_prefix(1);
  std::size_t length = 0;
  while (length < list.size() && !is_blank(list[length])) ++length;
  const std::string_view word = list.substr(0, length);
  list.remove_prefix(length);
  return word;
}

bool is_lwm2m_root(const Link& link) noexcept {
  const auto types = link.find("rt");
  if (!types) return false;
  std::string_view list = types->value;
  for (std::string_view word = take_word(list); !word.empty(); word = take_word(list)) {
    if (word == kResourceType) return true;
  }
  return false;
}

FormatSet read_formats(const Link& link) noexcept {
  FormatSet formats;
  const auto numbers = link.find("ct");
  if (!numbers) return formats;
  std::string_view list = numbers->value;
  for (std::string_view word = take_word(list); !word.empty(); word = take_word(list)) {
    const auto number = parse_digits(word, 65535);
    if (number) formats.insert(static_cast<ContentFormat>(*number));
  }
  return formats;
}

/// The target of the root link without a slash behind. No segment may be a number (TS 6.4.1) or empty.
Result<std::string_view> read_alternate_path(std::string_view target) noexcept {
  if (!target.starts_with('/')) return refuse(Errc::kMalformed);
  if (target.ends_with('/')) target.remove_suffix(1);
  if (target.size() > kMaxAlternatePath) return refuse(Errc::kTooLarge);
  bool numeric = false;
  for (std::size_t i = 0; i < target.size(); ++i) {
    if (is_blank(target[i])) return refuse(Errc::kMalformed);
    if (target[i] == '/') {
      const bool empty = i + 1 == target.size() || target[i + 1] == '/';
      if (numeric || empty) return refuse(Errc::kMalformed);
      numeric = is_digit(target[i + 1]);
    } else if (!is_digit(target[i])) {
      numeric = false;
    }
  }
  if (numeric) return refuse(Errc::kMalformed);
  return target;
}

/// Finds the root: the link of resource type oma.lwm2m, or else `</>` where it tells formats.
Result<ObjectListRoot> read_root(std::string_view text) noexcept {
  ObjectListRoot root;
  LinkReader links(text);
  for (auto link = links.next();; link = links.next()) {
    if (!link) return std::unexpected(link.error());
    if (!*link) return root;
    if (is_lwm2m_root(**link)) {
      const auto path = read_alternate_path((*link)->target);
      if (!path) return std::unexpected(path.error());
      return ObjectListRoot{*path, read_formats(**link)};
    }
    if ((*link)->target == "/") root.formats = read_formats(**link);
  }
}

/// The path that a target names, nothing where it is no path of the data model.
Result<std::optional<Path>> read_target(std::string_view target, std::string_view alternate_path) noexcept {
  std::array<char, kMaxTarget> squeezed;
  std::size_t size = 0;
  for (const char c : target) {
    if (is_blank(c)) continue;
    if (size == squeezed.size()) return std::nullopt;
    squeezed[size++] = c;
  }
  std::string_view text(squeezed.data(), size);
  if (!text.starts_with(alternate_path)) return std::nullopt;
  text.remove_prefix(alternate_path.size());
  if (text.size() < 2 || text.front() != '/') return std::nullopt;
  for (const char c : text) {
    if (c != '/' && !is_digit(c)) return std::nullopt;
  }
  const auto path = Path::parse(text);
  if (!path) return refuse(Errc::kMalformed);
  return *path;
}

Result<std::optional<Version>> read_version(const Link& link) noexcept {
  const auto attribute = link.find("ver");
  if (!attribute) return std::nullopt;
  const auto version = Version::parse(attribute->value);
  if (!version) return refuse(Errc::kMalformed);
  return *version;
}

void write_varint(ByteWriter& out, std::size_t value) noexcept {
  for (; value >= 0x80; value >>= 7) out.u8(static_cast<std::uint8_t>(0x80 | (value & 0x7F)));
  out.u8(static_cast<std::uint8_t>(value));
}

constexpr std::size_t kMaxVarint = 3 * 7;  ///< bits; enough for twice the number of instances

Result<std::uint32_t> read_varint(ByteReader& in) noexcept {
  std::uint32_t value = 0;
  for (std::size_t shift = 0; shift < kMaxVarint; shift += 7) {
    const auto byte = in.u8();
    if (!byte) return fail(Errc::kMalformed);
    value |= static_cast<std::uint32_t>(*byte & 0x7FU) << shift;
    if (*byte < 0x80) return value;
  }
  return fail(Errc::kMalformed);
}

/// IDs ascend, each written as its distance from the one before.
Result<std::uint16_t> read_id(ByteReader& in, std::uint32_t previous, bool first) noexcept {
  const auto distance = read_varint(in);
  if (!distance || (*distance == 0 && !first)) return fail(Errc::kMalformed);
  const std::uint32_t id = previous + *distance;
  if (id >= kMaxId) return fail(Errc::kMalformed);
  return static_cast<std::uint16_t>(id);
}

Result<ObjectListRoot> read_compact_root(ByteReader& in) noexcept {
  const auto length = in.u8();
  if (!length || *length > kMaxAlternatePath) return fail(Errc::kMalformed);
  const auto path = in.bytes(*length);
  const auto formats = in.uint(2);
  if (!path || !formats) return fail(Errc::kMalformed);
  return ObjectListRoot{as_text(*path), FormatSet::from_bits(static_cast<std::uint16_t>(*formats))};
}

/// Walks the entries of the compact form behind its root.
class CompactCursor {
 public:
  explicit CompactCursor(ByteReader in) noexcept : in_(in) {}

  Result<std::optional<ObjectListEntry>> next() noexcept {
    if (instances_ > 0) return next_instance();
    if (in_.empty()) return std::nullopt;
    const auto object = read_id(in_, entry_.object, first_object_);
    const auto count = read_varint(in_);
    if (!object || !count) return fail(Errc::kMalformed);
    entry_ = {*object, kMaxId, kDefaultObjectVersion};
    if ((*count & 1U) != 0) {
      const auto major = in_.u8();
      const auto minor = in_.u8();
      if (!major || !minor) return fail(Errc::kMalformed);
      entry_.version = Version{*major, *minor};
    }
    instances_ = *count >> 1;
    first_object_ = false;
    first_instance_ = true;
    return entry_;
  }

 private:
  Result<std::optional<ObjectListEntry>> next_instance() noexcept {
    const auto instance = read_id(in_, first_instance_ ? 0U : entry_.instance, first_instance_);
    if (!instance) return fail(Errc::kMalformed);
    entry_.instance = *instance;
    entry_.version.reset();
    first_instance_ = false;
    --instances_;
    return entry_;
  }

  ByteReader in_;
  ObjectListEntry entry_;
  std::uint32_t instances_ = 0;
  bool first_object_ = true;
  bool first_instance_ = true;
};

/// `entries` are those of one object, ascending and each once, the object itself last if at all.
void write_compact_object(ByteWriter& out, std::span<const ObjectListEntry> entries,
                          ObjectId previous) noexcept {
  const bool listed = entries.back().instance == kMaxId;
  const auto instances = entries.first(entries.size() - (listed ? 1 : 0));
  Version version = entries.back().version.value_or(kDefaultObjectVersion);
  for (std::size_t i = instances.size(); i-- > 0 && !entries.back().version;) {
    version = instances[i].version.value_or(version);
  }
  const bool versioned = version != kDefaultObjectVersion;
  write_varint(out, static_cast<std::size_t>(entries.front().object - previous));
  write_varint(out, instances.size() * 2 + (versioned ? 1 : 0));
  if (versioned) {
    out.u8(version.major);
    out.u8(version.minor);
  }
  InstanceId last = 0;
  for (const ObjectListEntry& entry : instances) {
    write_varint(out, static_cast<std::size_t>(entry.instance - last));
    last = entry.instance;
  }
}

constexpr bool precedes(const ObjectListEntry& a, const ObjectListEntry& b) noexcept {
  if (a.object != b.object) return a.object < b.object;
  if (a.instance != b.instance) return a.instance < b.instance;
  return a.version > b.version;  // of two with the same path, the one with the higher version stays
}

constexpr bool same_path(const ObjectListEntry& a, const ObjectListEntry& b) noexcept {
  return a.object == b.object && a.instance == b.instance;
}

}  // namespace

Result<ObjectListRoot> read_object_list(std::string_view text, ObjectListVisitor visit) noexcept {
  const auto root = read_root(text);
  if (!root) return root;
  LinkReader links(text);
  for (auto link = links.next();; link = links.next()) {
    if (!link) return std::unexpected(link.error());
    if (!*link) return root;
    const auto path = read_target((*link)->target, root->alternate_path);
    if (!path) return std::unexpected(path.error());
    if (!*path || (*path)->depth() > 2) continue;
    const ObjectId object = (*path)->object();
    if (object == kSecurity || object == kOscore) continue;
    const auto version = read_version(**link);
    if (!version) return std::unexpected(version.error());
    const auto went = visit({object, (*path)->instance(), *version});
    if (!went) return std::unexpected(went.error());
  }
}

Result<std::size_t> compact_object_list(std::string_view text, std::span<ObjectListEntry> scratch,
                                        ByteSpan out) noexcept {
  std::size_t count = 0;
  const auto root = read_object_list(text, [&](const ObjectListEntry& entry) -> Result<void> {
    if (count == scratch.size()) return fail(Errc::kNoSpace);
    scratch[count++] = entry;
    return {};
  });
  if (!root) return std::unexpected(root.error());
  std::ranges::sort(scratch.first(count), precedes);
  const auto repeated = std::ranges::unique(scratch.first(count), same_path);
  const std::span<const ObjectListEntry> entries = scratch.first(count - repeated.size());

  ByteWriter writer(out);
  writer.u8(static_cast<std::uint8_t>(root->alternate_path.size()));
  writer.text(root->alternate_path);
  writer.uint(root->formats.bits(), 2);
  ObjectId previous = 0;
  for (std::size_t first = 0; first < entries.size();) {
    std::size_t end = first + 1;
    while (end < entries.size() && entries[end].object == entries[first].object) ++end;
    write_compact_object(writer, entries.subspan(first, end - first), previous);
    previous = entries[first].object;
    first = end;
  }
  return writer.finish();
}

Result<ObjectListRoot> CompactObjectList::root() const noexcept {
  ByteReader in(bytes_);
  return read_compact_root(in);
}

Result<void> CompactObjectList::for_each(ObjectListVisitor visit) const noexcept {
  ByteReader in(bytes_);
  if (const auto root = read_compact_root(in); !root) return std::unexpected(root.error());
  CompactCursor cursor(in);
  for (auto entry = cursor.next();; entry = cursor.next()) {
    if (!entry) return std::unexpected(entry.error());
    if (!*entry) return {};
    if (const auto went = visit(**entry); !went) return went;
  }
}

std::optional<Version> CompactObjectList::version_of(ObjectId object) const noexcept {
  ByteReader in(bytes_);
  if (!read_compact_root(in)) return std::nullopt;
  CompactCursor cursor(in);
  for (auto entry = cursor.next(); entry && *entry && (*entry)->object <= object; entry = cursor.next()) {
    if ((*entry)->object == object) return (*entry)->version;
  }
  return std::nullopt;
}

bool CompactObjectList::contains(ObjectId object, InstanceId instance) const noexcept {
  ByteReader in(bytes_);
  if (!read_compact_root(in)) return false;
  CompactCursor cursor(in);
  for (auto entry = cursor.next(); entry && *entry && (*entry)->object <= object; entry = cursor.next()) {
    if ((*entry)->object == object && (*entry)->instance == instance) return true;
  }
  return false;
}

void write_root(LinkWriter& links, FormatSet formats) noexcept {
  if (links.prefix().empty() && formats.empty()) return;
  links.link(Path());
  links.quoted("rt"sv, kResourceType);
  if (formats.empty()) return;
  // A list is quoted, a single number is a token.
  const unsigned bits = formats.bits();
  const bool several = (bits & (bits - 1)) != 0;
  ByteWriter& out = links.out_with_value("ct"sv);
  std::uint8_t separator = '"';
  for (std::size_t i = 0; i < FormatSet::kKnown.size(); ++i) {
    if ((bits >> i & 1U) == 0) continue;
    if (several) out.u8(separator);
    separator = ' ';
    write_digits(out, static_cast<std::uint64_t>(FormatSet::kKnown[i]));
  }
  if (several) out.u8('"');
}

}  // namespace linnet::lwm2m
