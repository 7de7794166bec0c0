// SPDX-License-Identifier: Apache-2.0
// Any bytes as a payload of any content format. The first byte chooses the format, the second the
// path of the message. What can be read must come back the same when it is written and read again.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <string>
#include <vector>

#include "linnet/lwm2m/codec.hpp"

namespace {

using namespace linnet;
using namespace linnet::lwm2m;

struct Kept {
  Record record;
  std::string bytes;
};
using Pack = std::deque<Kept>;

void keep(Pack& pack, const Record& record) {
  Kept& kept = pack.emplace_back();
  kept.record = record;
  const Value& value = record.value;
  switch (value.type()) {
    case DataType::kString:
      kept.bytes = value.as_string();
      kept.record.value = Value::string(kept.bytes);
      break;
    case DataType::kCorelnk:
      kept.bytes = value.as_string();
      kept.record.value = Value::corelnk(kept.bytes);
      break;
    case DataType::kOpaque:
      kept.bytes = as_text(value.as_opaque());
      kept.record.value = Value::opaque(as_bytes(kept.bytes));
      break;
    default: break;
  }
}

/// A type for each resource, so that all of them occur.
DataType type_of(const Path& path) {
  return static_cast<DataType>(1 + path.resource() % 9);
}

bool read(const Codec& codec, const Path& base, ByteView payload, Pack& pack) {
  std::vector<std::uint8_t> scratch(payload.size());
  const auto sink = [&pack](const Record& record) -> Result<void> {
    keep(pack, record);
    return {};
  };
  return codec.decode(base, payload, type_of, scratch, sink).has_value();
}

[[noreturn]] void disagree(const char* what) {
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

/// Records of one instance, and of one multiple resource, stand together: only then does a tree
/// come back in the same order.
bool in_tree_order(const Pack& pack) {
  return std::is_sorted(pack.begin(), pack.end(),
                        [](const Kept& a, const Kept& b) { return a.record.path < b.record.path; }) &&
         std::adjacent_find(pack.begin(), pack.end(), [](const Kept& a, const Kept& b) {
           return a.record.path.contains(b.record.path);
         }) == pack.end();
}

void check(const Codec& codec, const Path& base, const Pack& pack, std::size_t payload_size) {
  const auto walk = [&pack](RecordSink sink) -> Result<void> {
    for (const Kept& kept : pack) {
      if (const auto taken = sink(kept.record); !taken) return taken;
    }
    return {};
  };
  constexpr std::size_t kMostForEach = 512;
  std::vector<std::uint8_t> out(pack.size() * kMostForEach + payload_size * 8 + 64);
  const auto size = codec.encode(base, walk, out);
  if (!size) {
    // Floats that are not finite have no decimal text.
    if (size.error().code == Errc::kUnsupported) return;
    disagree("what was read cannot be written");
  }
  Pack again;
  if (!read(codec, base, ByteView(out).first(*size), again)) disagree("what was written cannot be read");
  if (again.size() != pack.size()) disagree("another number of records");
  for (std::size_t i = 0; i < pack.size(); ++i) {
    const Record& before = pack[i].record;
    const Record& after = again[i].record;
    if (before.path != after.path) disagree("another path");
    if (!(before.value == after.value)) disagree("another value");
    if (before.time != after.time) disagree("another time");
  }
  std::vector<std::uint8_t> tight(*size);
  if (codec.encode(base, walk, tight) != size) disagree("the exact size does not do");
  if (*size > 0 && codec.encode(base, walk, ByteSpan(tight).first(*size - 1)))
    disagree("less than the size does");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const Path bases[] = {Path(),           Path(3),       Path(3, 0),   Path(3, 0, 7),
                        Path(3, 0, 7, 1), Path(3, 0, 5), Path(3, 0, 8)};
  const Codec& codec = all_codecs()[data[0] % all_codecs().size()];
  const Path base = bases[data[1] % std::size(bases)];
  Pack pack;
  if (!read(codec, base, ByteView(data + 2, size - 2), pack)) return 0;
  const bool tlv = codec.format == ContentFormat::kTlv || codec.format == ContentFormat::kOldTlv;
  const bool names_only =
      tlv && pack.size() == 1 && pack[0].record.path == base && pack[0].record.value.none();
  if (!tlv || (in_tree_order(pack) && !names_only)) check(codec, base, pack, size);
  return 0;
}
