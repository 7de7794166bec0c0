// SPDX-License-Identifier: Apache-2.0
#include "linnet/card/pkcs15.hpp"

namespace linnet::card {

namespace {

enum Tag : std::uint32_t {
  kInteger = 0x02,
  kOctetString = 0x04,
  kObjectIdentifier = 0x06,
  kSequence = 0x30,
  kTypeAttributes = 0xA1,
  kOidObject = 0xA1,    // DataType: oidDO, beside kSequence for opaqueDO
  kDataObjects = 0xA7,  // PKCS15Objects
  kApplicationTemplate = 0x61,
  kApplicationId = 0x4F,
};

constexpr std::uint8_t kBootstrapOid[]{0x67, 0x2B, 0x09, 0x01};
// As cards are found in the field: the identifier's own tag and length once more inside of it.
constexpr std::uint8_t kBootstrapOidTwice[]{0x06, 0x04, 0x67, 0x2B, 0x09, 0x01};
constexpr std::size_t kMaxOffsetSize = 2;

bool is_bootstrap_oid(ByteView oid) noexcept {
  return equal(oid, kBootstrapOid) || equal(oid, kBootstrapOidTwice);
}

/// Path ::= SEQUENCE { path OCTET STRING, index INTEGER OPTIONAL, length [0] INTEGER OPTIONAL }
Result<BootstrapObject> read_path(ByteView sequence) noexcept {
  const auto path = find_element(sequence, kOctetString);
  if (!path) return std::unexpected(path.error());
  if (path->size() < 2 || path->size() > kMaxPath || path->size() % 2 != 0) return fail(Errc::kMalformed);
  BootstrapObject object{*path};
  if (const auto index = find_element(sequence, kInteger)) {
    ByteReader in(*index);
    const auto offset = index->size() <= kMaxOffsetSize ? in.uint(index->size()) : fail(Errc::kTooLarge);
    if (!offset || *offset > INT16_MAX) return fail(Errc::kTooLarge);
    object.offset = static_cast<std::uint16_t>(*offset);
  }
  return object;
}

/// An entry is common attributes, those of data objects, and, under a tag, those of its type.
Result<BootstrapObject> read_entry(const BerElement& entry) noexcept {
  ByteReader in(entry.value);
  const auto common = next_element(in);
  const auto class_attributes = common ? next_element(in) : common;
  if (!class_attributes) return std::unexpected(class_attributes.error());
  const auto typed = find_element(in.rest(), kTypeAttributes);
  if (!typed) return std::unexpected(typed.error());
  const auto value = find_element(*typed, kSequence);
  if (!value) return std::unexpected(value.error());

  // oidDO: SEQUENCE { id OBJECT IDENTIFIER, value Path }; opaqueDO: the path at once.
  const bool named = entry.tag == kOidObject;
  const auto name = find_element(named ? *value : class_attributes->value, kObjectIdentifier);
  const bool by_application =
      named &&
      is_bootstrap_oid(find_element(class_attributes->value, kObjectIdentifier).value_or(ByteView()));
  if (!by_application && (!name || !is_bootstrap_oid(*name))) return fail(Errc::kNotFound);
  if (!named) return read_path(*value);
  const auto inner = find_element(*value, kSequence);
  return inner ? read_path(*inner) : std::unexpected(inner.error());
}

}  // namespace

Result<ByteView> find_application(ByteView record) noexcept {
  if (record.empty() || record[0] == 0x00 || record[0] == 0xFF) return fail(Errc::kNotFound);
  ByteReader in(record);
  const auto element = next_element(in);
  if (!element) return std::unexpected(element.error());
  if (element->tag != kApplicationTemplate) return fail(Errc::kNotFound);
  const auto id = find_element(element->value, kApplicationId);
  if (!id) return std::unexpected(id.error());
  constexpr std::size_t kPrefix = sizeof kPkcs15Application;
  const bool ours = id->size() >= kPrefix && id->size() <= kMaxApplicationId &&
                    equal(id->first(kPrefix), kPkcs15Application);
  if (!ours) return fail(Errc::kNotFound);
  return *id;
}

Result<void> for_each_data_directory(ByteView odf, FunctionRef<Result<void>(ByteView path)> take) noexcept {
  return for_each_element(odf, [&](const BerElement& record) -> Result<void> {
    if (record.tag != kDataObjects) return {};
    const auto sequence = find_element(record.value, kSequence);
    // Objects that stand in the ODF itself are no directory.
    if (!sequence)
      return sequence.error().code == Errc::kNotFound ? Result<void>() : std::unexpected(sequence.error());
    const auto path = read_path(*sequence);
    return path ? take(path->path) : std::unexpected(path.error());
  });
}

Result<BootstrapObject> find_bootstrap_object(ByteView dodf) noexcept {
  Result<BootstrapObject> found = fail(Errc::kNotFound);
  const auto looked = for_each_element(dodf, [&](const BerElement& entry) -> Result<void> {
    if (found || (entry.tag != kSequence && entry.tag != kOidObject)) return {};
    auto object = read_entry(entry);
    if (object) found = object;
    // What an entry of other people's looks like does not matter.
    return {};
  });
  if (!found && !looked) return std::unexpected(looked.error());
  return found;
}

}  // namespace linnet::card
