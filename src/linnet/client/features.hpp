// SPDX-License-Identifier: Apache-2.0
// What an image can do without. The build says so for the whole of it (-DLINNET_CLIENT_BOOTSTRAP=0).
#pragma once

#include "linnet/coap/features.hpp"

#ifndef LINNET_CLIENT_EVENTS
#define LINNET_CLIENT_EVENTS 1
#endif
#ifndef LINNET_CLIENT_COMPOSITE
#define LINNET_CLIENT_COMPOSITE 1
#endif
#ifndef LINNET_CLIENT_SEND
#define LINNET_CLIENT_SEND 1
#endif
#ifndef LINNET_CLIENT_BOOTSTRAP
#define LINNET_CLIENT_BOOTSTRAP 1
#endif
#ifndef LINNET_CLIENT_ACCESS_CONTROL
#define LINNET_CLIENT_ACCESS_CONTROL 1
#endif
#ifndef LINNET_CLIENT_PERSISTENCE
#define LINNET_CLIENT_PERSISTENCE 1
#endif
#ifndef LINNET_CLIENT_SEQUENCE
#define LINNET_CLIENT_SEQUENCE 1
#endif
#ifndef LINNET_CLIENT_QUEUE_MODE
#define LINNET_CLIENT_QUEUE_MODE 1
#endif
#ifndef LINNET_CLIENT_ROLLBACK
#define LINNET_CLIENT_ROLLBACK 1
#endif
#ifndef LINNET_CLIENT_SNAPSHOTS
#define LINNET_CLIENT_SNAPSHOTS 1
#endif
#ifndef LINNET_CLIENT_EVALUATION_PERIODS
#define LINNET_CLIENT_EVALUATION_PERIODS 1
#endif
#ifndef LINNET_CLIENT_MANY_OBSERVATIONS
#define LINNET_CLIENT_MANY_OBSERVATIONS 1
#endif
#ifndef LINNET_CLIENT_OSCORE
#define LINNET_CLIENT_OSCORE 1
#endif
#ifndef LINNET_CLIENT_QUESTIONS
#define LINNET_CLIENT_QUESTIONS 1
#endif

namespace linnet::client {

/// Events for a Listener. Without it nobody is told; the engine can be asked (`state`, `registered`), and
/// objects see what is done to them.
inline constexpr bool kEvents = LINNET_CLIENT_EVENTS != 0;

/// Security contexts by object 21 (TS 5.5). An image without it, or without coap::kProtection, must not be
/// given accounts that link to object 21: it does not look.
inline constexpr bool kOscore = coap::kProtection && LINNET_CLIENT_OSCORE != 0;

/// Requests of the application's own to servers (client/question.hpp).
inline constexpr bool kQuestions = LINNET_CLIENT_QUESTIONS != 0;

/// Read-Composite, Write-Composite and Observe-Composite (TS 6.4.4, 6.4.5). Without them FETCH and
/// iPATCH are answered 4.05.
inline constexpr bool kComposite = LINNET_CLIENT_COMPOSITE != 0;

/// Send to /dp (TS 6.4.5).
inline constexpr bool kSend = LINNET_CLIENT_SEND != 0;

/// The bootstrap interface (TS 6.4.2). Without it accounts are what the application put there.
inline constexpr bool kBootstrap = LINNET_CLIENT_BOOTSTRAP != 0;

/// Rights by object 2 (TS 5.2.5, digest §7). Without it every server may do everything.
inline constexpr bool kAccessControl = LINNET_CLIENT_ACCESS_CONTROL != 0;

/// State that outlives a power cut.
inline constexpr bool kPersistence = LINNET_CLIENT_PERSISTENCE != 0;

/// The order, delays and retry resources of several servers (resources 13 to 20 of object 1, digest
/// §4). Without it each server that is connected is registered with on its own, with the default retries.
inline constexpr bool kSequence = LINNET_CLIENT_SEQUENCE != 0;

/// The awake window of queue mode (TS 6.5). Without it Q can be registered, but when to sleep is for the
/// application to find out.
inline constexpr bool kQueueMode = LINNET_CLIENT_QUEUE_MODE != 0;

/// Undoing a Write whose handler fails half way. Without it what was written before stays.
inline constexpr bool kRollback = LINNET_CLIENT_ROLLBACK != 0;

/// Keeping the values of an object one by one, for a medium and for undoing. Without it only an object
/// that lies in memory as it is (Object::memory), as most of typed_object.hpp do, takes several values in
/// one Write and is changed by a bootstrap server; for any other one that is 5.00.
inline constexpr bool kSnapshots = kPersistence || LINNET_CLIENT_SNAPSHOTS != 0;

/// The attributes epmin and epmax. Without it they are kept and shown, and a value is looked at when it
/// changes.
inline constexpr bool kEvaluationPeriods = LINNET_CLIENT_EVALUATION_PERIODS != 0;

/// Observations in the order of their paths, so that a change costs nothing for those that it does not
/// concern. Without it each change looks at all of them, which is less for a handful.
inline constexpr bool kManyObservations = LINNET_CLIENT_MANY_OBSERVATIONS != 0;

}  // namespace linnet::client
