// SPDX-License-Identifier: Apache-2.0
#include "linnet/tls/record.hpp"

#include <nettle/aes.h>
#include <nettle/cbc.h>
#include <nettle/ccm.h>
#include <nettle/gcm.h>
#include <nettle/hmac.h>
#include <nettle/memops.h>

#include <algorithm>

namespace linnet::tls {

namespace {

constexpr std::uint8_t kMajor = 0xFE;
constexpr std::uint8_t kMinor12 = 0xFD;
constexpr std::uint8_t kMinor10 = 0xFF;
constexpr std::size_t kNumbers = 3;  // where epoch and sequence number stand in a header
constexpr std::size_t kExplicit = 8;
constexpr std::size_t kSalt = 4;
constexpr std::size_t kBlock = AES_BLOCK_SIZE;
constexpr std::size_t kMac = SHA256_DIGEST_SIZE;
constexpr std::uint64_t kWindow = 64;

using Numbers = std::array<std::uint8_t, 8>;      // epoch and sequence number as they travel
using Additional = std::array<std::uint8_t, 13>;  // what is authenticated beside the content
using Tag = std::array<std::uint8_t, kMac>;

Additional additional_data(const Numbers& numbers, ContentType type, std::size_t size) noexcept {
  Additional data;
  std::ranges::copy(numbers, data.begin());
  data[8] = static_cast<std::uint8_t>(type);
  data[9] = kMajor;
  data[10] = kMinor12;
  data[11] = static_cast<std::uint8_t>(size >> 8U);
  data[12] = static_cast<std::uint8_t>(size);
  return data;
}

Numbers numbers_of(std::uint64_t sequence) noexcept {
  Numbers numbers;
  const std::uint64_t whole = std::uint64_t{Association::kEpoch} << 48U | sequence;
  for (std::size_t i = 0; i < numbers.size(); ++i)
    numbers[i] = static_cast<std::uint8_t>(whole >> (56U - 8 * i));
  return numbers;
}

std::size_t tag_size(Protection protection) noexcept {
  return protection == Protection::kCcm8 ? std::size_t{8} : std::size_t{GCM_DIGEST_SIZE};
}

bool is_cbc(Protection protection) noexcept {
  return protection == Protection::kMacThenCbc || protection == Protection::kCbcThenMac;
}

// Context on the stack, wiped behind it: the key schedule of one record.
template <typename Context>
struct Scratch {
  Context context;
  ~Scratch() { wipe({reinterpret_cast<std::uint8_t*>(&context), sizeof context}); }
};

using Nonce = std::array<std::uint8_t, kSalt + kExplicit>;

Nonce nonce_of(const std::array<std::uint8_t, 32>& salt, const std::uint8_t* explicit_part) noexcept {
  Nonce nonce;
  std::copy_n(salt.begin(), kSalt, nonce.begin());
  std::copy_n(explicit_part, kExplicit, nonce.begin() + kSalt);
  return nonce;
}

Result<ByteSpan> open_aead(const Association& from, const Numbers& numbers, const Record& record) noexcept {
  const std::size_t tag = tag_size(from.protection);
  if (record.fragment.size() < kExplicit + tag) return fail(Errc::kMalformed);
  const ByteSpan sealed = record.fragment.subspan(kExplicit);
  const ByteSpan plain = sealed.first(sealed.size() - tag);
  const Nonce nonce = nonce_of(from.read_mac, record.fragment.data());
  const Additional data = additional_data(numbers, record.type, plain.size());
  if (from.protection == Protection::kCcm8) {
    Scratch<ccm_aes128_ctx> ccm;
    ccm_aes128_set_key(&ccm.context, from.read_key.data());
    const int good = ccm_aes128_decrypt_message(&ccm.context, nonce.size(), nonce.data(), data.size(),
                                                data.data(), tag, plain.size(), plain.data(), sealed.data());
    if (good == 0) return fail(Errc::kUnauthorized);
    return plain;
  }
  Scratch<gcm_aes128_ctx> gcm;
  gcm_aes128_set_key(&gcm.context, from.read_key.data());
  gcm_aes128_set_iv(&gcm.context, nonce.size(), nonce.data());
  gcm_aes128_update(&gcm.context, data.size(), data.data());
  gcm_aes128_decrypt(&gcm.context, plain.size(), plain.data(), sealed.data());
  Tag computed;
  gcm_aes128_digest(&gcm.context, tag, computed.data());
  if (memeql_sec(computed.data(), sealed.data() + plain.size(), tag) == 0) return fail(Errc::kUnauthorized);
  return plain;
}

void seal_aead(const Association& to, const Numbers& numbers, ContentType type, ByteSpan fragment,
               std::size_t size) noexcept {
  std::ranges::copy(numbers, fragment.begin());
  std::uint8_t* const plain = fragment.data() + kExplicit;
  const std::size_t tag = tag_size(to.protection);
  const Nonce nonce = nonce_of(to.write_mac, numbers.data());
  const Additional data = additional_data(numbers, type, size);
  if (to.protection == Protection::kCcm8) {
    Scratch<ccm_aes128_ctx> ccm;
    ccm_aes128_set_key(&ccm.context, to.write_key.data());
    ccm_aes128_encrypt_message(&ccm.context, nonce.size(), nonce.data(), data.size(), data.data(), tag,
                               size + tag, plain, plain);
    return;
  }
  Scratch<gcm_aes128_ctx> gcm;
  gcm_aes128_set_key(&gcm.context, to.write_key.data());
  gcm_aes128_set_iv(&gcm.context, nonce.size(), nonce.data());
  gcm_aes128_update(&gcm.context, data.size(), data.data());
  gcm_aes128_encrypt(&gcm.context, size, plain, plain);
  gcm_aes128_digest(&gcm.context, tag, plain + size);
}

Tag mac_of(const std::array<std::uint8_t, 32>& key, const Additional& data, ByteView content) noexcept {
  Scratch<hmac_sha256_ctx> hmac;
  hmac_sha256_set_key(&hmac.context, key.size(), key.data());
  hmac_sha256_update(&hmac.context, data.size(), data.data());
  hmac_sha256_update(&hmac.context, content.size(), content.data());
  Tag tag;
  hmac_sha256_digest(&hmac.context, tag.size(), tag.data());
  return tag;
}

void decrypt_cbc(const std::array<std::uint8_t, 16>& key, const std::uint8_t* vector,
                 ByteSpan text) noexcept {
  Scratch<aes128_ctx> aes;
  aes128_set_decrypt_key(&aes.context, key.data());
  std::array<std::uint8_t, kBlock> chain;
  std::copy_n(vector, kBlock, chain.begin());
  cbc_decrypt(&aes.context, reinterpret_cast<nettle_cipher_func*>(&aes128_decrypt), kBlock, chain.data(),
              text.size(), text.data(), text.data());
}

// How many bytes of padding stand at the end of `text`, its length byte included, or 0 when they are not
// padding. Looks at the same bytes whatever they say.
std::size_t padding_of(ByteView text) noexcept {
  const std::size_t length = text.back();
  const std::size_t longest = std::min<std::size_t>(text.size() - 1, 255);
  std::size_t wrong = length > longest ? 1 : 0;
  for (std::size_t i = 0; i <= longest; ++i) {
    const std::size_t within = (i - length - 1) >> (8 * sizeof i - 1);  // 1 where i <= length
    wrong |= within * static_cast<std::size_t>(text[text.size() - 1 - i] ^ static_cast<std::uint8_t>(length));
  }
  return wrong == 0 ? length + 1 : 0;
}

Result<ByteSpan> open_cbc_then_mac(const Association& from, const Numbers& numbers,
                                   const Record& record) noexcept {
  const ByteSpan all = record.fragment;
  if (all.size() < 2 * kBlock + kMac || (all.size() - kMac) % kBlock != 0) return fail(Errc::kMalformed);
  const ByteSpan protected_part = all.first(all.size() - kMac);
  const Tag tag =
      mac_of(from.read_mac, additional_data(numbers, record.type, protected_part.size()), protected_part);
  if (memeql_sec(tag.data(), all.data() + protected_part.size(), kMac) == 0) return fail(Errc::kUnauthorized);
  const ByteSpan text = protected_part.subspan(kBlock);
  decrypt_cbc(from.read_key, all.data(), text);
  const std::size_t padding = padding_of(text);
  if (padding == 0) return fail(Errc::kUnauthorized);
  return text.first(text.size() - padding);
}

Result<ByteSpan> open_mac_then_cbc(const Association& from, const Numbers& numbers,
                                   const Record& record) noexcept {
  const ByteSpan all = record.fragment;
  if (all.size() < kBlock + (kMac + kBlock) || all.size() % kBlock != 0) return fail(Errc::kMalformed);
  const ByteSpan text = all.subspan(kBlock);
  decrypt_cbc(from.read_key, all.data(), text);
  std::size_t padding = padding_of(text);
  const bool padded = padding != 0 && padding + kMac <= text.size();
  // Without padding the MAC is made all the same, over as much as there may be (RFC 5246 §6.2.3.2).
  if (!padded) padding = 0;
  const std::size_t size = text.size() - kMac - padding;
  const Tag tag = mac_of(from.read_mac, additional_data(numbers, record.type, size), text.first(size));
  // The hash then goes over as many blocks as for the longest content, so that time does not tell the
  // padding.
  const auto blocks = [](std::size_t content) {
    return (content + sizeof(Additional) + 8) / SHA256_BLOCK_SIZE;
  };
  Scratch<sha256_ctx> idle;
  sha256_init(&idle.context);
  const std::array<std::uint8_t, SHA256_BLOCK_SIZE> nothing{};
  for (std::size_t i = blocks(size); i < blocks(text.size() - kMac); ++i) {
    sha256_update(&idle.context, nothing.size(), nothing.data());
  }
  const int same = memeql_sec(tag.data(), text.data() + size, kMac);
  if (same == 0 || !padded) return fail(Errc::kUnauthorized);
  return text.first(size);
}

// The fragment's size. The plaintext stands behind the vector.
std::size_t seal_cbc(const Association& to, const Numbers& numbers, ContentType type, ByteSpan fragment,
                     std::size_t size, ByteView random) noexcept {
  std::copy_n(random.begin(), kBlock, fragment.begin());
  const ByteSpan text = fragment.subspan(kBlock);
  std::size_t end = size;
  if (to.protection == Protection::kMacThenCbc) {
    const Tag tag = mac_of(to.write_mac, additional_data(numbers, type, size), text.first(size));
    std::ranges::copy(tag, text.begin() + static_cast<std::ptrdiff_t>(size));
    end += kMac;
  }
  const std::size_t padding = kBlock - end % kBlock;
  std::fill_n(text.begin() + static_cast<std::ptrdiff_t>(end), padding,
              static_cast<std::uint8_t>(padding - 1));
  end += padding;
  {
    Scratch<aes128_ctx> aes;
    aes128_set_encrypt_key(&aes.context, to.write_key.data());
    std::array<std::uint8_t, kBlock> chain;
    std::copy_n(random.begin(), kBlock, chain.begin());
    cbc_encrypt(&aes.context, reinterpret_cast<nettle_cipher_func*>(&aes128_encrypt), kBlock, chain.data(),
                end, text.data(), text.data());
  }
  end += kBlock;
  if (to.protection == Protection::kCbcThenMac) {
    const Tag tag = mac_of(to.write_mac, additional_data(numbers, type, end), fragment.first(end));
    std::ranges::copy(tag, fragment.begin() + static_cast<std::ptrdiff_t>(end));
    end += kMac;
  }
  return end;
}

// RFC 6347 §4.1.2.6.
bool replayed(const Association& association, std::uint64_t sequence) noexcept {
  if (sequence >= association.read_next) return false;
  const std::uint64_t behind = association.read_next - 1 - sequence;
  return behind >= kWindow || (association.read_window >> behind & 1U) != 0;
}

void remember(Association& association, std::uint64_t sequence) noexcept {
  if (sequence < association.read_next) {
    association.read_window |= std::uint64_t{1} << (association.read_next - 1 - sequence);
    return;
  }
  const std::uint64_t ahead = sequence + 1 - association.read_next;
  association.read_window = ahead >= kWindow ? 1 : association.read_window << ahead | 1U;
  association.read_next = (sequence + 1) & Association::kLastNumber;
}

}  // namespace

Result<Record> take_record(ByteSpan& datagram) noexcept {
  if (datagram.size() < kRecordHeader) return fail(Errc::kTruncated);
  ByteReader reader(datagram);
  const auto type = reader.u8();
  const auto version = reader.uint(2);
  const auto epoch = reader.uint(2);
  const auto sequence = reader.uint(6);
  const auto size = reader.uint(2);
  if (*size > reader.remaining()) return fail(Errc::kTruncated);
  const bool known = *version == (kMajor << 8U | kMinor12) || *version == (kMajor << 8U | kMinor10);
  if (!known || *type < static_cast<std::uint8_t>(ContentType::kChangeCipherSpec) ||
      *type > static_cast<std::uint8_t>(ContentType::kApplicationData)) {
    return fail(Errc::kMalformed);
  }
  const Record record{.type = static_cast<ContentType>(*type),
                      .epoch = static_cast<std::uint16_t>(*epoch),
                      .sequence = *sequence,
                      .header = datagram.first(kRecordHeader),
                      .fragment = datagram.subspan(kRecordHeader, static_cast<std::size_t>(*size))};
  datagram = datagram.subspan(kRecordHeader + record.fragment.size());
  return record;
}

Result<ByteSpan> open(Association& association, const Record& record) noexcept {
  if (record.epoch != Association::kEpoch || !association.exists()) return fail(Errc::kNotAllowed);
  if (record.header[2] != kMinor12) return fail(Errc::kMalformed);
  // The last number has no successor.
  if (record.sequence >= Association::kLastNumber || replayed(association, record.sequence)) {
    return fail(Errc::kExists);
  }
  const Numbers numbers = numbers_of(record.sequence);
  const auto opened = !is_cbc(association.protection) ? open_aead(association, numbers, record)
                      : association.protection == Protection::kCbcThenMac
                          ? open_cbc_then_mac(association, numbers, record)
                          : open_mac_then_cbc(association, numbers, record);
  if (!opened) return opened;
  remember(association, record.sequence);
  return opened;
}

std::size_t plaintext_offset(const Association& association) noexcept {
  return kRecordHeader + (is_cbc(association.protection) ? kBlock : kExplicit);
}

Result<std::size_t> seal(Association& association, ContentType type, std::size_t size, ByteSpan buffer,
                         ByteView random) noexcept {
  if (buffer.size() < kMaxRecordOverhead || size > buffer.size() - kMaxRecordOverhead)
    return fail(Errc::kNoSpace);
  if (!association.exists() || association.write_next >= association.write_limit) return fail(Errc::kBusy);
  const Numbers numbers = numbers_of(association.write_next);
  const ByteSpan fragment = buffer.subspan(kRecordHeader);
  std::size_t sealed = kExplicit + size + tag_size(association.protection);
  if (is_cbc(association.protection)) {
    sealed = seal_cbc(association, numbers, type, fragment, size, random);
  } else {
    seal_aead(association, numbers, type, fragment, size);
  }
  association.write_next = (association.write_next + 1) & Association::kLastNumber;
  buffer[0] = static_cast<std::uint8_t>(type);
  buffer[1] = kMajor;
  buffer[2] = kMinor12;
  std::ranges::copy(numbers, buffer.begin() + kNumbers);
  buffer[11] = static_cast<std::uint8_t>(sealed >> 8U);
  buffer[12] = static_cast<std::uint8_t>(sealed);
  return kRecordHeader + sealed;
}

}  // namespace linnet::tls
