// SPDX-License-Identifier: Apache-2.0
// Our SenML against other people's JSON and CBOR: what we write, they read; what they write, we read.
#include <cbor.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <random>

#include "tests/unit/lwm2m/records.hpp"

namespace linnet::lwm2m {
namespace {

using nlohmann::json;

constexpr int kDocuments = 500;

class Generator {
 public:
  explicit Generator(unsigned seed) : random_(seed) {}

  std::uint64_t below(std::uint64_t bound) { return random_() % bound; }

  std::string text() {
    static const std::vector<std::string> pieces{"a", "\"",     "\\",     "\n",        "\x01",
                                                 "/", "\u00fc", "\u6c34", "\U00010151"};
    std::string text;
    for (std::uint64_t i = below(30); i > 0; --i) text += pieces[below(pieces.size())];
    return text;
  }

  double number() {
    switch (below(3)) {
      case 0: return static_cast<double>(below(100000)) / 100;
      case 1: return -static_cast<double>(below(1000));
      default: return std::ldexp(static_cast<double>(random_()), static_cast<int>(below(1800)) - 1000);
    }
  }

  OwnedRecord record(const Path& path) {
    std::optional<double> time;
    if (below(4) == 0) time = static_cast<double>(below(1600000000)) / 4;
    const std::string bytes = text();
    switch (below(8)) {
      case 0: return {path, {}, time};
      case 1: return {path, Value::string(bytes), time};
      case 2: return {path, Value::integer(static_cast<std::int64_t>(random_() >> below(64))), time};
      case 3: return {path, Value::unsigned_integer(random_() >> below(64)), time};
      case 4: return {path, Value::number(number()), time};
      case 5: return {path, Value::boolean(below(2) == 1), time};
      case 6: return {path, Value::opaque(as_bytes(bytes)), time};
      default: return {path, Value::objlnk({static_cast<std::uint16_t>(below(65536)), 1}), time};
    }
  }

  Records records() {
    Records records;
    Path path(static_cast<std::uint16_t>(below(400)), static_cast<std::uint16_t>(below(3)), 0);
    for (std::uint64_t i = below(8); i > 0; --i) {
      path = path.prefix(below(3) == 0 ? 1 : 2);
      while (path.depth() < 3 + below(2)) path = path.child(static_cast<std::uint16_t>(below(300)));
      records.push_back(record(path));
    }
    return records;
  }

