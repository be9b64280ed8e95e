// Package filter evaluates the structured filters of Jaeger's APIs: the
// expressions of jaeger.expression.v1 that a search carries in its filter.
//
// Jaeger defines what a filter means (its RFC 0005 and the comments in
// expression.proto); stores may refuse what they cannot evaluate. Nothing is
// refused here that is a filter. Where the definition leaves something to the
// store, this package decides:
//
//   - A filter is a condition on one span, as it is stored. A trace is found by
//     one span that satisfies it whole.
//   - An attribute without a level is that of the span or of the resource; both
//     values count. Under event and link the values of all events and links
//     count, inside of some those of the one at hand.
//   - Of several values one that satisfies the condition is enough, and ne and
//     not_in hold when there is a value and none is equal. What has no value
//     satisfies nothing; only not turns that around.
//   - A constant without a type equals an attribute that has its text, and a
//     number that has its value: "1.50" equals 1.5. In order it compares as a
//     number, if it is one, with numbers and with text that is a number, which
//     is how proxies send them; else as text with text, by bytes.
//   - A constant with a type compares with values of this type only, for ne and
//     not_in, too: other values are as if they were not there.
//   - Two attributes compare if both are numbers, both text, or, for equality,
//     of one type.
//   - regex is of RE2, with the anchors, word boundaries, lazy quantifiers and
//     flags that Jaeger's own query service refuses because other stores do not
//     have them. It looks at the text of an attribute, whatever its type.
//   - A word of phrase and fulltext is a run of letters, digits and combining
//     marks; everything between is left out of account, and so is case.
//   - Ids are compared as lower-case hexadecimal digits. For eq, ne, in and
//     not_in one that is too short is padded with zeros on the left.
//   - parentSpanID, traceState, statusMessage, and the name, version and schema
//     URLs of scope and resource have no value when they are empty.
//   - resource.service is the name that the APIs show, NoServiceName where the
//     resource has none; exists asks for the attribute itself.
//   - Two constants may be compared, as well as a call of and or or with one
//     argument only.
//
// A filter is bounded: MaxNesting calls deep, MaxTerms expressions and list
// elements in all.
package filter
