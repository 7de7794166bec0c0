// SPDX-License-Identifier: Apache-2.0
#include "linnet/server/context_record.hpp"

#include <algorithm>

#include "linnet/server/record_fields.hpp"

namespace linnet::server {

namespace {

constexpr std::uint8_t kLetter = 'S';
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kNumberSize = 5;  // bytes: a Partial IV, or the first that is none
constexpr std::size_t kFixedSize = 160;
constexpr std::size_t kObservationSize = 1 + coap::Token::kMaxSize + 2 * kNumberSize;

}  // namespace

std::string ContextKey::encode() const {
  std::string key;
  key += static_cast<char>(user);
  key += static_cast<char>(recipient_id.size());
  key += as_text(recipient_id);
  key += as_text(id_context);
  return key;
}

Result<ContextKey> ContextKey::decode(std::string_view key) noexcept {
  ByteReader in(as_bytes(key));
  const auto user = in.u8();
  if (!user) return fail(user.error().code);
  if (*user > static_cast<std::uint8_t>(ContextUser::kBootstrap)) return fail(Errc::kMalformed);
  const auto recipient_id = read_field(in, 1);
  if (!recipient_id) return fail(recipient_id.error().code);
  return ContextKey{static_cast<ContextUser>(*user), *recipient_id, in.rest()};
}

std::vector<std::uint8_t> ContextRecord::encode() const {
  std::vector<std::uint8_t> bytes(kFixedSize + observations.size() * kObservationSize);
  ByteWriter out(bytes);
  open_record(out, kLetter, kVersion);
  out.bytes(fingerprint);
  out.uint(stored_limit, kNumberSize);
  out.uint(derived_limit, kNumberSize);
  out.u8(id_context ? 1 : 0);
  write_field(out, id_context ? id_context->view() : ByteView(), 1);
  write_field(out, address, 1);
  out.uint(observations.size(), 2);
  for (const auto& observation : observations) {
    write_field(out, observation.token.bytes(), 1);
    out.uint(observation.request_piv, kNumberSize);
    out.uint(observation.newest, kNumberSize);
  }
  bytes.resize(close_record(out).value_or(0));
  return bytes;
}

Result<ContextRecord> ContextRecord::decode(ByteView bytes) {
  const auto body = record_body(bytes, kLetter, kVersion);
  if (!body) return fail(body.error().code);
  ByteReader in(*body);
  ContextRecord record;
  const auto fingerprint = in.bytes(kFingerprintSize);
  const auto stored_limit = in.uint(kNumberSize);
  const auto derived_limit = in.uint(kNumberSize);
  const auto derived = in.u8();
  const auto id_context = read_field(in, 1);
  const auto address = read_field(in, 1);
  const auto count = in.uint(2);
  if (!fingerprint || !stored_limit || !derived_limit || !derived || !id_context || !address || !count)
    return fail(Errc::kTruncated);
  std::ranges::copy(*fingerprint, record.fingerprint.begin());
  record.stored_limit = *stored_limit;
  record.derived_limit = *derived_limit;
  if (*derived != 0 && !record.id_context.emplace().assign(*id_context)) return fail(Errc::kMalformed);
  if (address->size() > LinkDirectory::kMaxAddress) return fail(Errc::kMalformed);
  record.address.assign(address->begin(), address->end());
  for (std::uint64_t i = 0; i < *count; ++i) {
    const auto token = read_field(in, 1);
    const auto request_piv = in.uint(kNumberSize);
    const auto newest = in.uint(kNumberSize);
    if (!token || !request_piv || !newest) return fail(Errc::kTruncated);
    if (token->size() > coap::Token::kMaxSize) return fail(Errc::kMalformed);
    record.observations.push_back({coap::Token(*token), *request_piv, *newest});
  }
  if (!in.empty()) return fail(Errc::kMalformed);
  return record;
}

}  // namespace linnet::server