 private:
  std::mt19937_64 random_;
};

std::string path_text(const Path& path) {
  std::string text;
  for (std::size_t i = 0; i < path.depth(); ++i) text += "/" + std::to_string(path[i]);
  return text;
}

std::string base64url(const std::string& bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string bits;
  for (const char c : bytes) {
    for (int i = 7; i >= 0; --i) bits += (static_cast<unsigned char>(c) >> i & 1) != 0 ? '1' : '0';
  }
  while (bits.size() % 6 != 0) bits += '0';
  std::string text;
  for (std::size_t i = 0; i < bits.size(); i += 6) text += kDigits[std::stoul(bits.substr(i, 6), nullptr, 2)];
  return text;
}

/// The fields of a record as JSON values, with Opaque as it stands in SenML JSON.
json value_fields(const OwnedRecord& record) {
  const Value value = record.view().value;
  switch (value.type()) {
    case DataType::kString: return {{"vs", record.bytes}};
    case DataType::kInteger: return {{"v", value.as_integer()}};
    case DataType::kUnsigned: return {{"v", value.as_unsigned()}};
    case DataType::kFloat: return {{"v", value.as_float()}};
    case DataType::kBoolean: return {{"vb", value.as_boolean()}};
    case DataType::kOpaque: return {{"vd", base64url(record.bytes)}};
    case DataType::kObjlnk: {
      const Objlnk link = value.as_objlnk();
      return {{"vlo", std::to_string(link.object) + ":" + std::to_string(link.instance)}};
    }
    default: return json::object();
  }
}

/// The pack with names and times resolved, as RFC 8428 §4.6 says.
json resolved(const json& pack) {
  json out = json::array();
  std::string base_name;
  std::optional<double> base_time;
  for (json record : pack) {
    base_name = record.value("bn", base_name);
    if (record.contains("bt")) base_time = record["bt"].get<double>();
    std::optional<double> time = base_time;
    if (record.contains("t")) time = base_time.value_or(0) + record["t"].get<double>();
    record["n"] = base_name + record.value("n", "");
    if (time) record["t"] = *time;
    record.erase("bn");
    record.erase("bt");
    out.push_back(record);
  }
  return out;
}

json expected_pack(const Records& records) {
  json pack = json::array();
  for (const OwnedRecord& record : records) {
    json fields = value_fields(record);
    fields["n"] = path_text(record.path);
    if (record.time) fields["t"] = *record.time;
    pack.push_back(fields);
  }
  return pack;
}

/// A number is what it is, however it was written.
Records with_types_of(const Records& records, const Records& types) {
  Records typed;
  for (std::size_t i = 0; i < records.size() && i < types.size(); ++i) {
    Record record = records[i].view();
    const DataType wanted = types[i].value.type();
    if (record.value.numeric() && wanted == DataType::kFloat) {
      record.value = Value::number(record.value.to_double());
    } else if (record.value.numeric()) {
      record.value = record.value.convert(wanted).value_or(record.value);
    }
    typed.emplace_back(record.path, record.value, record.time);
  }
  return typed;
}

TEST(SenmlJsonLibrary, what_we_write_is_read_as_it_was_meant) {
  Generator generator(8428);
  for (int i = 0; i < kDocuments; ++i) {
    const Records records = generator.records();
    const std::string payload = encoded(ContentFormat::kSenmlJson, Path(), records);
    const json pack = json::parse(payload, nullptr, false);
    ASSERT_FALSE(pack.is_discarded()) << payload;
    EXPECT_EQ(resolved(pack), expected_pack(records)) << payload;
  }
}

TEST(SenmlJsonLibrary, what_it_writes_is_read_as_it_was_meant) {
  Generator generator(8259);
  for (int i = 0; i < kDocuments; ++i) {
    const Records records = generator.records();
    json pack = expected_pack(records);
    for (json& record : pack) {
      if (generator.below(3) == 0) record["x"] = {{"deep", {1, "]", nullptr, {{"a", false}}}}};
    }
    if (!pack.empty() && generator.below(2) == 0) {
      const std::string name = pack[0]["n"];
      const std::size_t cut = generator.below(name.size() + 1);
      pack[0]["bn"] = name.substr(0, cut);
      pack[0]["n"] = name.substr(cut);
      if (pack.size() > 1) pack[1]["bn"] = "";
    }
    const int indent = generator.below(2) == 0 ? -1 : 2;
    const std::string payload = pack.dump(indent, ' ', generator.below(2) == 0);
    const Decoded result = decoded(ContentFormat::kSenmlJson, Path(), payload);
    ASSERT_FALSE(result.error) << payload;
    ASSERT_EQ(result.records.size(), records.size());
    EXPECT_EQ(with_types_of(result.records, records), records) << payload;
  }
}

struct CborFree {
  void operator()(cbor_item_t* item) const { cbor_decref(&item); }
};
using CborItem = std::unique_ptr<cbor_item_t, CborFree>;

double cbor_number(const cbor_item_t* item) {
  if (cbor_isa_uint(item)) return static_cast<double>(cbor_get_int(item));
  if (cbor_isa_negint(item)) return -1.0 - static_cast<double>(cbor_get_int(item));
  return cbor_float_get_float(item);
}

std::string cbor_bytes(const cbor_item_t* item) {
  if (cbor_isa_string(item)) {
    return {reinterpret_cast<const char*>(cbor_string_handle(item)), cbor_string_length(item)};
  }
  return {reinterpret_cast<const char*>(cbor_bytestring_handle(item)), cbor_bytestring_length(item)};
}

/// A record in the form of SenML JSON.
json json_of(const cbor_item_t* map) {
  static const std::map<int, std::string> labels{{-2, "bn"}, {-3, "bt"}, {0, "n"}, {2, "v"},
                                                 {3, "vs"},  {4, "vb"},  {6, "t"}, {8, "vd"}};
  json record = json::object();
  for (std::size_t i = 0; i < cbor_map_size(map); ++i) {
    const cbor_pair& pair = cbor_map_handle(map)[i];
    const std::string label =
        cbor_isa_string(pair.key) ? cbor_bytes(pair.key) : labels.at(static_cast<int>(cbor_number(pair.key)));
    if (cbor_isa_string(pair.value)) {
      record[label] = cbor_bytes(pair.value);
    } else if (cbor_isa_bytestring(pair.value)) {
      record[label] = base64url(cbor_bytes(pair.value));
    } else if (cbor_isa_uint(pair.value)) {
      record[label] = cbor_get_int(pair.value);
    } else if (cbor_isa_negint(pair.value)) {
      record[label] = -1 - static_cast<std::int64_t>(cbor_get_int(pair.value));
    } else if (cbor_float_ctrl_is_ctrl(pair.value)) {
      record[label] = cbor_get_bool(pair.value);
    } else {
      record[label] = cbor_number(pair.value);
    }
  }
  return record;
}

TEST(SenmlCborLibrary, what_we_write_is_read_as_it_was_meant) {
  Generator generator(8949);
  for (int i = 0; i < kDocuments; ++i) {
    const Records records = generator.records();
    const std::string payload = encoded(ContentFormat::kSenmlCbor, Path(), records);
    cbor_load_result state{};
    const CborItem pack(cbor_load(as_bytes(payload).data(), payload.size(), &state));
    ASSERT_NE(pack, nullptr) << to_hex(payload);
    EXPECT_EQ(state.read, payload.size());
    ASSERT_TRUE(cbor_isa_array(pack.get()));
    EXPECT_TRUE(cbor_array_is_definite(pack.get()));
    json read = json::array();
    for (std::size_t k = 0; k < cbor_array_size(pack.get()); ++k)
      read.push_back(json_of(cbor_array_handle(pack.get())[k]));
    EXPECT_EQ(resolved(read), expected_pack(records)) << to_hex(payload);
  }
}

class CborBuilder {
 public:
  explicit CborBuilder(Generator& generator) : generator_(generator) {}

