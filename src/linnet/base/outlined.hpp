// SPDX-License-Identifier: Apache-2.0
// Where an inline function is called so often that a small image is better off with one copy of it.
#pragma once

/// Before a function: never inlined where the compiler optimises for size.
#ifdef __OPTIMIZE_SIZE__
#define LINNET_OUTLINED [[gnu::noinline]]
#else
#define LINNET_OUTLINED
#endif
