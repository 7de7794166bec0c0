// SPDX-License-Identifier: Apache-2.0
#include "linnet/card/bootstrap_file.hpp"

namespace linnet::card {

namespace {

Result<void> read_version(ByteReader& in, std::optional<lwm2m::Version>& version) noexcept {
  const auto major = in.u8();
  if (!major) return std::unexpected(major.error());
  if (*major == 0) return {};
  const auto minor = in.u8();
  if (!minor) return std::unexpected(minor.error());
  version = lwm2m::Version{*major, *minor};
  return {};
}

Result<StoredObject> next_object(ByteReader& in) noexcept {
  const auto id = in.uint(2);
  if (!id) return std::unexpected(id.error());
  if (*id >= lwm2m::kMaxId) return fail(Errc::kMalformed);
  std::optional<lwm2m::Version> version;
  if (const auto read = read_version(in, version); !read) return std::unexpected(read.error());
  const auto length = in.uint(2);
  if (!length) return std::unexpected(length.error());
  const auto instances = in.bytes(static_cast<std::size_t>(*length));
  if (!instances) return std::unexpected(instances.error());
  return StoredObject{static_cast<lwm2m::ObjectId>(*id), version, *instances};
}

Result<void> each(ByteView objects, std::uint64_t number,
                  FunctionRef<Result<void>(const StoredObject&)> take) noexcept {
  ByteReader in(objects);
  for (std::uint64_t i = 0; i < number; ++i) {
    const auto object = next_object(in);
    if (!object) return std::unexpected(object.error());
    if (const auto taken = take(*object); !taken) return taken;
  }
  return in.empty() ? Result<void>() : fail(Errc::kMalformed);
}

}  // namespace

Result<std::size_t> bootstrap_file_size(ByteView file) noexcept {
  ByteReader in(file);
  const auto number = in.uint(2);
  const auto size = number ? in.uint(2) : number;
  if (!size) return std::unexpected(size.error());
  if (*size > kMaxBootstrapFile - kBootstrapHeader) return fail(Errc::kTooLarge);
  return kBootstrapHeader + static_cast<std::size_t>(*size);
}

Result<void> for_each_object(ByteView file, FunctionRef<Result<void>(const StoredObject&)> take) noexcept {
  const auto size = bootstrap_file_size(file);
  if (!size) return std::unexpected(size.error());
  if (*size > file.size()) return fail(Errc::kTruncated);
  const std::uint64_t number = *ByteReader(file).uint(2);
  const ByteView objects = file.first(*size).subspan(kBootstrapHeader);
  const auto whole = each(objects, number, [](const StoredObject&) { return Result<void>(); });
  return whole ? each(objects, number, take) : whole;
}

}  // namespace linnet::card
