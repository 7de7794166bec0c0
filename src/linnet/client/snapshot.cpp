// SPDX-License-Identifier: Apache-2.0
#include "linnet/client/snapshot.hpp"

#include <bit>

namespace linnet::client {

using lwm2m::DataType;

namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kDoubleSize = 8;
constexpr std::uint8_t kLowNibble = 0x0F;

enum class Item : std::uint8_t {
  kSection = 0x10,
  kInstance = 0x20,
  kSingle = 0x30,
  kMultiple = 0x40,
  kElement = 0x50,
};

constexpr std::uint8_t head(Item item, std::size_t low = 0) noexcept {
  return static_cast<std::uint8_t>(static_cast<std::size_t>(item) | low);
}

void write_number(ByteWriter& out, std::uint64_t number) noexcept {
  constexpr std::uint64_t kMore = 0x80;
  for (; number >= kMore; number >>= 7) out.u8(static_cast<std::uint8_t>(number | kMore));
  out.u8(static_cast<std::uint8_t>(number));
}

Result<std::uint64_t> read_number(ByteReader& in) noexcept {
  std::uint64_t number = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    const auto byte = in.u8();
    if (!byte) return std::unexpected(byte.error());
    const std::uint64_t bits = *byte & 0x7FU;
    if (bits << shift >> shift != bits) break;
    number |= bits << shift;
    if (*byte < 0x80) return number;
  }
  return fail(Errc::kMalformed);
}

Result<std::uint16_t> read_id(ByteReader& in) noexcept {
  const auto number = read_number(in);
  if (!number || *number >= kMaxId) return fail(Errc::kMalformed);
  return static_cast<std::uint16_t>(*number);
}

void write_value(ByteWriter& out, const Value& value) noexcept {
  const auto write_bytes = [&](ByteView bytes) {
    write_number(out, bytes.size());
    out.bytes(bytes);
  };
  switch (value.type()) {
    case DataType::kNone: break;
    case DataType::kString:
    case DataType::kCorelnk: write_bytes(as_bytes(value.as_string())); break;
    case DataType::kOpaque: write_bytes(value.as_opaque()); break;
    case DataType::kInteger:
    case DataType::kTime: {
      const std::int64_t number = value.as_integer();
      const auto magnitude = static_cast<std::uint64_t>(number < 0 ? ~number : number);
      write_number(out, magnitude << 1 | (number < 0 ? 1U : 0U));
      break;
    }
    case DataType::kUnsigned: write_number(out, value.as_unsigned()); break;
    case DataType::kFloat: out.uint(std::bit_cast<std::uint64_t>(value.as_float()), kDoubleSize); break;
    case DataType::kBoolean: write_number(out, value.as_boolean() ? 1 : 0); break;
    case DataType::kObjlnk:
      write_number(out, value.as_objlnk().object);
      write_number(out, value.as_objlnk().instance);
      break;
  }
}

Result<Value> read_value(ByteReader& in, DataType type) noexcept {
  if (type == DataType::kFloat) {
    const auto bits = in.uint(kDoubleSize);
    return bits ? Result<Value>(Value::number(std::bit_cast<double>(*bits))) : std::unexpected(bits.error());
  }
  const auto first = read_number(in);
  if (!first) return std::unexpected(first.error());
  const auto folded = static_cast<std::int64_t>(*first >> 1);
  const std::int64_t number = (*first & 1U) != 0 ? ~folded : folded;
  switch (type) {
    case DataType::kInteger: return Value::integer(number);
    case DataType::kTime: return Value::time(number);
    case DataType::kUnsigned: return Value::unsigned_integer(*first);
    case DataType::kBoolean:
      return *first <= 1 ? Result<Value>(Value::boolean(*first == 1)) : fail(Errc::kMalformed);
    case DataType::kObjlnk: {
      const auto second = read_number(in);
      if (!second || *first > kMaxId || *second > kMaxId) return fail(Errc::kMalformed);
      return Value::objlnk({static_cast<std::uint16_t>(*first), static_cast<std::uint16_t>(*second)});
    }
    case DataType::kString:
    case DataType::kCorelnk:
    case DataType::kOpaque: {
      if (*first > in.remaining()) return fail(Errc::kTruncated);
      const ByteView bytes = *in.bytes(static_cast<std::size_t>(*first));
      return type == DataType::kOpaque   ? Value::opaque(bytes)
             : type == DataType::kString ? Value::string(as_text(bytes))
                                         : Value::corelnk(as_text(bytes));
    }
    default: return fail(Errc::kMalformed);
  }
}

