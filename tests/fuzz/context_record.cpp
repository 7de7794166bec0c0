// SPDX-License-Identifier: Apache-2.0
// What a damaged store may hold of OSCORE contexts: any record and any key. What is taken comes back as it
// was.
#include <cstdlib>
#include <vector>

#include "linnet/server/context_record.hpp"
#include "linnet/server/record_fields.hpp"

namespace {

using namespace linnet;

void check(bool good) {
  if (!good) std::abort();
}

void check_round_trip(const server::ContextRecord& record) {
  const std::vector<std::uint8_t> bytes = record.encode();
  const auto again = server::ContextRecord::decode(bytes);
  check(again.has_value());
  check(again->fingerprint == record.fingerprint && again->stored_limit == record.stored_limit &&
        again->derived_limit == record.derived_limit && again->address == record.address);
  check(again->id_context.has_value() == record.id_context.has_value());
  if (record.id_context) check(equal(again->id_context->view(), record.id_context->view()));
  check(again->observations.size() == record.observations.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  if (const auto record = server::ContextRecord::decode(input)) check_round_trip(*record);
  // Behind a good checksum, which nobody hits by chance.
  std::vector<std::uint8_t> framed(size + 16);
  ByteWriter writer(framed);
  server::open_record(writer, 'S', 1);
  writer.bytes(input);
  const auto whole = server::close_record(writer);
  check(whole.has_value());
  if (const auto record = server::ContextRecord::decode(ByteView(framed).first(*whole)))
    check_round_trip(*record);
  const auto key = server::ContextKey::decode(as_text(input));
  if (key) check(key->encode() == as_text(input));
  return 0;
}
