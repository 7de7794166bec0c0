// SPDX-License-Identifier: Apache-2.0
// A call back without a heap: refers to a callable that the caller keeps alive.
#pragma once

#include <memory>
#include <type_traits>
#include <utility>

namespace linnet {

template <typename Signature>
class FunctionRef;

/// Refers to anything callable as `R(Args...)`. It owns nothing: use it as a parameter, or keep
/// it only as long as the callable lives. Where a pointer has 4 bytes it is aligned so that it is passed in
/// two registers without having been in memory.
template <typename R, typename... Args>
class alignas(8) FunctionRef<R(Args...)> {
 public:
  template <typename F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, FunctionRef> && std::is_invocable_r_v<R, F&, Args...>)
  FunctionRef(F&& callable) noexcept {  // NOLINT(google-explicit-constructor): a parameter type
    using Callable = std::remove_reference_t<F>;
    if constexpr (std::is_function_v<Callable>) {
      object_ = reinterpret_cast<void*>(&callable);
      call_ = [](void* object, Args... args) -> R {
        return reinterpret_cast<Callable*>(object)(std::forward<Args>(args)...);
      };
    } else {
      object_ = const_cast<void*>(static_cast<const void*>(std::addressof(callable)));
      call_ = [](void* object, Args... args) -> R {
        return (*static_cast<Callable*>(object))(std::forward<Args>(args)...);
      };
    }
  }

  R operator()(Args... args) const { return call_(object_, std::forward<Args>(args)...); }

 private:
  // Two words and no union: a compiler keeps them in registers.
  void* object_;
  R (*call_)(void*, Args...);
};

}  // namespace linnet