/// The value at `path`, where it is one that a snapshot holds: readable, and its object would take it.
Result<Value> stored(Object& object, const Path& path) noexcept {
  auto value = object.read(path);
  if (value && !object.validate(path, *value)) return fail(Errc::kNotAllowed);
  return value;
}

/// Reads the items of a snapshot one by one and knows where each belongs.
class Items {
 public:
  explicit Items(ByteView snapshot) noexcept : in_(snapshot) {}

  /// The version; once, before `next`.
  Result<void> begin() noexcept {
    const auto version = in_.u8();
    return version && *version == kVersion ? Result<void>() : fail(Errc::kMalformed);
  }
  /// The next item, false at the end.
  Result<bool> next() noexcept {
    if (in_.empty()) return false;
    const std::uint8_t byte = *in_.u8();
    const std::size_t low = byte & kLowNibble;
    item = static_cast<Item>(byte - low);
    switch (item) {
      case Item::kSection: return section(low);
      case Item::kInstance: return low == 0 ? child(1) : fail(Errc::kMalformed);
      case Item::kMultiple: return low == 0 ? child(2) : fail(Errc::kMalformed);
      case Item::kSingle: return child(2, static_cast<DataType>(low));
      case Item::kElement:
        if (parent_ != Item::kMultiple) return fail(Errc::kMalformed);
        return child(3, static_cast<DataType>(low));
      default: return fail(Errc::kMalformed);
    }
  }

  Item item{};
  Path path;  ///< of this item
  Path section_path;
  Value value;  ///< of kSingle and kElement

 private:
  Result<bool> section(std::size_t depth) noexcept {
    if (depth < 1 || depth > 3) return fail(Errc::kMalformed);
    path = {};
    for (std::size_t i = 0; i < depth; ++i) {
      const auto id = read_id(in_);
      if (!id) return std::unexpected(id.error());
      path = path.child(*id);
    }
    section_path = path;
    // The instance or the resource that a section is about comes as an item of its own, if it is there.
    if (depth > 1) path = path.prefix(depth - 1);
    lowest_ = {};
    parent_ = Item::kSection;
    return true;
  }

  /// An item at `path` with so many of its segments and one more.
  Result<bool> child(std::size_t depth, DataType type = DataType::kNone) noexcept {
    if (path.depth() < depth) return fail(Errc::kMalformed);
    const auto id = read_id(in_);
    if (!id || *id < lowest_[depth]) return fail(Errc::kMalformed);
    path = path.prefix(depth).child(*id);
    lowest_[depth] = *id + 1U;
    for (std::size_t below = depth + 1; below < lowest_.size(); ++below) lowest_[below] = 0;
    if (depth < section_path.depth() && path[depth] != section_path[depth]) return fail(Errc::kMalformed);
    if (item != Item::kElement) parent_ = item;
    value = {};
    if (type == DataType::kNone) return true;
    const auto read = read_value(in_, type);
    if (!read) return std::unexpected(read.error());
    value = *read;
    return true;
  }

  ByteReader in_;
  std::array<std::uint32_t, Path::kMaxDepth> lowest_{};  ///< the least id that may come at each level
  Item parent_{};
};

/// First part of a restoration: the instances that a section does not name go.
class Removal {
 public:
  explicit Removal(const ObjectTree& tree) noexcept : tree_(tree) {}

