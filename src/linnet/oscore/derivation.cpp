// SPDX-License-Identifier: Apache-2.0
#include "linnet/oscore/derivation.hpp"

#include <algorithm>

#include "linnet/oscore/cbor_writer.hpp"

namespace linnet::oscore {

namespace {

constexpr std::size_t kMaxInfo = 80;  // bytes

/// HKDF (RFC 5869 §2) for results of at most one hash. The extract step comes first for each of the three:
/// it costs little beside keeping its result.
struct Hkdf {
  Crypto& crypto;
  Crypto::Hash key{};

  void expand(ByteView info, ByteSpan out) noexcept {
    constexpr std::uint8_t kFirst[] = {1};
    Crypto::Hash hash{};
    const ByteView parts[] = {info, kFirst};
    crypto.hmac(key, parts, hash);
    std::copy_n(hash.begin(), out.size(), out.begin());
  }
};

/// The array that tells the derived values apart (RFC 8613 §3.2.1).
Result<std::size_t> encode_info(ByteSpan space, Algorithm algorithm, ByteView id,
                                const std::optional<ShortBytes<kMaxIdContext>>& id_context,
                                std::string_view type, std::size_t size) noexcept {
  ByteWriter out(space);
  cbor_head(out, kCborArray, 5);
  cbor_bytes(out, id);
  if (id_context)
    cbor_bytes(out, id_context->view());
  else
    out.u8(kCborNil);
  cbor_head(out, kCborUnsigned, static_cast<std::size_t>(algorithm));
  cbor_head(out, kCborText, type.size());
  out.text(type);
  cbor_head(out, kCborUnsigned, size);
  return out.finish();
}

}  // namespace

ShortBytes<kMaxPartialIvSize> encoded(PartialIv piv) noexcept {
  std::array<std::uint8_t, kMaxPartialIvSize> bytes{};
  std::size_t size = 0;
  do {
    bytes[kMaxPartialIvSize - ++size] = static_cast<std::uint8_t>(piv);
    piv >>= 8;
  } while (piv != 0 && size < kMaxPartialIvSize);
  ShortBytes<kMaxPartialIvSize> result;
  result.assign(ByteView(bytes).last(size));
  return result;
}

void Keys::wipe() noexcept {
  sender.wipe();
  recipient.wipe();
  common_iv.wipe();
}

Result<Keys> derive(Crypto& crypto, const InputParameters& input,
                    const std::optional<ShortBytes<kMaxIdContext>>& id_context) noexcept {
  const AlgorithmProperties* const row = properties(input.algorithm);
  if (row == nullptr || !crypto.has(input.algorithm)) return fail(Errc::kUnsupported);
  const std::size_t longest = std::max(input.sender_id.size(), input.recipient_id.size());
  if (longest > row->max_id_size() || input.master_secret.empty() ||
      equal(input.sender_id.view(), input.recipient_id.view())) {
    return fail(Errc::kInvalidArgument);
  }
  Hkdf hkdf{crypto};
  const ByteView secret[] = {input.master_secret.view()};
  crypto.hmac(input.master_salt.view(), secret, hkdf.key);
  Keys keys;
  keys.algorithm = input.algorithm;
  const auto expand = [&](ByteView id, std::string_view type, ByteSpan out) {
    std::array<std::uint8_t, kMaxInfo> info{};
    const Result<std::size_t> size = encode_info(info, input.algorithm, id, id_context, type, out.size());
    if (size) hkdf.expand(ByteView(info).first(*size), out);
    return size.has_value();
  };
  const bool derived = expand(input.sender_id.view(), "Key", keys.sender.resize(row->key_size)) &&
                       expand(input.recipient_id.view(), "Key", keys.recipient.resize(row->key_size)) &&
                       expand({}, "IV", keys.common_iv.resize(row->nonce_size));
  if (!derived) return fail(Errc::kInvalidArgument);
  return keys;
}

ShortBytes<kMaxNonceSize> nonce_of(const Keys& keys, ByteView id, PartialIv piv) noexcept {
  ShortBytes<kMaxNonceSize> nonce = keys.common_iv;
  const ByteSpan bytes = nonce.resize(keys.common_iv.size());
  const std::size_t id_end = bytes.size() - kMaxPartialIvSize;
  bytes[0] = static_cast<std::uint8_t>(bytes[0] ^ id.size());
  for (std::size_t i = 0; i < id.size(); ++i) bytes[id_end - id.size() + i] ^= id[i];
  for (std::size_t i = bytes.size(); i-- > id_end; piv >>= 8) bytes[i] ^= static_cast<std::uint8_t>(piv);
  return nonce;
}

}  // namespace linnet::oscore