  cbor_item_t* pack(const Records& records) {
    const bool definite = generator_.below(2) == 0;
    cbor_item_t* array = definite ? cbor_new_definite_array(records.size()) : cbor_new_indefinite_array();
    for (const OwnedRecord& record : records) EXPECT_TRUE(cbor_array_push(array, cbor_move(map(record))));
    return array;
  }

 private:
  void put(cbor_item_t* map, cbor_item_t* key, cbor_item_t* value) {
    EXPECT_TRUE(cbor_map_add(map, {cbor_move(key), cbor_move(value)}));
  }

  static cbor_item_t* label(int number) {
    return number < 0 ? cbor_build_negint8(static_cast<std::uint8_t>(-1 - number))
                      : cbor_build_uint8(static_cast<std::uint8_t>(number));
  }

  cbor_item_t* text(const std::string& bytes) {
    if (generator_.below(3) != 0) return cbor_build_stringn(bytes.data(), bytes.size());
    cbor_item_t* chunks = cbor_new_indefinite_string();
    std::size_t cut = generator_.below(bytes.size() + 1);
    while (cut < bytes.size() && (static_cast<unsigned char>(bytes[cut]) & 0xC0) == 0x80) ++cut;
    for (const std::string& part : {bytes.substr(0, cut), bytes.substr(cut)}) {
      EXPECT_TRUE(cbor_string_add_chunk(chunks, cbor_move(cbor_build_stringn(part.data(), part.size()))));
    }
    return chunks;
  }

  cbor_item_t* data(const std::string& bytes) {
    const auto* first = as_bytes(bytes).data();
    if (generator_.below(3) != 0) return cbor_build_bytestring(first, bytes.size());
    cbor_item_t* chunks = cbor_new_indefinite_bytestring();
    const std::size_t cut = generator_.below(bytes.size() + 1);
    EXPECT_TRUE(cbor_bytestring_add_chunk(chunks, cbor_move(cbor_build_bytestring(first, cut))));
    EXPECT_TRUE(
        cbor_bytestring_add_chunk(chunks, cbor_move(cbor_build_bytestring(first + cut, bytes.size() - cut))));
    return chunks;
  }

  cbor_item_t* number(double v) {
    if (static_cast<double>(static_cast<float>(v)) == v && generator_.below(2) == 0) {
      return cbor_build_float4(static_cast<float>(v));
    }
    return cbor_build_float8(v);
  }

  static cbor_item_t* integer(std::int64_t v) {
    return v < 0 ? cbor_build_negint64(static_cast<std::uint64_t>(-1 - v))
                 : cbor_build_uint64(static_cast<std::uint64_t>(v));
  }

  cbor_item_t* map(const OwnedRecord& record) {
    cbor_item_t* map = cbor_new_indefinite_map();
    const Value value = record.view().value;
    if (generator_.below(3) == 0)
      put(map, cbor_build_string("x"), cbor_build_tag(1000, cbor_move(text("y"))));
    switch (value.type()) {
      case DataType::kString: put(map, label(3), text(record.bytes)); break;
      case DataType::kInteger: put(map, label(2), integer(value.as_integer())); break;
      case DataType::kUnsigned: put(map, label(2), cbor_build_uint64(value.as_unsigned())); break;
      case DataType::kFloat: put(map, label(2), number(value.as_float())); break;
      case DataType::kBoolean: put(map, label(4), cbor_build_bool(value.as_boolean())); break;
      case DataType::kOpaque: put(map, label(8), data(record.bytes)); break;
      case DataType::kObjlnk: {
        const Objlnk link = value.as_objlnk();
        put(map, cbor_build_string("vlo"),
            text(std::to_string(link.object) + ":" + std::to_string(link.instance)));
        break;
      }
      default: break;
    }
    put(map, label(0), text(path_text(record.path)));
    if (record.time) put(map, label(6), number(*record.time));
    return map;
  }

  Generator& generator_;
};

TEST(SenmlCborLibrary, what_it_writes_is_read_as_it_was_meant) {
  Generator generator(7049);
  for (int i = 0; i < kDocuments; ++i) {
    const Records records = generator.records();
    const CborItem pack(CborBuilder(generator).pack(records));
    unsigned char* bytes = nullptr;
    std::size_t capacity = 0;
    const std::size_t size = cbor_serialize_alloc(pack.get(), &bytes, &capacity);
    const std::string payload(reinterpret_cast<const char*>(bytes), size);
    std::free(bytes);
    const Decoded result = decoded(ContentFormat::kSenmlCbor, Path(), payload);
    ASSERT_FALSE(result.error) << to_hex(payload);
    ASSERT_EQ(result.records.size(), records.size());
    EXPECT_EQ(with_types_of(result.records, records), records) << to_hex(payload);
  }
}

}  // namespace
}  // namespace linnet::lwm2m