  void take(const Items& items) noexcept {
    if (items.item == Item::kSection) {
      finish();
      const Path& path = items.section_path;
      object_ = path.depth() < 3 ? tree_.find(path.object()) : nullptr;
      from_ = path.depth() == 1 ? InstanceId{0} : path.instance();
      end_ = path.depth() == 1 ? kMaxId : static_cast<InstanceId>(path.instance() + 1);
    } else if (items.item == Item::kInstance) {
      remove_below(items.path.instance());
      from_ = static_cast<InstanceId>(items.path.instance() + 1);
    }
  }
  void finish() noexcept { remove_below(end_); }

  Result<void> result;

 private:
  void remove_below(InstanceId end) noexcept {
    if (object_ == nullptr) return;
    for (InstanceId i = object_->next_instance(from_); i < end; i = object_->next_instance(i + 1)) {
      if (const auto removed = object_->remove(i); !removed && result) result = removed;
    }
  }

  const ObjectTree& tree_;
  Object* object_ = nullptr;
  InstanceId from_ = 0;
  InstanceId end_ = 0;
};

/// Second part: instances come, and values are as they were.
class Refill {
 public:
  explicit Refill(const ObjectTree& tree) noexcept : tree_(tree) {}

  void take(const Items& items) noexcept {
    switch (items.item) {
      case Item::kSection: return section(items.section_path);
      case Item::kInstance: return instance(items.path.instance());
      case Item::kSingle:
      case Item::kMultiple: return resource(items);
      case Item::kElement:
        if (writes_) write(items.path, items.value);
        return;
    }
  }
  /// What the instance has beyond the snapshot goes.
  void finish() noexcept { erase_below(end_); }

  Result<void> result;

 private:
  void section(const Path& path) noexcept {
    finish();
    object_ = tree_.find(path.object());
    next_ = end_ = 0;
    writes_ = false;
    if (object_ == nullptr || path.depth() < 3) return;
    const ResourceDefinition* definition = object_->definition().find(path.resource());
    instance_ = path.instance();
    if (definition == nullptr || !object_->exists(instance_)) return;
    next_ = static_cast<std::size_t>(definition - object_->definition().resources.data());
    end_ = next_ + 1;
  }

  void instance(InstanceId instance) noexcept {
    finish();
    next_ = end_ = 0;
    writes_ = false;
    if (object_ == nullptr) return;
    if (!object_->exists(instance)) {
      if (const auto created = object_->create(instance); !created) return note(created);
    }
    instance_ = instance;
    end_ = object_->definition().resources.size();
  }

  void resource(const Items& items) noexcept {
    writes_ = false;
    const auto rows = rest();
    const auto row = std::ranges::lower_bound(rows, items.path.resource(), {}, &ResourceDefinition::id);
    erase_below(next_ + static_cast<std::size_t>(row - rows.begin()));
    if (next_ == end_ || row->id != items.path.resource()) return;
    ++next_;
    const bool multiple = items.item == Item::kMultiple;
    if (lwm2m::executable(row->operations) || row->multiple != multiple) return;
    if (!multiple) return write(items.path, items.value);
    writes_ = !same_elements(items);
    if (writes_) object_->erase(items.path);
  }

  [[nodiscard]] std::span<const ResourceDefinition> rest() const noexcept {
    return object_ == nullptr ? std::span<const ResourceDefinition>()
                              : object_->definition().resources.subspan(next_, end_ - next_);
  }

  void erase_below(std::size_t end) noexcept {
    for (; next_ < end; ++next_) {
      const ResourceDefinition& row = object_->definition().resources[next_];
      if (lwm2m::executable(row.operations) || !object_->has(instance_, row)) continue;
      const Path path(object_->id(), instance_, row.id);
      if (row.multiple || stored(*object_, path)) object_->erase(path);
    }
  }

  /// What the elements behind this item are is what the resource holds.
  [[nodiscard]] bool same_elements(Items items) const noexcept {
    const Path path = items.path;
    InstanceId present = object_->next_resource_instance(instance_, path.resource(), 0);
    while (items.next().value_or(false) && items.item == Item::kElement) {
      const InstanceId element = items.path.resource_instance();
      if (present != element || !holds(items.path, items.value)) return false;
      present = object_->next_resource_instance(instance_, path.resource(), element + 1);
    }
    return present == kMaxId;
  }

