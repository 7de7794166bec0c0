// SPDX-License-Identifier: Apache-2.0
#include "linnet/lwm2m/link_format.hpp"

#include "linnet/coap/code.hpp"

namespace linnet::lwm2m {

using namespace std::string_view_literals;

namespace {

std::unexpected<Error> refuse(Errc code) noexcept {
  return fail(code, static_cast<std::uint8_t>(coap::Code::kBadRequest));
}

constexpr bool is_blank(char c) noexcept {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

constexpr bool is_control(char c) noexcept {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

constexpr bool is_alphanumeric(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// parmname of RFC 8187, with the `*` that may end it.
constexpr bool is_name_character(char c) noexcept {
  return is_alphanumeric(c) || std::string_view("!#$&+-.^_`|~*").find(c) != std::string_view::npos;
}

/// ptokenchar of RFC 6690 §2.
constexpr bool is_token_character(char c) noexcept {
  return c > ' ' && c < 0x7F && std::string_view("\",;\\").find(c) == std::string_view::npos;
}

std::string_view skip_blanks(std::string_view text) noexcept {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  return text;
}

template <typename Predicate>
std::string_view take_while(std::string_view& text, Predicate holds) noexcept {
  std::size_t length = 0;
  while (length < text.size() && holds(text[length])) ++length;
  const std::string_view taken = text.substr(0, length);
  text.remove_prefix(length);
  return taken;
}

/// Takes `"..."` and gives what stands between the quotes.
Result<std::string_view> take_quoted(std::string_view& text) noexcept {
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      const std::string_view inside = text.substr(1, i - 1);
      text.remove_prefix(i + 1);
      return inside;
    }
    if (text[i] == '\\') ++i;
    if (i < text.size() && is_control(text[i]) && !is_blank(text[i])) return refuse(Errc::kMalformed);
  }
  return refuse(Errc::kTruncated);
}

/// Takes one `;name[=value]` off the front of `text`, which starts with the semicolon.
Result<LinkAttribute> take_attribute(std::string_view& text) noexcept {
  LinkAttribute attribute;
  text = skip_blanks(text.substr(1));
  attribute.name = take_while(text, is_name_character);
  if (attribute.name.empty()) return refuse(text.empty() ? Errc::kTruncated : Errc::kMalformed);
  text = skip_blanks(text);
  if (text.empty() || text.front() != '=') return attribute;
  text = skip_blanks(text.substr(1));
  if (text.empty()) return refuse(Errc::kTruncated);
  if (text.front() == '"') {
    const auto inside = take_quoted(text);
    if (!inside) return std::unexpected(inside.error());
    attribute.value = *inside;
    attribute.quoted = true;
  } else {
    attribute.value = take_while(text, is_token_character);
    if (attribute.value.empty()) return refuse(Errc::kMalformed);
  }
  text = skip_blanks(text);
  return attribute;
}

}  // namespace

Result<std::string_view> LinkAttribute::unescape(ByteSpan out) const noexcept {
  ByteWriter writer(out);
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (quoted && value[i] == '\\' && i + 1 < value.size()) ++i;
    writer.u8(static_cast<std::uint8_t>(value[i]));
  }
  if (!writer.ok()) return fail(Errc::kNoSpace);
  return as_text(writer.written());
}

std::optional<LinkAttribute> LinkAttributes::next() noexcept {
  if (rest_.empty()) return std::nullopt;
  const auto attribute = take_attribute(rest_);
  if (!attribute) {
    rest_ = {};
    return std::nullopt;
  }
  return *attribute;
}

std::optional<LinkAttribute> Link::find(std::string_view name) const noexcept {
  LinkAttributes all = attributes();
  while (const auto attribute = all.next()) {
    if (attribute->name == name) return attribute;
  }
  return std::nullopt;
}

Result<std::optional<Link>> LinkReader::next() noexcept {
  std::string_view text = skip_blanks(rest_);
  if (text.empty()) {
    rest_ = {};
    return std::nullopt;
  }
  if (started_) {
    if (text.front() != ',') return refuse(Errc::kMalformed);
    text = skip_blanks(text.substr(1));
    if (text.empty()) return refuse(Errc::kTruncated);
  }
  if (text.front() != '<') return refuse(Errc::kMalformed);
  const std::size_t close = text.find('>');
  if (close == std::string_view::npos) return refuse(Errc::kTruncated);
  Link link;
  link.target = text.substr(1, close - 1);
  for (const char c : link.target) {
    if (is_control(c) && !is_blank(c)) return refuse(Errc::kMalformed);
  }
  text = skip_blanks(text.substr(close + 1));
  const std::string_view attributes = text;
  std::size_t count = 0;
  while (!text.empty() && text.front() == ';') {
    if (++count > kMaxLinkAttributes) return refuse(Errc::kTooLarge);
    const auto attribute = take_attribute(text);
    if (!attribute) return std::unexpected(attribute.error());
  }
  link.attributes_text = attributes.substr(0, attributes.size() - text.size());
  rest_ = text;
  started_ = true;
  return link;
}

void LinkWriter::separate() noexcept {
  if (started_) out_.u8(',');
  started_ = true;
}

void LinkWriter::link(const Path& path) noexcept {
  separate();
  out_.u8('<');
  out_.text(prefix_);
  if (path.depth() > 0 || prefix_.empty()) path.write(out_);
  out_.u8('>');
}

void LinkWriter::link(std::string_view target) noexcept {
  separate();
  out_.u8('<');
  out_.text(target);
  out_.u8('>');
}

void LinkWriter::begin(const char* name, std::size_t size) noexcept {
  out_.u8(';');
  out_.text({name, size});
}

ByteWriter& LinkWriter::begin_value(const char* name, std::size_t size) noexcept {
  begin(name, size);
  out_.u8('=');
  return out_;
}

void LinkWriter::quote(const char* value, std::size_t size) noexcept {
  out_.text("=\""sv);
  for (const char c : std::string_view(value, size)) {
    if (c == '"' || c == '\\') out_.u8('\\');
    out_.u8(static_cast<std::uint8_t>(c));
  }
  out_.u8('"');
}

}  // namespace linnet::lwm2m