  [[nodiscard]] bool holds(const Path& path, const Value& value) const noexcept {
    const auto present = object_->read(path);
    return present && *present == value;
  }

  void write(const Path& path, const Value& given) noexcept {
    const ResourceDefinition& row = object_->definition().resources[next_ - 1];
    const auto value = given.convert(row.type);
    if (!value || holds(path, *value) || !object_->validate(path, *value)) return;
    note(object_->write(path, *value));
  }

  void note(const Result<void>& outcome) noexcept {
    if (result) result = outcome;
  }

  const ObjectTree& tree_;
  Object* object_ = nullptr;
  InstanceId instance_ = kMaxId;
  std::size_t next_ = 0;  ///< of the definition: what is before it is as it was
  std::size_t end_ = 0;
  bool writes_ = false;  ///< elements that come are written
};

Result<void> each(ByteView snapshot, FunctionRef<void(const Items&)> take) noexcept {
  Items items(snapshot);
  if (const auto begun = items.begin(); !begun) return begun;
  for (;;) {
    const auto another = items.next();
    if (!another) return std::unexpected(another.error());
    if (!*another) return {};
    take(items);
  }
}

}  // namespace

Snapshot::Snapshot(ByteSpan buffer) noexcept : out_(buffer) {
  out_.u8(kVersion);
}

Result<void> Snapshot::add(const ObjectTree& tree, const Path& path) noexcept {
  if (path.depth() == 0) {
    const ByteWriter before = out_;
    for (const Object* object : tree.objects()) {
      if (const auto added = add(tree, Path(object->id())); !added) {
        out_ = before;
        return added;
      }
    }
    return {};
  }
  Object* found = tree.find(path.object());
  if (found == nullptr) return fail(Errc::kNotFound);
  const ByteWriter before = out_;
  const std::size_t depth = std::min<std::size_t>(path.depth(), 3);
  out_.u8(head(Item::kSection, depth));
  for (std::size_t i = 0; i < depth; ++i) write_number(out_, path[i]);
  if (depth == 1) {
    object(*found);
  } else if (found->exists(path.instance())) {
    const ResourceDefinition* definition = found->definition().find(path.resource());
    if (depth == 2) instance(*found, path.instance());
    if (depth == 3 && definition != nullptr) resource(*found, path.prefix(2), *definition);
  }
  if (out_.ok()) return {};
  out_ = before;
  return fail(Errc::kNoSpace);
}

void Snapshot::object(Object& object) noexcept {
  for (const InstanceId i : object.instances()) instance(object, i);
}

void Snapshot::instance(Object& object, InstanceId instance) noexcept {
  out_.u8(head(Item::kInstance));
  write_number(out_, instance);
  for (const ResourceDefinition& definition : object.definition().resources) {
    resource(object, Path(object.id(), instance), definition);
  }
}

void Snapshot::resource(Object& object, const Path& instance, const ResourceDefinition& definition) noexcept {
  if (lwm2m::executable(definition.operations) || !object.has(instance.instance(), definition)) return;
  const Path path = instance.child(definition.id);
  const auto write = [&](Item item, const Path& at) {
    const auto value = stored(object, at);
    if (!value) return;
    out_.u8(head(item, static_cast<std::size_t>(value->type())));
    write_number(out_, at[at.depth() - 1]);
    write_value(out_, *value);
  };
  if (!definition.multiple) return write(Item::kSingle, path);
  out_.u8(head(Item::kMultiple));
  write_number(out_, definition.id);
  for (const InstanceId i : object.instances_of(instance.instance(), definition.id)) {
    write(Item::kElement, path.child(i));
  }
}

Result<void> restore(const ObjectTree& tree, ByteView snapshot) noexcept {
  if (const auto whole = each(snapshot, [](const Items&) {}); !whole) return whole;
  Removal removal(tree);
  (void)each(snapshot, [&](const Items& items) { removal.take(items); });
  removal.finish();
  Refill refill(tree);
  (void)each(snapshot, [&](const Items& items) { refill.take(items); });
  refill.finish();
  return removal.result ? refill.result : removal.result;
}

}  // namespace linnet::client
